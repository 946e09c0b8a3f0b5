#include "engine/connectors/postgresql/wal_stream.h"

#include <algorithm>

namespace dualwrite::engine::postgresql {
namespace {

using namespace std::chrono_literals;

constexpr int pings_max = 5;
constexpr auto pings_within = 1s;

// Before a message's own bytes: of data a letter and three numbers, of a ping a letter and two.
constexpr std::size_t data_header = 25;
constexpr std::size_t ping_request = 17;

void put_number(std::string& to, std::uint64_t number) {
  for (unsigned shift = 64; shift != 0; shift -= 8)
    to.push_back(static_cast<char>(number >> (shift - 8) & 0xffU));
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t out = 0;
  for (auto const letter : bytes.substr(at, sizeof out))
    out = out << 8U | static_cast<unsigned char>(letter);
  return out;
}

}  // namespace

result<void> wal_stream::start(std::string const& url, life const& of, std::string const& command) {
  DW_CHECK(from_.open(url, connection::purpose::replication));
  DW_CHECK(check_same(from_, of));
  DW_CHECK(from_.start_stream(command));
  told_ = 0;
  heard_at_ = asked_at_ = clock::now();
  return {};
}

result<std::optional<std::string_view>> wal_stream::next() {
  while (true) {
    DW_TRY(auto message, from_.receive());
    if (!message) {
      DW_CHECK(mind_silence());
      return std::optional<std::string_view>{};
    }
    heard_at_ = clock::now();
    arrived_ = std::move(*message);
    auto const bytes = arrived_.view();
    if (bytes.front() == 'w' && bytes.size() > data_header)
      return std::optional{bytes.substr(data_header)};
    if (bytes.front() == 'k' && bytes.size() > ping_request) DW_CHECK(take_ping(bytes));
  }
}

// A server that shuts down asks again and again, until all that it sent is acknowledged: it would
// wait for our log, which may wait for it.
result<void> wal_stream::take_ping(std::string_view bytes) {
  told_ = std::max(told_, number_at(bytes, 1));
  if (bytes[ping_request] == 0) return {};
  if (heard_at_ - pinged_at_ > pings_within) {
    pinged_at_ = heard_at_;
    pings_ = 0;
  }
  if (++pings_ > pings_max) {
    close();
    return error{error_code::app_unreachable, "the server is shutting down"};
  }
  return send_status(false);
}

// Who has not looked for long has heard nothing for long: what counts is that it was asked.
result<void> wal_stream::mind_silence() {
  auto const now = clock::now();
  if (now - heard_at_ < patience_.asks_after) return {};
  if (asked_at_ <= heard_at_) {
    asked_at_ = now;
    return send_status(true);
  }
  if (now - asked_at_ < patience_.gives_up_after) return {};
  close();
  return error{error_code::app_unreachable, "the server's stream has fallen silent"};
}

result<void> wal_stream::report(std::uint64_t settled) {
  settled_ = settled;
  return send_status(false);
}

result<void> wal_stream::send_status(bool asks) {
  std::string message = "r";
  for (int what = 0; what < 3; ++what) put_number(message, settled_);
  put_number(message, 0);
  message.push_back(asks ? '\1' : '\0');
  return from_.send(message);
}

}  // namespace dualwrite::engine::postgresql
