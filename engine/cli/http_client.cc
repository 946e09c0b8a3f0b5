#include "engine/cli/http_client.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "engine/cli/exit_code.h"

namespace dualwrite::engine {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

std::string new_command_id() {
  unsigned char bytes[16] = {};
  RAND_bytes(bytes, sizeof bytes);
  std::string id;
  for (auto const byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

// Its steps run one after the other, each as long as is left of the patience.
struct connection {
  explicit connection(duration patience) : stream(io) { stream.expires_after(patience); }

  template <class Begin>
  boost::system::error_code step(Begin begin) {
    boost::system::error_code outcome;
    begin([&](boost::system::error_code failed, auto const&...) { outcome = failed; });
    io.restart();
    io.run();
    return outcome;
  }

  asio::io_context io{1};
  beast::tcp_stream stream;
};

error unreachable(server_address const& address, boost::system::error_code const& why) {
  if (why == beast::error::timeout)
    return error{error_code::timed_out, "The server did not answer."};
  return error{error_code::server_unreachable,
               fmt::format("{}:{}: {}. Is 'dualwrite serve' running there?",
                           address.host,
                           address.port,
                           why.message())};
}

result<void> connect(connection& link, server_address const& address) {
  boost::system::error_code failed;
  asio::ip::tcp::resolver resolver(link.io);
  auto const found = resolver.resolve(address.host, address.port, failed);
  if (!failed)
    failed = link.step([&](auto done) { link.stream.async_connect(found, std::move(done)); });
  if (failed) return unreachable(address, failed);
  return {};
}

error problem_in(unsigned status, boost::json::value const& body) {
  if (auto const* problem = body.if_object()) {
    auto const text = [&](std::string_view name) {
      auto const* said = problem->if_contains(name);
      return said != nullptr && said->is_string() ? std::string(said->as_string()) : std::string();
    };
    auto const code = error_code_named(text("code"));
    if (code != error_code::ok) return error{code, text("detail")};
  }
  return error{error_code::request_invalid, fmt::format("The server answered {}.", status)};
}

}  // namespace

result<server_address> server_address::parse(std::string_view url) {
  server_address address;
  auto rest = url;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  auto const bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
  auto const colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  address.host = rest.substr(0, colon);
  if (bracket != std::string_view::npos) address.host = rest.substr(1, bracket - 1);
  if (colon != std::string_view::npos) address.port = rest.substr(colon + 1);
  bool const digits = address.port.find_first_not_of("0123456789") == std::string::npos;
  if (address.host.empty() || address.port.empty() || !digits) {
    return error{error_code::request_invalid,
                 fmt::format("'{}' is no address like http://127.0.0.1:8470.", url)};
  }
  return address;
}

http_client::http_client(server_address address, duration patience)
    : address_(std::move(address)), patience_(patience) {}

result<boost::json::value> http_client::get(std::string const& target) {
  return ask("GET", target, {});
}

result<boost::json::value> http_client::post(std::string const& target,
                                             boost::json::value const& body) {
  return ask("POST", target, boost::json::serialize(body));
}

result<boost::json::value> http_client::post_text(std::string const& target, std::string text) {
  return ask("POST", target, std::move(text));
}

result<boost::json::value> http_client::remove(std::string const& target) {
  return ask("DELETE", target, {});
}

result<boost::json::value> http_client::ask(std::string const& method,
                                            std::string const& target,
                                            std::string body) {
  connection link(patience_);
  DW_CHECK(connect(link, address_));
  http::request<http::string_body> request;
  request.method_string(method);
  request.target(target);
  request.version(11);
  request.set(http::field::host, fmt::format("{}:{}", address_.host, address_.port));
  request.set(http::field::authorization, "Bearer " + address_.token);
  if (method != "GET") request.set("Idempotency-Key", new_command_id());
  request.keep_alive(false);
  request.body() = std::move(body);
  request.prepare_payload();
  auto failed =
      link.step([&](auto done) { http::async_write(link.stream, request, std::move(done)); });
  if (failed) return unreachable(address_, failed);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> reading;
  reading.body_limit(std::uint64_t{256} << 20);
  failed = link.step(
      [&](auto done) { http::async_read(link.stream, buffer, reading, std::move(done)); });
  if (failed) return unreachable(address_, failed);
  auto const status = reading.get().result_int();
  boost::system::error_code unreadable;
  auto parsed = boost::json::parse(reading.get().body(), unreadable);
  if (status >= 400) return problem_in(status, parsed);
  if (unreadable) return error{error_code::request_invalid, "The server's answer is not JSON."};
  return parsed;
}

result<void> http_client::stream(std::string const& target,
                                 std::function<bool(std::string_view data)> const& take) {
  connection link(patience_);
  DW_CHECK(connect(link, address_));
  auto const request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}:{}\r\nAuthorization: Bearer {}\r\nAccept: "
      "text/event-stream\r\n\r\n",
      target,
      address_.host,
      address_.port,
      address_.token);
  auto failed = link.step(
      [&](auto done) { asio::async_write(link.stream, asio::buffer(request), std::move(done)); });
  std::string text;
  auto const until = [&](std::string_view mark) {
    std::size_t size = 0;
    auto buffer = asio::dynamic_buffer(text);
    failed = link.step([&](auto done) {
      asio::async_read_until(link.stream,
                             buffer,
                             mark,
                             [done, &size](boost::system::error_code why, std::size_t read) {
                               size = read;
                               done(why);
                             });
    });
    std::string part = failed ? std::string() : text.substr(0, size);
    text.erase(0, part.size());
    return part;
  };
  auto const head = failed ? std::string() : until("\r\n\r\n");
  if (failed) return unreachable(address_, failed);
  if (!head.starts_with("HTTP/1.1 200")) {
    return error{head.starts_with("HTTP/1.1 401") ? error_code::not_authorized
                                                  : error_code::request_invalid};
  }
  link.stream.expires_never();
  while (true) {
    auto const part = until("\n\n");
    if (failed) return {};
    auto const data = part.find("data: ");
    if (data == std::string::npos) continue;
    if (!take(std::string_view(part).substr(data + 6, part.size() - data - 8))) return {};
  }
}

}  // namespace dualwrite::engine
