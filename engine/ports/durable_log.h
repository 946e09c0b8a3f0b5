// The log as the engine's strand sees it: the append is awaited, reading is direct.
#pragma once

#include <memory>
#include <vector>

#include "engine/ports/async.h"
#include "events/store/event_log.h"

namespace dualwrite::engine {

// Shared: whoever awaits may be gone before the log is done with them.
using shared_events = std::shared_ptr<std::vector<encoded_event> const>;

// Errors and guarantees of append(): those of event_log::append(). The next may be begun before the
// one before has ended; they end in the order in which they were begun, and after one that failed
// all fail.
// Lifetime: outlives the engine.
// Threads: called on the engine strand; an implementation may hop to the commit thread inside.
class durable_log {
 public:
  virtual ~durable_log() = default;
  [[nodiscard]] virtual async<log_head> append(shared_events events,
                                               instant recorded_at,
                                               sequence expected) = 0;
  [[nodiscard]] virtual event_log const& log() const = 0;
};

}  // namespace dualwrite::engine
