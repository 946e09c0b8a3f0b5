#include "engine/connectors/postgresql/replication_slot.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace dualwrite::engine::postgresql {
namespace {

using namespace std::chrono_literals;

constexpr auto free_wait_max = 5s;
constexpr auto look_pause = 20ms;

std::uint64_t place_at(answer const& from, int column) {
  return static_cast<std::uint64_t>(from.integer(0, column));
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
         on.query(fmt::format("SELECT coalesce(wal_status = 'lost', false), {}, {}, {} "
                              "FROM pg_replication_slots WHERE slot_name = $1",
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
  return out;
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
  DW_TRY(auto const moved,
         on.query("SELECT pg_replication_slot_advance($1, $2::pg_lsn)", {slot, print_place(to)}));
  return {};
}

}  // namespace dualwrite::engine::postgresql
