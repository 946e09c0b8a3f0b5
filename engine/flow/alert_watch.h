// Notices when what an alert rule fired for is over. That is a matter of time as well as of events,
// so somebody has to look at the clock and say it in the log.
#pragma once

#include "engine/flow/sequencer.h"

namespace dualwrite::engine {

// Guarantees: one AlertResolved for each time that a rule was open.
// Errors: run() ends with an error only where the engine must stop.
// Threads: the engine strand.
class alert_watch {
 public:
  alert_watch(boost::asio::any_io_executor executor, sequencer& log, clock& time);
  ~alert_watch();
  [[nodiscard]] async<void> run();

 private:
  [[nodiscard]] async<void> resolve();

  sequencer& log_;
  clock& time_;
  bell wake_;
};

}  // namespace dualwrite::engine
