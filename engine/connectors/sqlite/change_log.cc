#include "engine/connectors/sqlite/change_log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <set>

#include "engine/connectors/sqlite/sqlite_values.h"
#include "events/row_image.h"

namespace dualwrite::engine::sqlite {
namespace {

// Of _dualwrite_change.kind; never renumber.
enum change_kind : std::int64_t { inserted = 0, updated = 1, removed = 2, batch_begins = 3, batch_ends = 4, starts = 5 };

constexpr std::size_t displaced_key_columns = 8;

constexpr char const* now_us = "CAST((julianday('now')-2440587.5)*86400000000.0 AS INTEGER)";

constexpr char const* our_tables = R"(
CREATE TABLE IF NOT EXISTS _dualwrite_meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _dualwrite_change(
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, tab TEXT NOT NULL, at INTEGER NOT NULL, old TEXT, new TEXT);
CREATE TABLE IF NOT EXISTS _dualwrite_captured(tab TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _dualwrite_displaced(tab TEXT, k0, k1, k2, k3, k4, k5, k6, k7, old TEXT);
INSERT OR IGNORE INTO _dualwrite_meta VALUES('file', random() & 0x7fffffffffffffff);
)";

std::string row_text(table_schema const& schema, char const* row) {
  std::vector<std::string> parts;
  for (auto const& column : schema.columns) {
    parts.push_back(fmt::format("quote({}{})", row, quoted_name(column.name)));
  }
  return fmt::format("{}", fmt::join(parts, "||','||"));
}

std::string note(std::string const& table, change_kind kind, std::string const& old_row, std::string const& new_row) {
  return fmt::format("INSERT INTO _dualwrite_change(kind,tab,at,old,new) VALUES({},{},{},{},{});",
                     static_cast<std::int64_t>(kind),
                     quoted_text(table),
                     now_us,
                     old_row,
                     new_row);
}

std::vector<std::string> key_names(table_facts const& facts) {
  std::vector<std::string> out;
  for (auto const column : facts.schema.key) out.push_back(quoted_name(facts.schema.columns[column].name));
  if (out.empty() && facts.has_rowid) out.emplace_back("rowid");
  return out;
}

// A row that REPLACE takes out of the way fires no trigger. Those that stand in the way are noted before, and those of them
// that are gone afterwards were displaced; the key of the new row itself is no matter, as it is written again.
bool may_displace(table_facts const& facts) {
  return !facts.unique.empty() && key_names(facts).size() <= displaced_key_columns;
}
std::string note_in_the_way(table_facts const& facts) {
  auto const table = quoted_text(facts.schema.table);
  std::vector<std::string> clashes;
  for (auto const& index : facts.unique) {
    std::vector<std::string> equal;
    for (auto const column : index.columns) {
      auto const name = quoted_name(facts.schema.columns[column].name);
      equal.push_back(fmt::format("{} = NEW.{}", name, name));
    }
    clashes.push_back(fmt::format("({})", fmt::join(equal, " AND ")));
  }
  auto keys = key_names(facts);
  keys.resize(displaced_key_columns, "NULL");
  return fmt::format(
      "DELETE FROM _dualwrite_displaced WHERE tab = {0}; "
      "INSERT INTO _dualwrite_displaced SELECT {0}, {1}, {2} FROM {3} WHERE {4};",
      table,
      fmt::join(keys, ", "),
      row_text(facts.schema, ""),
      quoted_name(facts.schema.table),
      fmt::join(clashes, " OR "));
}
std::string note_displaced(table_facts const& facts, std::string const& but) {
  std::vector<std::string> equal;
  auto const keys = key_names(facts);
  for (std::size_t i = 0; i < keys.size(); ++i) equal.push_back(fmt::format("t.{} = d.k{}", keys[i], i));
  auto const table = quoted_text(facts.schema.table);
  return fmt::format(
      "INSERT INTO _dualwrite_change(kind,tab,at,old,new) SELECT {0}, {1}, {2}, d.old, NULL FROM _dualwrite_displaced d "
      "WHERE d.tab = {1} AND NOT EXISTS (SELECT 1 FROM {3} t WHERE {4}){5}; "
      "DELETE FROM _dualwrite_displaced WHERE tab = {1};",
      static_cast<std::int64_t>(removed),
      table,
      now_us,
      quoted_name(facts.schema.table),
      fmt::join(equal, " AND "),
      but);
}
// An update moves its own row away from its old key, which is not displaced by that.
std::string but_the_row_itself(table_facts const& facts) {
  std::vector<std::string> equal;
  auto const keys = key_names(facts);
  for (std::size_t i = 0; i < keys.size(); ++i) equal.push_back(fmt::format("d.k{} IS OLD.{}", i, keys[i]));
  return fmt::format(" AND NOT ({})", fmt::join(equal, " AND "));
}

std::string is_changed(table_schema const& schema) {
  std::vector<std::string> parts;
  for (auto const& column : schema.columns) {
    auto const name = quoted_name(column.name);
    parts.push_back(fmt::format("OLD.{} IS NOT NEW.{}", name, name));
  }
  return fmt::format("{}", fmt::join(parts, " OR "));
}

std::map<std::string, std::string> triggers_of(table_facts const& facts) {
  auto const& table = facts.schema.table;
  auto const old_row = row_text(facts.schema, "OLD.");
  auto const new_row = row_text(facts.schema, "NEW.");
  std::map<std::string, std::string> out;
  auto const add = [&](char const* suffix, std::string const& when, std::string const& body) {
    auto const name = fmt::format("_dualwrite_{}_{}", table, suffix);
    out[name] =
        fmt::format("CREATE TRIGGER {} {} BEGIN {} END", quoted_name(name), when, body);
  };
  auto const on = " ON " + quoted_name(table);
  bool const displaces = may_displace(facts);
  if (displaces) {
    add("before_insert", "BEFORE INSERT" + on, note_in_the_way(facts));
    add("before_update", "BEFORE UPDATE" + on, note_in_the_way(facts));
  }
  add("insert",
      "AFTER INSERT" + on,
      (displaces ? note_displaced(facts, "") : "") + note(table, inserted, "NULL", new_row));
  add("update",
      fmt::format("AFTER UPDATE{} WHEN {}", on, is_changed(facts.schema)),
      (displaces ? note_displaced(facts, but_the_row_itself(facts)) : "") + note(table, updated, old_row, new_row));
  add("delete", "AFTER DELETE" + on, note(table, removed, old_row, "NULL"));
  return out;
}

result<std::map<std::string, std::string>> triggers_there(database& on, std::string const& table) {
  DW_TRY(auto rows,
         on.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '\\_dualwrite\\_%' "
                    "ESCAPE '\\' AND (tbl_name = ?1 OR ?1 = '')"));
  rows.bind_text(0, table);
  std::map<std::string, std::string> out;
  while (true) {
    DW_TRY(auto const row, rows.step());
    if (!row) return out;
    out[rows.text(0)] = rows.text(1);
  }
}

result<std::int64_t> number(database& on, std::string const& sql, std::int64_t otherwise = 0) {
  DW_TRY(auto row, on.prepare(sql));
  DW_TRY(auto const there, row.step());
  auto const out = there ? row.integer(0) : otherwise;
  row.reset();
  return out;
}

result<void> put_mark(database& on, change_kind kind, std::string const& text) {
  DW_TRY(auto mark,
         on.prepare(fmt::format("INSERT INTO _dualwrite_change(kind,tab,at,old,new) VALUES(?1,'',{},NULL,?2)", now_us)));
  mark.bind(0, static_cast<std::int64_t>(kind)).bind_text(1, text);
  return mark.run();
}

std::optional<batch_mark> parse_mark(std::string_view text) {
  std::array<std::uint64_t, 6> parts{};
  for (auto& part : parts) {
    auto const read = std::from_chars(text.data(), text.data() + text.size(), part);
    if (read.ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return batch_mark{{log_id{parts[0]}, link_id{parts[1]}, static_cast<direction>(parts[2]), lane_id{parts[3]}},
                    epoch{parts[4]},
                    batch_number{parts[5]}};
}

result<std::string> image_of(table_schema const& schema, std::string const& text) {
  if (text.empty()) return std::string{};
  DW_TRY(auto const values, parse_quoted(text));
  if (values.size() != schema.columns.size()) {
    return error{error_code::source_rewound, fmt::format("{} was changed while it was captured", schema.table)};
  }
  row_values row;
  for (std::size_t i = 0; i < values.size(); ++i) row.push_back(to_value(values[i], schema.columns[i]));
  return encode_row(row);
}

}  // namespace

result<void> change_log::install(database& on) { return on.execute(our_tables); }

result<void> change_log::remove(database& on) {
  DW_TRY(auto const triggers, triggers_there(on, ""));
  std::string sql;
  for (auto const& [name, text] : triggers) sql += fmt::format("DROP TRIGGER {};", quoted_name(name));
  for (auto const* table : {"meta", "change", "captured", "displaced", "lane", "place"}) {
    sql += fmt::format("DROP TABLE IF EXISTS _dualwrite_{};", table);
  }
  return on.execute(sql);
}

result<source_position> head_of(database& on) {
  DW_TRY(auto const file, number(on, "SELECT value FROM _dualwrite_meta WHERE name = 'file'"));
  DW_TRY(auto const last, number(on, "SELECT seq FROM sqlite_sequence WHERE name = '_dualwrite_change'"));
  return source_position{static_cast<std::uint64_t>(file), static_cast<std::uint64_t>(last)};
}

result<source_position> change_log::open(database& on,
                                         std::vector<std::string> const& tables,
                                         std::optional<source_position> after) {
  DW_TRY(auto all, transaction::begin(on));
  DW_CHECK(install(on));
  DW_TRY(auto const head, head_of(on));
  if (after && after->incarnation != head.incarnation) {
    return error{error_code::source_rewound, "this is another file than the one that was captured"};
  }
  if (after) {
    auto const sql = fmt::format("SELECT count(*) FROM _dualwrite_change WHERE id = {}", after->commit);
    DW_TRY(auto const there, number(on, sql));
    if (there == 0) return error{error_code::source_rewound, "the file is an older copy of the one that was captured"};
  }
  DW_TRY(auto const known, on.prepare("SELECT tab FROM _dualwrite_captured"));
  std::set<std::string> captured;
  for (auto rows = known;;) {
    DW_TRY(auto const row, rows.step());
    if (!row) break;
    captured.insert(rows.text(0));
  }
  tables_.clear();
  triggers_.clear();
  for (auto const& table : tables) {
    DW_TRY(auto facts, describe_table(on, table));
    DW_TRY(auto const there, triggers_there(on, table));
    if (after && captured.contains(table) && there.empty()) {
      return error{error_code::source_rewound, table + " was rebuilt, or its triggers were dropped"};
    }
    tables_[table] = std::move(facts);
    DW_CHECK(capture_table(on, table));
    captured.erase(table);
  }
  for (auto const& table : captured) {
    DW_TRY(auto const there, triggers_there(on, table));
    for (auto const& [name, sql] : there) DW_CHECK(on.execute("DROP TRIGGER " + quoted_name(name)));
    DW_CHECK(on.execute("DELETE FROM _dualwrite_captured WHERE tab = " + quoted_text(table)));
  }
  if (!after) DW_CHECK(put_mark(on, starts, ""));
  DW_TRY(auto const now, head_of(on));
  DW_CHECK(all.commit());
  DW_TRY(schema_version_, number(on, "PRAGMA schema_version"));
  file_ = head.incarnation;
  read_ = static_cast<std::int64_t>(after ? after->commit : now.commit);
  return source_position{file_, static_cast<std::uint64_t>(read_)};
}

result<void> change_log::capture_table(database& on, std::string const& table) {
  DW_TRY(auto const there, triggers_there(on, table));
  auto const wanted = triggers_of(tables_.at(table));
  for (auto const& [name, sql] : there) {
    auto const keep = wanted.find(name);
    if (keep == wanted.end() || keep->second != sql) DW_CHECK(on.execute("DROP TRIGGER " + quoted_name(name)));
  }
  for (auto const& [name, sql] : wanted) {
    auto const same = there.find(name);
    if (same == there.end() || same->second != sql) DW_CHECK(on.execute(sql));
    triggers_[name] = sql;
  }
  return on.execute(fmt::format("INSERT OR IGNORE INTO _dualwrite_captured VALUES({})", quoted_text(table)));
}

// Whoever changed the schema may have taken our triggers away, by rebuilding a table if not by intent.
result<void> change_log::check_triggers(database& on) {
  DW_TRY(auto const version, number(on, "PRAGMA schema_version"));
  if (version == schema_version_) return {};
  DW_TRY(auto const there, triggers_there(on, ""));
  for (auto const& [name, sql] : triggers_) {
    auto const found = there.find(name);
    if (found == there.end() || found->second != sql) {
      return error{error_code::source_rewound, fmt::format("the trigger {} is gone: changes may have been missed", name)};
    }
  }
  for (auto const& [table, facts] : tables_) {
    DW_TRY(auto const now, describe_table(on, table));
    if (now.schema != facts.schema) return error{error_code::app_unreachable, table + " was altered; it is read again"};
  }
  schema_version_ = version;
  return {};
}

result<std::vector<captured_transaction>> change_log::read(database& on, std::size_t rows_max) {
  std::vector<captured_transaction> out;
  DW_TRY(auto const snapshot, transaction::begin(on, "BEGIN"));
  DW_CHECK(check_triggers(on));
  DW_TRY(auto rows, on.prepare("SELECT id, kind, tab, at, old, new FROM _dualwrite_change WHERE id > ?1 ORDER BY id"));
  rows.bind(0, read_);
  std::size_t count = 0;
  continues_ = false;
  while (count < rows_max || in_batch_) {
    DW_TRY(auto const row, rows.step());
    if (!row) break;
    DW_CHECK(take(rows, out));
    ++count;
  }
  rows.reset();
  return out;
}

result<void> change_log::take(statement const& row, std::vector<captured_transaction>& out) {
  auto const id = row.integer(0);
  auto const kind = row.integer(1);
  read_ = id;
  if (kind == starts) return {};
  if (kind == batch_begins || !continues_) {
    out.emplace_back();
    continues_ = true;
  }
  auto& transaction = out.back();
  transaction.position = {file_, static_cast<std::uint64_t>(id)};
  transaction.committed_at = instant{row.integer(3)};
  if (kind == batch_begins) {
    transaction.mark = parse_mark(row.text(5));
    in_batch_ = true;
    return {};
  }
  if (kind == batch_ends) {
    in_batch_ = false;
    continues_ = false;
    return {};
  }
  auto const table = tables_.find(row.text(2));
  if (table == tables_.end()) return {};
  captured_row change;
  change.table = table->first;
  change.op = static_cast<operation>(kind);
  DW_TRY(change.before, image_of(table->second.schema, row.text(4)));
  DW_TRY(change.after, image_of(table->second.schema, row.text(5)));
  transaction.rows.push_back(std::move(change));
  return {};
}

result<void> change_log::acknowledge(database& on, source_position captured) {
  DW_TRY(auto gone, on.prepare("DELETE FROM _dualwrite_change WHERE id < ?1"));
  gone.bind(0, static_cast<std::int64_t>(captured.commit));
  return gone.run();
}

result<void> begin_batch(database& on, batch_mark const& mark) {
  return put_mark(on,
                  batch_begins,
                  fmt::format("{},{},{},{},{},{}",
                              mark.lane.log.value,
                              mark.lane.link.value,
                              static_cast<unsigned>(mark.lane.way),
                              mark.lane.lane.value,
                              mark.session.value,
                              mark.batch.value));
}

result<void> end_batch(database& on) { return put_mark(on, batch_ends, ""); }

}  // namespace dualwrite::engine::sqlite
