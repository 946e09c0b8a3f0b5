#include "engine/connectors/postgresql/readable.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace dualwrite::engine::postgresql {

shared_socket::shared_socket(int of) : own_(fcntl(of, F_DUPFD_CLOEXEC, 0)) {}

shared_socket::~shared_socket() {
  if (own_ >= 0) ::close(own_);
}

async<void> readable(boost::asio::any_io_executor on,
                     shared_socket socket,
                     std::chrono::steady_clock::time_point until) {
  // The one that comes first ends the other, which may be told of it after the wait is over.
  struct waits {
    waits(boost::asio::any_io_executor const& on, int socket) : from(on, socket), limit(on) {}
    boost::asio::posix::stream_descriptor from;
    boost::asio::steady_timer limit;
    bool has_come = false;
  };
  auto const own = socket.release();
  if (own < 0) co_return error{error_code::app_unreachable, "there is no connection"};
  auto const both = std::make_shared<waits>(on, own);
  both->limit.expires_at(until);
  both->from.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [both](boost::system::error_code) {
                          both->has_come = true;
                          both->limit.cancel();
                        });
  boost::system::error_code cancelled;
  auto token = boost::asio::redirect_error(boost::asio::use_awaitable, cancelled);
  co_await both->limit.async_wait(token);
  both->from.close();
  if (cancelled && !both->has_come) co_return error{error_code::stopped};
  co_return result<void>{};
}

}  // namespace dualwrite::engine::postgresql
