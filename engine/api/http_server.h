// HTTP/1.1 in front of the routes.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "engine/api/api_context.h"
#include "engine/flow/nursery.h"

namespace dualwrite::engine {

struct http_limits {
  std::uint32_t header_bytes_max = 16 * 1024;
  std::uint64_t body_bytes_max = 1024 * 1024;
  std::size_t connections_max = 256;
  duration idle_max = std::chrono::seconds(60);
  duration write_max = std::chrono::seconds(30);
  duration parting_max = std::chrono::seconds(2);
  duration heartbeat = std::chrono::seconds(15);
};

// Guarantees: a request that is too large, too slow or one too many is refused without harm to the
// others; what a request is answered is durable, where it says that something was done.
// Errors: `address_in_use`.
// Lifetime: cancel() and join() before it is destroyed. The context outlives it.
// Threads: the engine strand.
class http_server {
 public:
  http_server(boost::asio::any_io_executor executor,
              api_context& context,
              std::string token,
              http_limits limits);
  ~http_server();

  // Gives the port, where the address left it open.
  [[nodiscard]] result<std::uint16_t> listen(listen_address const& address);
  void start();
  void cancel();
  [[nodiscard]] async<void> join();

 private:
  struct socket_parts;
  friend class http_session;

  [[nodiscard]] async<void> accept();

  boost::asio::any_io_executor executor_;
  api_context& context_;
  std::string token_;
  http_limits limits_;
  listen_address address_;
  std::size_t connections_ = 0;
  std::unique_ptr<socket_parts> parts_;
  nursery children_;
};

}  // namespace dualwrite::engine
