// The parent of coroutines: starts them, cancels them together, waits until the last has ended, and
// keeps the first error that must end the engine.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <list>
#include <memory>

#include "engine/ports/async.h"

namespace boost::asio {
class cancellation_signal;
}

namespace dualwrite::engine {

// Guarantees: no coroutine outlives it: join() before it is destroyed, or abandon() where the
// executor itself is thrown away with all that waits in it (a crash in the simulator).
// Errors: a child that ends with an error other than `stopped` cancels its siblings; failure()
// tells it.
// Threads: the engine strand.
class nursery {
 public:
  explicit nursery(boost::asio::any_io_executor executor);
  ~nursery();
  nursery(nursery const&) = delete;
  nursery& operator=(nursery const&) = delete;

  // Starts a child. `child` is called once and must outlive nothing but itself: capture by value or
  // what the parent owns.
  void start(std::function<async<void>()> child);
  void cancel();
  [[nodiscard]] async<void> join();
  void abandon() { abandoned_ = true; }

  bool stopping() const { return stopping_; }
  error const& failure() const { return failure_; }

 private:
  struct state;
  void ended(std::shared_ptr<boost::asio::cancellation_signal> const& signal,
             result<void> const& how);

  boost::asio::any_io_executor executor_;
  std::list<std::shared_ptr<boost::asio::cancellation_signal>> children_;
  std::unique_ptr<state> state_;
  error failure_;
  bool stopping_ = false;
  bool abandoned_ = false;
};

}  // namespace dualwrite::engine
