#include "engine/connectors/postgresql/table_writers.h"

#include <fmt/format.h>

#include <thread>

#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {
namespace {

using namespace std::chrono_literals;

constexpr auto look_pause = 10ms;

}  // namespace

// By the locks that they hold.
std::string writers_sql(std::string_view object) {
  return fmt::format(
      "SELECT DISTINCT l.virtualtransaction FROM pg_locks l WHERE l.locktype = 'relation' AND "
      "l.granted AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareUpdateExclusiveLock', "
      "'ShareLock') AND l.database = (SELECT oid FROM pg_database WHERE datname = "
      "current_database()) AND (l.relation = {0}::oid OR l.relation IN (SELECT relid FROM "
      "pg_partition_tree({0}::oid)))",
      object);
}

result<std::vector<std::string>> writers_of(connection& on, std::uint64_t object) {
  DW_TRY(auto const found, on.query(writers_sql("$1"), {std::to_string(object)}));
  std::vector<std::string> out;
  for (int i = 0; i < found.count(); ++i) out.emplace_back(found.text(i, 0));
  return out;
}

result<std::optional<std::string>> await_end(connection& on,
                                             std::vector<std::string> const& writers,
                                             std::chrono::milliseconds longest) {
  if (writers.empty()) return std::optional<std::string>{};
  auto const until = std::chrono::steady_clock::now() + longest;
  while (true) {
    DW_TRY(auto const left,
           on.query("SELECT pid FROM pg_locks WHERE virtualtransaction = ANY($1::text[]) LIMIT 1",
                    {array_of(writers)}));
    if (left.count() == 0) return std::optional<std::string>{};
    if (std::chrono::steady_clock::now() >= until)
      return std::optional(left.is_null(0, 0)
                               ? std::string("a prepared transaction")
                               : fmt::format("the transaction of process {}", left.text(0, 0)));
    std::this_thread::sleep_for(look_pause);
  }
}

// Our sessions have one URL, so one role and one name. When they wait for each other that ends by
// itself. The name of a session of another role is not told to everybody.
result<std::string> who_blocks_us(connection& on) {
  DW_TRY(
      auto const found,
      on.query("SELECT blocker, nullif(concat_ws(', ', holder.application_name, "
               "holder.usename), ''), extract(epoch FROM now() - held.query_start)::bigint "
               "FROM pg_stat_activity held CROSS JOIN unnest(pg_blocking_pids(held.pid)) blocker "
               "LEFT JOIN pg_stat_activity holder ON holder.pid = blocker "
               "WHERE held.wait_event_type = 'Lock' AND held.datname = current_database() "
               "AND held.usename = current_user "
               "AND held.application_name = current_setting('application_name') "
               "AND held.query_start < now() - interval '1 second' "
               "AND (holder.usename, holder.application_name) IS DISTINCT FROM "
               "(held.usename, held.application_name) "
               "ORDER BY held.query_start LIMIT 1"));
  if (found.count() == 0) return std::string();
  // The number of a prepared transaction's session is zero.
  auto who = found.text(0, 0) == "0" ? std::string("a prepared transaction")
                                     : fmt::format("process {}", found.text(0, 0));
  if (!found.is_null(0, 1)) who += fmt::format(" ({})", found.text(0, 1));
  return fmt::format("{}, for {} s", who, found.text(0, 2));
}

}  // namespace dualwrite::engine::postgresql
