// Fires alert rules on states, and notices when what a rule fired for is over. Both are a matter of
// time as well as of events, so somebody has to look at the clock and say it in the log.
#pragma once

#include "engine/flow/sequencer.h"

namespace dualwrite::engine {

// Guarantees: one AlertFired for each time that a rule's state comes about, and one AlertResolved
// for each incident.
// Errors: run() ends with an error only where the engine must stop.
// Threads: the engine strand.
class alert_watch {
 public:
  alert_watch(boost::asio::any_io_executor executor, sequencer& log, clock& time);
  ~alert_watch();
  [[nodiscard]] async<void> run();

 private:
  [[nodiscard]] async<void> decide_due();

  sequencer& log_;
  clock& time_;
  bell wake_;
};

}  // namespace dualwrite::engine
