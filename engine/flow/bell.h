// Wakes one waiting coroutine. A ring is kept until it is heard, and many rings are heard as one:
// the waiter looks at the state, not at the ring.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "engine/ports/async.h"
#include "engine/ports/clock.h"

namespace dualwrite::engine {

// Errors: wait() ends with `stopped` when the waiter is cancelled.
// Lifetime: not moved; outlives its waiter.
// Threads: the engine strand.
class bell {
 public:
  explicit bell(boost::asio::any_io_executor executor);
  ~bell();
  void ring();
  [[nodiscard]] async<void> wait();
  // Ends at `when` too, if nobody has rung until then.
  [[nodiscard]] async<void> wait_until(clock& time, instant when);

 private:
  struct channel;
  std::unique_ptr<channel> channel_;
};

}  // namespace dualwrite::engine
