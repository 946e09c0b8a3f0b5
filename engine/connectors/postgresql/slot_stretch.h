// A part of what a slot keeps, read at once: by a statement, several times as fast as a stream.
//
// The server reads all of the part before it sends the first message, from the slot's restart
// position on, and keeps the messages in a file where they are many. Then the slot is free again,
// and the messages come one by one, as COPY's binary rows: bytes that begin with a header of
// COPY's own, and for each message a count of columns (16 bits, 1), its length (32 bits) and its
// bytes; at the end a count of -1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/connectors/postgresql/connection.h"
#include "engine/connectors/postgresql/incarnation.h"

namespace dualwrite::engine::postgresql {

// What is read so, in bytes of the server's log. Where the server would have to read more than
// `most` at once (a large transaction is in it, or one has been open for long), a stream is the
// better way: it gives a transaction piece by piece, and reads nothing again.
struct stretch_limits {
  std::uint64_t far = 32U << 20U;     // so far behind it begins
  std::uint64_t near = 8U << 20U;     // so near it ends; as much is streamed between two looks
  std::uint64_t least = 64U << 20U;   // of one part, unless no more is there
  std::uint64_t most = 1024U << 20U;  // from the slot's restart position to the end of the part
};

// The end of the next part, behind `at`; nothing where it is not to be read so. What the server
// reads again for a part is no more than the part.
[[nodiscard]] std::optional<std::uint64_t> end_of_part(stretch_limits const& limits,
                                                       std::uint64_t restart,
                                                       std::uint64_t at,
                                                       std::uint64_t head);

// Guarantees: no message is held but the one that was given last; the slot is not moved.
// Errors: those of connection; `value_malformed` for bytes that are no rows of COPY.
// Threads: one at a time; begin() blocks, next() does not wait for the server.
class slot_stretch {
 public:
  struct part {
    std::string slot;
    std::string publication;
    std::uint64_t after = 0;  // transactions up to here are left out
    std::uint64_t upto = 0;   // those committed before are given
  };

  // Only where none is under way.
  // Errors: `app_unreachable` also where another server answers.
  [[nodiscard]] result<void> begin(std::string const& url, life const& of, part what);
  [[nodiscard]] bool is_under_way() const { return is_under_way_; }
  // Until the next call. Nothing where no message is there yet, and behind the last one: then it is
  // not under way any more.
  [[nodiscard]] result<std::optional<std::string_view>> next();
  std::uint64_t upto() const { return part_.upto; }
  [[nodiscard]] int socket() const { return from_.socket(); }
  void close();

 private:
  [[nodiscard]] result<std::optional<std::string_view>> message_in_row();
  [[nodiscard]] bool is_wanted(std::string_view message);

  connection from_;
  part part_;
  std::string row_;
  bool is_under_way_ = false;
  bool has_header_ = false;  // has come
  bool is_known_ = false;    // the transaction that is under way
};

}  // namespace dualwrite::engine::postgresql
