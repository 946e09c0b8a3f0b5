#include "engine/connectors/postgresql/slot_stretch.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/connectors/postgresql/replication_slot.h"

namespace dualwrite::engine::postgresql {
namespace {

// "PGCOPY\n\377\r\n\0", flags, and the length of what may follow them.
constexpr std::size_t header_size = 19;
constexpr std::size_t header_more_at = 15;
constexpr std::size_t row_header_size = 6;
constexpr std::uint64_t no_more_rows = 0xffff;

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t out = 0;
  for (auto const letter : bytes.substr(std::min(at, bytes.size()), size))
    out = out << 8U | static_cast<unsigned char>(letter);
  return out;
}

error malformed() {
  return error{error_code::value_malformed, "a row of COPY cannot be read"};
}

}  // namespace

std::optional<std::uint64_t> end_of_part(stretch_limits const& limits,
                                         std::uint64_t restart,
                                         std::uint64_t at,
                                         std::uint64_t head) {
  auto const again = at - std::min(restart, at);
  auto const wanted = std::min(head, at + std::max(limits.least, again));
  auto const allowed = std::min(wanted, restart + limits.most);
  // A smaller part would not pay for what is read again.
  if (allowed < std::min(head, at + limits.least) || allowed <= at) return std::nullopt;
  return allowed;
}

result<void> slot_stretch::begin(std::string const& url, life const& of, part what) {
  DW_CHECK(from_.open(url));
  DW_CHECK(check_same(from_, of));
  // However long it takes, it is no statement that went astray.
  DW_CHECK(from_.execute("SET statement_timeout = 0"));
  // A server that cannot look for us reads to the end of a part that nobody waits for any more.
  auto const looks = from_.execute("SET client_connection_check_interval = '100ms'");
  if (!looks && !from_.is_open()) return looks;
  part_ = std::move(what);
  DW_CHECK(from_.copy_out(
      fmt::format("COPY (SELECT data FROM pg_logical_slot_peek_binary_changes({}, '{}', NULL, "
                  "'proto_version', '1', 'publication_names', {}, 'messages', 'true')) "
                  "TO STDOUT (FORMAT binary)",
                  quoted_text(part_.slot),
                  print_place(part_.upto),
                  quoted_text(quoted_name(part_.publication)))));
  is_under_way_ = true;
  has_header_ = false;
  is_known_ = false;
  return {};
}

result<std::optional<std::string_view>> slot_stretch::next() {
  while (is_under_way_) {
    auto const came = from_.next_copied(row_);
    if (!came) is_under_way_ = false;
    if (!came) return came.error();
    if (*came == connection::copied::nothing_yet) break;
    if (*came == connection::copied::end) {
      is_under_way_ = false;
      break;
    }
    auto message = message_in_row();
    if (!message) close();
    if (!message || (*message && is_wanted(**message))) return message;
  }
  return std::optional<std::string_view>{};
}

result<std::optional<std::string_view>> slot_stretch::message_in_row() {
  std::string_view row = row_;
  if (!has_header_) {
    auto const size = header_size + number_at(row, header_more_at, sizeof(std::uint32_t));
    if (row.size() < size) return malformed();
    row.remove_prefix(size);
    has_header_ = true;
  }
  if (row.size() == sizeof(std::uint16_t) && number_at(row, 0, row.size()) == no_more_rows)
    return std::optional<std::string_view>{};
  auto const count = number_at(row, 0, sizeof(std::uint16_t));
  auto const size = number_at(row, sizeof(std::uint16_t), sizeof(std::uint32_t));
  if (count != 1 || size == 0 || row.size() != row_header_size + size) return malformed();
  return std::optional{row.substr(row_header_size)};
}

// The slot gives again what was not acknowledged. What a table looks like is said once only, be it
// in a transaction that is left out.
bool slot_stretch::is_wanted(std::string_view message) {
  if (message.front() == 'B')
    is_known_ = number_at(message, 1, sizeof(std::uint64_t)) < part_.after;
  return !is_known_ || message.front() == 'R';
}

void slot_stretch::close() {
  is_under_way_ = false;
  from_.close();
}

}  // namespace dualwrite::engine::postgresql
