// The server's stream of changes without what is in them: envelopes, pings, and whether it is still
// there.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/incarnation.h"

namespace dualwrite::engine::postgresql {

// A server that has gone without a farewell sends nothing, nor does one that has nothing to send:
// after a while it is asked.
struct stream_patience {
  std::chrono::milliseconds asks_after = std::chrono::seconds(10);
  std::chrono::milliseconds gives_up_after = std::chrono::seconds(50);  // when it was asked
};

// Errors: those of connection; `app_unreachable` also where the server shuts down, does not answer,
// or is another one.
// Threads: one at a time.
class wal_stream {
 public:
  explicit wal_stream(stream_patience patience = {}) : patience_(patience) {}

  [[nodiscard]] result<void> start(std::string const& url,
                                   life const& of,
                                   std::string const& command);
  void close() { from_.close(); }
  bool is_open() const { return from_.is_open(); }
  [[nodiscard]] int socket() const { return from_.socket(); }

  // The bytes of one of the plug-in's messages, until the next call; nothing where none is there.
  [[nodiscard]] result<std::optional<std::string_view>> next();
  // The server may forget what is before this place.
  [[nodiscard]] result<void> report(std::uint64_t settled);
  // Up to where the server has read its log: nothing before it is left to be sent, but for the rest
  // of a transaction that is under way.
  std::uint64_t told() const { return told_; }

 private:
  using clock = std::chrono::steady_clock;

  [[nodiscard]] result<void> take_ping(std::string_view bytes);
  [[nodiscard]] result<void> mind_silence();
  [[nodiscard]] result<void> send_status(bool asks);

  stream_patience patience_;
  connection from_;
  received arrived_;
  std::uint64_t settled_ = 0;
  std::uint64_t told_ = 0;
  clock::time_point heard_at_;
  clock::time_point asked_at_;
  clock::time_point pinged_at_;
  int pings_ = 0;
};

}  // namespace dualwrite::engine::postgresql
