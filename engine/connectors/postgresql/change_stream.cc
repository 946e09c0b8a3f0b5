#include "engine/connectors/postgresql/change_stream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <thread>

#include "engine/connectors/postgresql/lane_table.h"
#include "engine/connectors/postgresql/row_sql.h"
#include "events/row_image.h"

namespace dualwrite::engine::postgresql {
namespace {

using namespace std::chrono_literals;

constexpr int pings_max = 5;
constexpr auto pings_within = 1s;
constexpr auto slot_wait_max = 5s;
constexpr auto slot_look_pause = 20ms;

// The server keeps its log by files of this size: a slot that lags less keeps no file more.
constexpr std::uint64_t quiet_bytes_min = 16U << 20U;

// Before a message's own bytes: of data a letter and three numbers, of a ping a letter and two.
constexpr std::size_t data_header = 25;
constexpr std::size_t ping_request = 17;

std::string print_place(std::uint64_t commit) {
  return fmt::format("{:X}/{:X}", commit >> 32U, commit & 0xffffffffU);
}

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

// The server's numbers of places have 64 bits; none that is in use has the highest.
constexpr char const* place_sql = "({} - '0/0')::bigint";

}  // namespace

struct change_stream::slot_state {
  bool is_there = false;
  bool is_lost = false;
  std::uint64_t confirmed = 0;
};

result<std::uint64_t> incarnation_of(connection& on) {
  DW_TRY(auto const rows,
         on.query("SELECT s.system_identifier || '/' || current_database() || '/' || i.nonce "
                  "FROM pg_control_system() s, dualwrite.identity i"));
  if (rows.count() != 1)
    return error{error_code::source_rewound, "the database has lost its identity"};
  return hash_key(rows.text(0, 0));
}

result<source_position> head_of(connection& on) {
  source_position out;
  DW_TRY(out.incarnation, incarnation_of(on));
  DW_TRY(auto const rows,
         on.query("SELECT " + fmt::format(fmt::runtime(place_sql), "pg_current_wal_insert_lsn()")));
  out.commit = static_cast<std::uint64_t>(rows.integer(0, 0));
  return out;
}

result<std::string> change_stream::slot_name(connection& on) const {
  DW_TRY(auto const rows,
         on.query("SELECT $1 || '_' || oid FROM pg_database WHERE datname = current_database()",
                  {name_}));
  return std::string(rows.text(0, 0));
}

result<change_stream::slot_state> change_stream::look(connection& on) const {
  DW_TRY(auto const slot, slot_name(on));
  DW_TRY(auto const rows,
         on.query("SELECT coalesce(wal_status = 'lost', false), " +
                      fmt::format(fmt::runtime(place_sql), "confirmed_flush_lsn") +
                      " FROM pg_replication_slots WHERE slot_name = $1",
                  {slot}));
  slot_state out;
  out.is_there = rows.count() == 1;
  if (!out.is_there) return out;
  out.is_lost = rows.is_true(0, 0);
  out.confirmed = static_cast<std::uint64_t>(rows.integer(0, 1));
  return out;
}

result<void> change_stream::check_goes_on(connection& on,
                                          slot_state const& slot,
                                          source_position after) const {
  DW_TRY(auto const head, head_of(on));
  if (after.incarnation != head.incarnation)
    return error{error_code::source_rewound, "this is another database than the captured one"};
  if (after.commit > head.commit)
    return error{error_code::source_rewound,
                 "the server was set back behind what was captured from it"};
  if (!slot.is_there) return error{error_code::source_rewound, "the replication slot is gone"};
  if (slot.is_lost)
    return error{error_code::source_rewound, "the server has removed what the slot had to keep"};
  if (slot.confirmed <= after.commit) return {};
  DW_TRY(bool const quiet, was_quiet(on, slot, after));
  if (!quiet)
    return error{error_code::source_rewound,
                 "the replication slot was made anew or moved: it stands behind changes that were "
                 "not captured"};
  return {};
}

// Whether nothing of the tables was committed between the position and the slot.
result<bool> change_stream::was_quiet(connection& on,
                                      slot_state const& slot,
                                      source_position after) const {
  DW_TRY(auto const name, slot_name(on));
  DW_TRY(auto const rows,
         on.query("SELECT captured, reached FROM dualwrite.quiet WHERE slot = $1", {name}));
  return rows.count() == 1 && static_cast<std::uint64_t>(rows.integer(0, 0)) <= after.commit &&
         slot.confirmed <= static_cast<std::uint64_t>(rows.integer(0, 1));
}

// A table that enters the publication is locked against writers for a moment: a transaction that
// wrote to it before would be captured in part.
result<void> change_stream::publish(connection& on,
                                    std::vector<table_facts> const& tables,
                                    bool goes_on) {
  DW_TRY(auto all, transaction::begin(on));
  DW_TRY(auto const there,
         on.query("SELECT count(*) FROM pg_publication WHERE pubname = $1", {name_}));
  DW_TRY(auto const members,
         on.query("SELECT prrelid FROM pg_publication_rel r JOIN pg_publication p ON p.oid = "
                  "r.prpubid WHERE p.pubname = $1",
                  {name_}));
  std::set<std::uint64_t> known;
  for (int i = 0; i < members.count(); ++i)
    known.insert(static_cast<std::uint64_t>(members.integer(i, 0)));
  std::vector<std::string> names;
  std::vector<std::string> objects;
  for (auto const& table : tables) {
    names.push_back(table.schema.table);
    objects.push_back(std::to_string(table.object));
  }
  DW_TRY(auto const states,
         on.query("SELECT i.place, k.object IS NOT NULL, k.object = i.object, "
                  "  relreplident = 'n' OR relreplident = 'd' AND NOT EXISTS(SELECT FROM pg_index "
                  "  WHERE indrelid = c.oid AND indisprimary) "
                  "FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS i(name, object, place) "
                  "LEFT JOIN pg_class c ON c.oid = i.object::oid "
                  "LEFT JOIN dualwrite.captured k ON k.name = i.name ORDER BY i.place",
                  {array_of(names), array_of(objects)}));
  std::vector<std::string> all_tables;
  std::vector<std::string> added;
  std::set<std::uint64_t> wanted;
  for (int i = 0; i < states.count(); ++i) {
    auto const& table = tables[static_cast<std::size_t>(states.integer(i, 0)) - 1];
    bool const is_known = known.contains(table.object);
    bool const was_captured = states.is_true(i, 1);
    bool const is_other = was_captured && !states.is_true(i, 2);
    if (goes_on && was_captured && (is_other || !is_known))
      return error{error_code::source_rewound,
                   table.schema.table + " was made anew, or taken out of the publication"};
    if (states.is_true(i, 3))
      return error{error_code::invalid_definition,
                   fmt::format("{0} has no replica identity: ALTER TABLE {0} REPLICA IDENTITY FULL",
                               table.sql_name)};
    if (!is_known) added.push_back(table.sql_name);
    all_tables.push_back(table.sql_name);
    wanted.insert(table.object);
  }
  if (wanted == known && there.integer(0, 0) == 1) return {};
  if (!added.empty())
    DW_CHECK(on.execute(fmt::format("LOCK TABLE {} IN SHARE MODE", fmt::join(added, ", "))));
  bool const is_new = there.integer(0, 0) == 0;
  DW_CHECK(on.execute(fmt::format("{} PUBLICATION {} {} TABLE {}",
                                  is_new ? "CREATE" : "ALTER",
                                  quoted_name(name_),
                                  is_new ? "FOR" : "SET",
                                  fmt::join(all_tables, ", "))));
  DW_CHECK(on.execute("DELETE FROM dualwrite.captured"));
  DW_CHECK(on.query("INSERT INTO dualwrite.captured SELECT * FROM unnest($1::text[], $2::bigint[])",
                    {array_of(names), array_of(objects)}));
  return all.commit();
}

// The server ends a stream a moment after its client has gone.
result<void> change_stream::wait_until_free(connection& on) const {
  DW_TRY(auto const slot, slot_name(on));
  auto const until = std::chrono::steady_clock::now() + slot_wait_max;
  while (true) {
    DW_TRY(auto const rows,
           on.query("SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1 AND active",
                    {slot}));
    if (rows.integer(0, 0) == 0) return {};
    if (std::chrono::steady_clock::now() >= until)
      return error{error_code::app_busy, "another session reads the replication slot " + slot};
    std::this_thread::sleep_for(slot_look_pause);
  }
}

result<void> change_stream::stream_from(connection& on, std::uint64_t commit) {
  DW_TRY(auto const slot, slot_name(on));
  DW_CHECK(stream_.open(url_, connection::purpose::replication));
  acknowledged_ = commit;
  given_ = commit;
  reached_ = 0;
  is_inside_ = false;
  return stream_.start_stream(
      fmt::format("START_REPLICATION SLOT {} LOGICAL {} (proto_version '1', publication_names {}, "
                  "messages 'true')",
                  quoted_name(slot),
                  print_place(commit),
                  quoted_text(quoted_name(name_))));
}

result<source_position> change_stream::open(connection& on,
                                            std::vector<std::string> const& tables,
                                            std::optional<source_position> after) {
  close();
  DW_CHECK(install(on));
  DW_TRY(auto slot, look(on));
  if (after) DW_CHECK(check_goes_on(on, slot, *after));
  DW_TRY(auto facts, describe_tables(on, tables));
  DW_CHECK(publish(on, facts, after.has_value()));
  DW_TRY(auto const name, slot_name(on));
  DW_CHECK(wait_until_free(on));
  if (slot.is_there && slot.is_lost) {
    DW_TRY(auto const dropped, on.query("SELECT pg_drop_replication_slot($1)", {name}));
    slot.is_there = false;
  }
  if (!slot.is_there) {
    DW_TRY(auto const made,
           on.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", {name}));
  }
  DW_TRY(auto at, head_of(on));
  if (after) {
    at = *after;
  } else if (slot.is_there) {
    DW_TRY(auto const moved,
           on.query("SELECT pg_replication_slot_advance($1, $2::pg_lsn)",
                    {name, print_place(at.commit)}));
  }
  passed_ = after ? slot.confirmed : at.commit;
  reader_.emplace(at.incarnation, std::move(facts));
  DW_CHECK(stream_from(on, at.commit));
  return at;
}

// The server describes a table before its first rows and after every change of it.
result<std::vector<captured_transaction>> change_stream::read(connection& on, std::size_t limit) {
  if (!reader_) return error{error_code::app_unreachable, "no capture is open"};
  auto out = receive(limit);
  for (auto const* table : reader_->take_described()) {
    DW_CHECK(on.open(url_));
    DW_TRY(auto const now, describe_table(on, table->schema.table));
    if (now.object == table->object && now.schema == table->schema) continue;
    close();
    return error{error_code::table_changed, table->schema.table};
  }
  if (out && out->empty()) DW_CHECK(pass_quiet(on));
  return out;
}

result<std::vector<captured_transaction>> change_stream::receive(std::size_t limit) {
  std::vector<captured_transaction> out;
  while (out.size() < limit) {
    auto message = stream_.receive();
    // What has arrived whole is given first; the next call says why there is no more.
    if (!message && !out.empty()) return out;
    if (!message) return message.error();
    if (!*message) return out;
    std::string_view const bytes = **message;
    if (bytes.front() == 'w' && bytes.size() > data_header) {
      DW_TRY(auto whole, take_data(bytes.substr(data_header)));
      if (whole) out.push_back(std::move(*whole));
    } else if (bytes.front() == 'k' && bytes.size() > ping_request) {
      DW_CHECK(take_ping(bytes));
    }
  }
  return out;
}

result<std::optional<captured_transaction>> change_stream::take_data(std::string_view message) {
  if (message.front() == 'B') is_inside_ = true;
  if (message.front() == 'C') is_inside_ = false;
  DW_TRY(auto whole, reader_->feed(message));
  if (whole) given_ = whole->position.commit;
  return whole;
}

result<void> change_stream::take_ping(std::string_view bytes) {
  if (!is_inside_) reached_ = number_at(bytes, 1);
  if (bytes[ping_request] == 0) return {};
  return answer_ping();
}

// Only where our log has all that was given: what it lacks is kept. The row is durable before the
// slot moves, or the next capture would take the slot for one that lost changes.
result<void> change_stream::pass_quiet(connection& on) {
  if (is_inside_ || given_ > acknowledged_) return {};
  if (reached_ < std::max(acknowledged_, passed_) + quiet_bytes_min) return {};
  DW_CHECK(on.open(url_));
  DW_TRY(auto const slot, slot_name(on));
  DW_TRY(auto all, transaction::begin(on));
  DW_CHECK(on.execute("SET LOCAL synchronous_commit = on"));
  DW_TRY(auto const put,
         on.query("INSERT INTO dualwrite.quiet VALUES($1, $2, $3) ON CONFLICT(slot) DO UPDATE SET "
                  "captured = excluded.captured, reached = excluded.reached",
                  {slot, std::to_string(acknowledged_), std::to_string(reached_)}));
  DW_CHECK(all.commit());
  passed_ = reached_;
  return report();
}

// A server that shuts down asks again and again, until all that it sent is acknowledged: it would
// wait for our log, which may wait for it.
result<void> change_stream::answer_ping() {
  auto const now = std::chrono::steady_clock::now();
  if (now - pinged_at_ > pings_within) {
    pinged_at_ = now;
    pings_ = 0;
  }
  if (++pings_ > pings_max) {
    close();
    return error{error_code::app_unreachable, "the server is shutting down"};
  }
  return report();
}

result<void> change_stream::acknowledge(source_position captured) {
  acknowledged_ = std::max(acknowledged_, captured.commit);
  return report();
}

result<void> change_stream::report() {
  std::string message = "r";
  for (int what = 0; what < 3; ++what) put_number(message, std::max(acknowledged_, passed_));
  put_number(message, 0);
  message.push_back('\0');
  return stream_.send(message);
}

result<void> change_stream::remove(connection& on) {
  close();
  DW_CHECK(wait_until_free(on));
  DW_TRY(auto const slot, slot_name(on));
  DW_TRY(auto const dropped,
         on.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE "
                  "slot_name = $1",
                  {slot}));
  DW_CHECK(on.execute("DROP PUBLICATION IF EXISTS " + quoted_name(name_)));
  return on.execute("DROP SCHEMA IF EXISTS dualwrite CASCADE");
}

}  // namespace dualwrite::engine::postgresql
