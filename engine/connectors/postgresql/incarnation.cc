#include "engine/connectors/postgresql/incarnation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <vector>

#include "engine/connectors/postgresql/replication_slot.h"
#include "events/row_image.h"

namespace dualwrite::engine::postgresql {
namespace {

constexpr std::string_view first_timeline = "00000001";
constexpr std::string_view no_such_file = "58P01";
constexpr std::string_view not_named = "0";  // what was there before timelines had names

// A timeline that the server's own comes from, and the place where it was left.
struct ancestor {
  std::string timeline;
  std::uint64_t left_at = 0;
};

std::uint64_t incarnation_of(std::string const& database,
                             std::string_view timeline,
                             std::string_view name) {
  if (name != not_named) return hash_key(fmt::format("{}/{}/{}", database, timeline, name));
  return hash_key(timeline == first_timeline ? database : fmt::format("{}/{}", database, timeline));
}

std::optional<std::uint64_t> read_place(std::string_view text) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto const* const end = text.data() + text.size();
  auto const first = std::from_chars(text.data(), end, high, 16);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '/') return std::nullopt;
  auto const second = std::from_chars(first.ptr + 1, end, low, 16);
  if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
  return high << 32U | low;
}

// A line for each, the oldest first: its number, the place, and why it was left.
std::vector<ancestor> read_history(std::string const& text) {
  std::vector<ancestor> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint32_t number = 0;
    std::string place;
    if (!(words >> number >> place)) continue;
    if (auto const left_at = read_place(place))
      out.push_back({fmt::format("{:08X}", number), *left_at});
  }
  return out;
}

// None where the server has no history of them any more.
result<std::vector<ancestor>> ancestors_of(std::string const& url, life const& now) {
  if (now.timeline == first_timeline) return std::vector<ancestor>{};
  connection sender;
  DW_CHECK(sender.open(url, connection::purpose::replication));
  DW_CHECK(check_same(sender, now));
  auto const history =
      sender.command(fmt::format("TIMELINE_HISTORY {}", std::stoul(now.timeline, nullptr, 16)));
  if (!history && sender.failure().state == no_such_file) return std::vector<ancestor>{};
  if (!history) return history.error();
  return read_history(std::string(history->text(0, 1)));
}

}  // namespace

result<life> look_at_life(connection& on) {
  DW_TRY(auto const rows,
         on.command("SELECT s.system_identifier || '/' || current_database() || '/' || i.nonce, "
                    "n.timeline, l.name FROM pg_control_system() s, dualwrite.identity i, (SELECT "
                    "left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS timeline) n "
                    "LEFT JOIN dualwrite.life l ON l.timeline = n.timeline"));
  if (rows.count() != 1)
    return error{error_code::source_rewound, "the database has lost its identity"};
  if (rows.is_null(0, 2))
    return error{error_code::app_busy, "the server was promoted at this moment"};
  life out;
  out.database = rows.text(0, 0);
  out.timeline = rows.text(0, 1);
  out.incarnation = incarnation_of(out.database, out.timeline, rows.text(0, 2));
  return out;
}

result<source_position> head_of(connection& on) {
  DW_TRY(auto const now, look_at_life(on));
  DW_TRY(auto const rows, on.query("SELECT " + place_sql("pg_current_wal_insert_lsn()")));
  return source_position{now.incarnation, static_cast<std::uint64_t>(rows.integer(0, 0))};
}

result<void> check_same(connection& on, life const& of) {
  DW_TRY(auto const now, look_at_life(on));
  if (now == of) return {};
  return error{error_code::app_unreachable, "another server answers than a moment ago"};
}

result<bool> takes_over(connection& on,
                        std::string const& url,
                        life const& now,
                        source_progress const& known) {
  DW_TRY(auto const ancestors, ancestors_of(url, now));
  auto const had = std::max(known.captured.commit, known.read);
  for (auto const& [timeline, left_at] : ancestors) {
    DW_TRY(auto const names,
           on.query("SELECT name FROM dualwrite.life WHERE timeline = $1", {timeline}));
    auto const name = names.count() == 1 ? names.text(0, 0) : not_named;
    bool const is_it = incarnation_of(now.database, timeline, name) == known.captured.incarnation;
    if (is_it) return had <= left_at;
  }
  return false;
}

}  // namespace dualwrite::engine::postgresql
