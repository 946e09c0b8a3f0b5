// Decides, or puts before somebody, records of both sides that are refused because of each other.
#pragma once

#include "engine/flow/sequencer.h"

namespace dualwrite::engine {

// Guarantees: one decision for each clash, whatever happens in between: what is decided follows
// from the log alone.
// Errors: run() ends with an error only where the engine must stop.
// Threads: the engine strand.
class clash_watch {
 public:
  clash_watch(boost::asio::any_io_executor executor, sequencer& log);
  ~clash_watch();
  [[nodiscard]] async<void> run();

 private:
  sequencer& log_;
  bell wake_;
};

}  // namespace dualwrite::engine
