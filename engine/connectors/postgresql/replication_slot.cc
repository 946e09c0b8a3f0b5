#include "engine/connectors/postgresql/replication_slot.h"

#include <fmt/format.h>

#include <thread>

namespace dualwrite::engine::postgresql {
namespace {

using namespace std::chrono_literals;

constexpr auto free_wait_max = 5s;
constexpr auto look_pause = 20ms;
constexpr int knows_failover = 170000;
constexpr auto advance_wait_max = 5s;
constexpr std::string_view was_broken_off = "57014";

std::uint64_t place_at(answer const& from, int column) {
  return static_cast<std::uint64_t>(from.integer(0, column));
}

// False where it was broken off because it took longer.
result<bool> ends_within(connection& on,
                         std::chrono::milliseconds longest,
                         std::string const& sql,
                         parameters const& with) {
  DW_CHECK(on.execute(fmt::format("SET statement_timeout = {}", longest.count())));
  auto const done = on.query(sql, with);
  bool const is_late = !done && on.is_open() && on.failure().state == was_broken_off;
  if (on.is_open()) DW_CHECK(on.execute("SET statement_timeout = 0"));
  if (!done && !is_late) return done.error();
  return !is_late;
}

// Of all databases of the server.
result<std::string> oldest_transaction(connection& on) {
  DW_TRY(
      auto const rows,
      on.query("SELECT pid FROM pg_locks WHERE locktype = 'transactionid' AND granted AND pid IS "
               "DISTINCT FROM pg_backend_pid() ORDER BY age(transactionid) DESC LIMIT 1"));
  if (rows.count() == 0) return std::string("a transaction");
  return rows.is_null(0, 0) ? std::string("a prepared transaction")
                            : fmt::format("the transaction of process {}", rows.text(0, 0));
}

}  // namespace

std::string print_place(std::uint64_t place) {
  return fmt::format("{:X}/{:X}", place >> 32U, place & 0xffffffffU);
}

// The server's numbers of places have 64 bits; none that is in use has the highest.
std::string place_sql(std::string const& expression) {
  return fmt::format("({} - '0/0')::bigint", expression);
}

result<std::string> slot_name(connection& on, std::string const& publication) {
  DW_TRY(auto const rows,
         on.query("SELECT $1 || '_' || oid FROM pg_database WHERE datname = current_database()",
                  {publication}));
  return std::string(rows.text(0, 0));
}

result<slot_state> look_at_slot(connection& on, std::string const& slot) {
  DW_TRY(auto const rows,
         on.query(fmt::format("SELECT coalesce(wal_status = 'lost', false), {}, {}, {}, "
                              "coalesce((to_jsonb(s) ->> 'failover')::boolean, true) "
                              "FROM pg_replication_slots s WHERE slot_name = $1",
                              place_sql("restart_lsn"),
                              place_sql("confirmed_flush_lsn"),
                              place_sql("pg_current_wal_flush_lsn()")),
                  {slot}));
  slot_state out;
  out.is_there = rows.count() == 1;
  if (!out.is_there) return out;
  out.is_lost = rows.is_true(0, 0);
  out.restart = place_at(rows, 1);
  out.confirmed = place_at(rows, 2);
  out.head = place_at(rows, 3);
  out.is_for_standbys = rows.is_true(0, 4);
  return out;
}

result<void> make_slot(connection& on, std::string const& slot, std::chrono::milliseconds longest) {
  auto const* more = on.server_version() >= knows_failover ? ", failover => true" : "";
  auto const sql = fmt::format("SELECT pg_create_logical_replication_slot($1, 'pgoutput'{})", more);
  DW_TRY(bool const made, ends_within(on, longest, sql, {slot}));
  if (made) return {};
  DW_TRY(auto const open, oldest_transaction(on));
  return error{error_code::app_busy,
               open + " has to end before the server makes a replication slot"};
}

result<void> give_to_standbys(std::string const& url, std::string const& slot) {
  connection sender;
  DW_CHECK(sender.open(url, connection::purpose::replication));
  return sender.execute(
      fmt::format("ALTER_REPLICATION_SLOT {} (FAILOVER true)", quoted_name(slot)));
}

result<void> wait_until_free(connection& on, std::string const& slot) {
  auto const until = std::chrono::steady_clock::now() + free_wait_max;
  while (true) {
    DW_TRY(auto const rows,
           on.query("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1 AND active",
                    {slot}));
    if (rows.integer(0, 0) == 0) return {};
    if (std::chrono::steady_clock::now() >= until)
      return error{error_code::app_busy, "another session reads the replication slot " + slot};
    std::this_thread::sleep_for(look_pause);
  }
}

result<void> advance_slot(connection& on, std::string const& slot, std::uint64_t to) {
  DW_TRY(bool const moved,
         ends_within(on,
                     advance_wait_max,
                     "SELECT pg_replication_slot_advance($1, $2::pg_lsn)",
                     {slot, print_place(to)}));
  if (moved) return {};
  return error{error_code::app_busy,
               "the slot " + slot +
                   " cannot be moved: the server waits for a standby that it names in its log "
                   "(synchronized_standby_slots)"};
}

}  // namespace dualwrite::engine::postgresql
