// Wakes one waiting coroutine. A ring is kept until it is heard, and many rings are heard as one:
// the waiter looks at the state, not at the ring.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "engine/ports/async.h"

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

 private:
  struct channel;
  std::unique_ptr<channel> channel_;
};

}  // namespace dualwrite::engine
