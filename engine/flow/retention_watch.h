// Announces and purges what was parked for so long as its map keeps errors. That is a matter of
// time alone, so somebody has to look at the clock and say it in the log.
#pragma once

#include "engine/decide/retention_decider.h"
#include "engine/flow/definition_memo.h"
#include "engine/flow/sequencer.h"

namespace dualwrite::engine {

// Guarantees: nothing is purged that was not announced before.
// Errors: run() ends with an error only where the engine must stop.
// Threads: the engine strand.
class retention_watch {
 public:
  retention_watch(boost::asio::any_io_executor executor, sequencer& log, clock& time);
  ~retention_watch();
  [[nodiscard]] async<void> run();

 private:
  sequencer& log_;
  clock& time_;
  bell wake_;
  definition_memo<duration> kept_;
};

}  // namespace dualwrite::engine
