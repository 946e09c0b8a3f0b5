#include "engine/runtime/wall_clock.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace dualwrite::engine {
namespace {

template <class Clock>
duration reading() {
  return std::chrono::duration_cast<duration>(Clock::now().time_since_epoch());
}
duration monotonic() {
  return reading<std::chrono::steady_clock>();
}
instant wall() {
  return {reading<std::chrono::system_clock>().count()};
}

}  // namespace

wall_clock::wall_clock(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)), time_(monotonic(), wall(), {}) {}

void wall_clock::begin_at(instant floor) {
  std::scoped_lock const lock(guard_);
  time_ = slewed_time(monotonic(), wall(), floor);
}

instant wall_clock::now() const {
  std::scoped_lock const lock(guard_);
  return time_.at(monotonic());
}

async<void> wall_clock::sleep_until(instant when) {
  auto const left = [&] {
    std::scoped_lock const lock(guard_);
    return time_.until(monotonic(), when);
  };
  // The pace may have changed meanwhile, and a timer counts nanoseconds: it cannot wait for long.
  constexpr duration wait_max = std::chrono::hours(24);
  for (auto wait = left(); wait > duration{}; wait = left()) {
    boost::asio::steady_timer timer(executor_, std::min(wait, wait_max));
    boost::system::error_code cancelled;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, cancelled);
    co_await timer.async_wait(token);
    if (cancelled) break;
  }
  co_return result<void>{};
}

std::optional<instant> wall_clock::follow() {
  std::scoped_lock const lock(guard_);
  auto const shown = wall();
  if (time_.follow(monotonic(), shown)) return shown;
  return std::nullopt;
}

}  // namespace dualwrite::engine
