// A circuit breaker for each app of a link (M. Nygard, Release It!, 2007): while an app does not
// answer nothing is asked of it but, at growing distances, whether it answers again. Whether it
// does is in the views, so it outlives the engine.
#pragma once

#include "engine/flow/link_context.h"

namespace dualwrite::engine {

// Puts into the log that an attempt against the app has failed; and, where the app does not answer
// the breaker's question either, that it is away.
[[nodiscard]] async<void> tell_failed(link_context& context, AttemptFailed failed, error why);

// The same, and returns when it may be time for the next attempt: of an app that is away at once,
// else by the number of failures in a row.
[[nodiscard]] async<void> rest_after(link_context& context,
                                     AttemptFailed failed,
                                     error why,
                                     std::uint32_t failures);

// Returns when the app is not known to be away. `wake` is a listener of the log.
[[nodiscard]] async<void> wait_while_away(link_context& context, side of, bell& wake);

// Asks an app that is away whether it answers again.
// Lifetime: outlives the coroutine that runs it.
// Threads: the engine strand.
class app_breaker {
 public:
  app_breaker(link_context& context, side of);
  ~app_breaker();
  // A child of the engine's nursery.
  [[nodiscard]] async<void> run();

 private:
  [[nodiscard]] async<void> probe();

  link_context& context_;
  side side_;
  bell wake_;
  std::uint32_t silent_ = 0;  // probes that failed, in a row
};

}  // namespace dualwrite::engine
