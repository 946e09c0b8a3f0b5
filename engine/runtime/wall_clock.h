// The time of the machine.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>

#include "engine/ports/clock.h"

namespace dualwrite::engine {

// Guarantees: now() is the wall time at construction, advanced by the monotonic clock: it neither
// goes back nor jumps.
// Threads: now() from any, the rest on the engine strand.
class wall_clock final : public clock {
 public:
  explicit wall_clock(boost::asio::any_io_executor executor);
  [[nodiscard]] instant now() const override;
  [[nodiscard]] async<void> sleep_until(instant when) override;

 private:
  boost::asio::any_io_executor executor_;
  std::chrono::steady_clock::time_point started_;
  instant wall_at_start_;
};

}  // namespace dualwrite::engine
