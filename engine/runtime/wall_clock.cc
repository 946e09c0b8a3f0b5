#include "engine/runtime/wall_clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace dualwrite::engine {
namespace {

duration in_microseconds(auto span) {
  return std::chrono::duration_cast<duration>(span);
}

}  // namespace

wall_clock::wall_clock(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)),
      started_(std::chrono::steady_clock::now()),
      wall_at_start_{in_microseconds(std::chrono::system_clock::now().time_since_epoch()).count()} {
}

instant wall_clock::now() const {
  return wall_at_start_ + in_microseconds(std::chrono::steady_clock::now() - started_);
}

async<void> wall_clock::sleep_until(instant when) {
  // One microsecond more than the truncated times could be short of.
  auto const at = started_ + (when - wall_at_start_) + std::chrono::microseconds(1);
  boost::asio::steady_timer timer(executor_, at);
  boost::system::error_code cancelled;
  auto token = boost::asio::redirect_error(boost::asio::use_awaitable, cancelled);
  co_await timer.async_wait(token);
  co_return result<void>{};
}

}  // namespace dualwrite::engine
