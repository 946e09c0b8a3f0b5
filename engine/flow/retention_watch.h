// Announces and purges what was parked for so long as its map keeps errors. That is a matter of
// time alone, so somebody has to look at the clock and say it in the log.
#pragma once

#include "engine/decide/retention_decider.h"
#include "engine/flow/definition_memo.h"
#include "engine/flow/sequencer.h"
#include "engine/ports/error_archive.h"

namespace dualwrite::engine {

// Guarantees: nothing is purged that was not announced before, nor, where its map wants that,
// before it was written to a file.
// Errors: run() ends with an error only where the engine must stop.
// Threads: the engine strand.
class retention_watch {
 public:
  // Without an archive maps that want one keep their errors.
  retention_watch(boost::asio::any_io_executor executor,
                  sequencer& log,
                  clock& time,
                  error_archive* archive);
  ~retention_watch();
  [[nodiscard]] async<void> run();

 private:
  [[nodiscard]] async<void> decide_due();
  // What has to be written, of all maps that want it.
  [[nodiscard]] async<written_by_map> write();
  [[nodiscard]] async<void> tell_failed(map_id map, std::string const& folder, error why);

  sequencer& log_;
  clock& time_;
  error_archive* archive_;
  bell wake_;
  definition_memo<duration> kept_;
  definition_memo<std::string> folders_;
  std::map<map_id, instant> resting_;  // after a failure
};

}  // namespace dualwrite::engine
