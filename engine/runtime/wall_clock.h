// The time of the machine.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <mutex>
#include <optional>

#include "engine/ports/clock.h"
#include "engine/runtime/slewed_time.h"

namespace dualwrite::engine {

// Guarantees: now() neither goes back nor jumps, whatever is done to the machine's clock.
// Threads: now() from any, the rest on the engine strand.
class wall_clock final : public clock {
 public:
  explicit wall_clock(boost::asio::any_io_executor executor);
  // From now on it is at least `floor`: the time of what is in the log already.
  void begin_at(instant floor);

  [[nodiscard]] instant now() const override;
  [[nodiscard]] async<void> sleep_until(instant when) override;

  // Comes nearer to the machine's clock; to be called every few seconds. Gives what that shows
  // where it was set by more than a minute since the last time.
  [[nodiscard]] std::optional<instant> follow();

 private:
  boost::asio::any_io_executor executor_;
  mutable std::mutex guard_;
  slewed_time time_;
};

}  // namespace dualwrite::engine
