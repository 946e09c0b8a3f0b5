#include "engine/api/http_server.h"

#include <fmt/format.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "engine/api/http_session.h"

namespace dualwrite::engine {

namespace asio = boost::asio;
using asio::ip::tcp;

struct http_server::socket_parts {
  explicit socket_parts(asio::any_io_executor executor) : acceptor(std::move(executor)) {}
  tcp::acceptor acceptor;
};

http_server::http_server(asio::any_io_executor executor,
                         api_context& context,
                         std::string token,
                         http_limits limits)
    : executor_(executor),
      context_(context),
      token_(std::move(token)),
      limits_(limits),
      parts_(std::make_unique<socket_parts>(executor)),
      children_(executor) {}

http_server::~http_server() = default;

result<std::uint16_t> http_server::listen(listen_address const& address) {
  address_ = address;
  auto const refused = [&](boost::system::error_code const& why) {
    return error{error_code::address_in_use,
                 fmt::format("{}:{}: {}", address.host, address.port, why.message())};
  };
  boost::system::error_code failed;
  tcp::resolver resolver(executor_);
  auto const found = resolver.resolve(address.host, std::to_string(address.port), failed);
  if (failed || found.empty()) return refused(failed);
  auto const endpoint = found.begin()->endpoint();
  auto& acceptor = parts_->acceptor;
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return refused(failed);
  return acceptor.local_endpoint().port();
}

void http_server::start() {
  children_.start([this] { return accept(); });
}

void http_server::cancel() {
  children_.cancel();
}

async<void> http_server::join() {
  co_return co_await children_.join();
}

async<void> http_server::accept() {
  while (true) {
    boost::system::error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    auto socket = co_await parts_->acceptor.async_accept(token);
    if (failed == asio::error::operation_aborted) co_return error{error_code::stopped};
    // Out of descriptors, or a client that has gone already: the others are served on.
    if (failed) {
      auto const soon = context_.time.now() + std::chrono::milliseconds(50);
      DW_CO_CHECK(co_await context_.time.sleep_until(soon));
      continue;
    }
    if (connections_ >= limits_.connections_max) continue;
    auto session = std::make_shared<http_session>(*this, std::move(socket));
    children_.start([session]() -> async<void> { return session->run(); });
  }
}

}  // namespace dualwrite::engine
