#include "engine/api/http_session.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/serialize.hpp>
#include <utility>
#include <vector>

#include "engine/api/access.h"
#include "engine/api/event_json.h"

namespace dualwrite::engine {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

// What there is, at most about 64 KiB of it.
std::string next_events(event_cursor& cursor) {
  std::string text;
  while (text.size() < (64u << 10)) {
    auto const stored = cursor.next();
    if (!stored || !*stored) break;
    auto const event = decode(**stored);
    if (!event) break;
    auto const json = boost::json::serialize(event_json(*event));
    text += fmt::format("id: {}\nevent: event\ndata: {}\n\n", event->last().value, json);
  }
  return text;
}

}  // namespace

http_session::http_session(http_server& server, asio::ip::tcp::socket socket)
    : server_(server), stream_(std::move(socket)) {
  ++server_.connections_;
}

http_session::~http_session() {
  --server_.connections_;
}

async<void> http_session::run() {
  while (true) {
    bool const on = co_await serve_one();
    if (!on) break;
  }
  co_await part();
  co_return result<void>{};
}

// What the client still sends is read away for a moment: a connection that is closed over unread
// bytes is reset, and the client would lose the reply that tells it why.
asio::awaitable<void> http_session::part() {
  boost::system::error_code failed;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, failed);
  stream_.expires_after(server_.limits_.parting_max);
  std::vector<char> away(64 << 10);
  auto const room = asio::buffer(away);
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  while (!failed) co_await stream_.async_read_some(room, token);
}

asio::awaitable<bool> http_session::serve_one() {
  parser reading;
  reading.header_limit(server_.limits_.header_bytes_max);
  reading.body_limit(server_.limits_.body_bytes_max);
  stream_.expires_after(server_.limits_.idle_max);
  boost::system::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  co_await http::async_read(stream_, buffer_, reading, token);
  if (failed) {
    bool const too_large = failed == http::error::body_limit || failed == http::error::header_limit;
    if (!too_large) co_return false;
    error const why{error_code::request_invalid, "The request is too large."};
    auto reply = problem_reply(why);
    reply.status = failed == http::error::body_limit ? 413 : 431;
    co_return co_await send(std::move(reply), false, false);
  }
  stream_.expires_never();
  auto const& sent = reading.get();
  bool const keep = sent.keep_alive();
  bool const head = sent.method() == http::verb::head;
  api_request request;
  auto const chosen = admit(sent, request);
  if (!chosen) {
    auto refusal = problem_reply(chosen.error());
    co_return co_await send(std::move(refusal), keep, head);
  }
  if ((*chosen)->reply == nullptr) {
    co_await stream_events(std::move(request));
    co_return false;
  }
  auto reply = co_await reply_to(std::move(request), **chosen);
  co_return co_await send(std::move(reply), keep, head);
}

// Whether the request may be answered, and by which route.
result<route const*> http_session::admit(message const& sent, api_request& request) const {
  std::string const host(sent[http::field::host]);
  if (!answers_for(host, server_.address_)) return error{error_code::host_refused, host};
  request.method = std::string(sent.method_string());
  if (request.method == "HEAD") request.method = "GET";
  request.body = sent.body();
  request.command_id = std::string(sent["Idempotency-Key"]);
  request.last_event_id = std::string(sent["Last-Event-ID"]);
  if (request.command_id.size() > 200) {
    return error{error_code::request_invalid, "'Idempotency-Key' has at most 200 characters."};
  }
  DW_CHECK(take_target(std::string(sent.target()), request));
  DW_TRY(auto const* chosen, find_route(request));
  if (chosen->role == access_role::nobody) return chosen;
  std::string const authorization(sent[http::field::authorization]);
  if (!carries_token(authorization, server_.token_)) return error{error_code::not_authorized};
  request.actor = "admin";
  return chosen;
}

asio::awaitable<api_reply> http_session::reply_to(api_request request, route const& chosen) {
  auto replied = co_await chosen.reply(server_.context_, std::move(request));
  if (!replied) co_return problem_reply(replied.error());
  co_return std::move(*replied);
}

asio::awaitable<bool> http_session::send(api_reply reply, bool keep, bool without_body) {
  http::response<http::string_body> out;
  out.result(reply.status);
  out.version(11);
  out.keep_alive(keep);
  out.set(http::field::content_type, reply.type);
  out.set(http::field::cache_control, "no-store");
  out.set("X-Content-Type-Options", "nosniff");
  if (reply.status == 401) out.set(http::field::www_authenticate, "Bearer");
  auto const size = reply.body.size();
  if (!without_body) out.body() = std::move(reply.body);
  out.content_length(size);
  stream_.expires_after(server_.limits_.write_max);
  boost::system::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  co_await http::async_write(stream_, out, token);
  co_return !failed && keep;
}

asio::awaitable<bool> http_session::write_text(std::string text) {
  stream_.expires_after(server_.limits_.write_max);
  boost::system::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  auto const bytes = asio::buffer(text);
  co_await asio::async_write(stream_, bytes, token);
  co_return !failed;
}

// Events as they become durable, each under its sequence, so that a client that comes back goes on
// where it was. A comment from time to time shows that the connection still stands.
asio::awaitable<void> http_session::stream_events(api_request request) {
  auto& log = server_.context_.core.log();
  auto const newest = server_.context_.log.head().at.value;
  auto const asked = request.number("from", newest + 1, ~std::uint64_t{0});
  auto const last = parse_number(request.last_event_id);
  read_request read;
  read.from = sequence{last ? *last + 1 : asked ? *asked : newest + 1};
  std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
      "Connection: close\r\n\r\n";
  bool open = co_await write_text(std::move(head));
  auto wake = std::make_shared<bell>(server_.executor_);
  asio::steady_timer heart(server_.executor_);
  auto const cursor = server_.context_.log.read(read);
  listening const ears(log, *wake);
  while (open && !server_.context_.core.is_stopping()) {
    auto text = next_events(*cursor);
    bool const beats = text.empty();
    if (beats) {
      heart.expires_after(server_.limits_.heartbeat);
      heart.async_wait([wake](boost::system::error_code failed) {
        if (!failed) wake->ring();
      });
      auto const rung = co_await wake->wait();
      if (!rung) break;
      bool const by_time = heart.expiry() <= asio::steady_timer::clock_type::now();
      if (!by_time) continue;
      text = ": still here\n\n";
    }
    open = co_await write_text(std::move(text));
  }
}

}  // namespace dualwrite::engine
