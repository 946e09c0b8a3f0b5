// One connection of a client.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "engine/api/http_server.h"
#include "engine/api/route_table.h"

namespace dualwrite::engine {

// Lifetime: held by its own coroutine; the server outlives it.
// Threads: the engine strand.
class http_session {
 public:
  http_session(http_server& server, boost::asio::ip::tcp::socket socket);
  ~http_session();

  // Ends when the client goes, is silent too long, or the server stops; never with an error.
  [[nodiscard]] async<void> run();

 private:
  using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using message = boost::beast::http::request<boost::beast::http::string_body>;

  // False where the connection is to be closed.
  [[nodiscard]] boost::asio::awaitable<bool> serve_one();
  [[nodiscard]] boost::asio::awaitable<void> part();
  [[nodiscard]] boost::asio::awaitable<bool> send(api_reply reply, bool keep, bool without_body);
  [[nodiscard]] boost::asio::awaitable<bool> write_text(std::string text);
  [[nodiscard]] boost::asio::awaitable<api_reply> reply_to(api_request request,
                                                           route const& chosen);
  [[nodiscard]] boost::asio::awaitable<void> stream_events(api_request request);
  [[nodiscard]] result<route const*> admit(message const& sent, api_request& request) const;

  http_server& server_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace dualwrite::engine
