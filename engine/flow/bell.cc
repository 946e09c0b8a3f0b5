#include "engine/flow/bell.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace dualwrite::engine {

struct bell::channel {
  explicit channel(boost::asio::any_io_executor executor) : rings(std::move(executor), 1) {}
  boost::asio::experimental::channel<void(boost::system::error_code)> rings;
};

bell::bell(boost::asio::any_io_executor executor)
    : channel_(std::make_unique<channel>(std::move(executor))) {}
bell::~bell() = default;

void bell::ring() {
  channel_->rings.try_send(boost::system::error_code{});
}

async<void> bell::wait() {
  boost::system::error_code failed;
  auto token = boost::asio::redirect_error(boost::asio::use_awaitable, failed);
  co_await channel_->rings.async_receive(token);
  if (failed) co_return error{error_code::stopped};
  co_return result<void>{};
}

async<void> bell::wait_until(clock& time, instant when) {
  using boost::asio::experimental::awaitable_operators::operator||;
  auto rung = wait();
  auto slept = time.sleep_until(when);
  auto const first = co_await (std::move(rung) || std::move(slept));
  co_return std::visit([](result<void> const& how) { return how; }, first);
}

}  // namespace dualwrite::engine
