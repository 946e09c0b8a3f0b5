// Says in the log how near the maps' queues are to their limits, and detaches maps that are to be.
// Age is a matter of time as well as of events, so somebody has to look at the clock.
#pragma once

#include "engine/decide/queue_decider.h"
#include "engine/flow/definition_memo.h"
#include "engine/flow/sequencer.h"

namespace dualwrite::engine {

// Guarantees: one QueueLevelChanged for each level that a queue comes to or leaves.
// Errors: run() ends with an error only where the engine must stop.
// Threads: the engine strand.
class queue_watch {
 public:
  queue_watch(boost::asio::any_io_executor executor, sequencer& log, clock& time);
  ~queue_watch();
  [[nodiscard]] async<void> run();

 private:
  [[nodiscard]] async<void> decide_due();

  sequencer& log_;
  clock& time_;
  bell wake_;
  definition_memo<queue_limits> limits_;
};

}  // namespace dualwrite::engine
