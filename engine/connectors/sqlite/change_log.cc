#include "engine/connectors/sqlite/change_log.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <set>

#include "engine/connectors/sqlite/change_triggers.h"
#include "engine/connectors/sqlite/sqlite_values.h"
#include "events/row_image.h"

namespace dualwrite::engine::sqlite {
namespace {

// One read gives so many bytes of images, and what the last change adds.
constexpr std::size_t read_bytes_max = std::size_t{4} << 20;

constexpr char const* our_tables = R"(
CREATE TABLE IF NOT EXISTS _dualwrite_meta(
  name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _dualwrite_change(
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, tab TEXT NOT NULL,
  at INTEGER NOT NULL, old TEXT, new TEXT,
  chance INTEGER NOT NULL DEFAULT (random() & 0xfffff));
CREATE TABLE IF NOT EXISTS _dualwrite_captured(tab TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _dualwrite_displaced(
  tab TEXT, k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, k12, k13, k14, k15, old TEXT);
INSERT OR IGNORE INTO _dualwrite_meta VALUES('file', random() & 0x7fffffffffffffff);
)";

result<std::map<std::string, std::string>> triggers_there(database& on, std::string const& table) {
  DW_TRY(auto rows,
         on.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE "
                    "'\\_dualwrite\\_%' "
                    "ESCAPE '\\' AND (tbl_name = ?1 OR ?1 = '')"));
  rows.bind_text(0, table);
  std::map<std::string, std::string> out;
  while (true) {
    DW_TRY(auto const row, rows.step());
    if (!row) return out;
    out[rows.text(0)] = rows.text(1);
  }
}

// The statements that drop all of ours.
result<std::string> without_triggers(database& on) {
  DW_TRY(auto const triggers, triggers_there(on, ""));
  std::string sql;
  for (auto const& [name, text] : triggers)
    sql += fmt::format("DROP TRIGGER {};", quoted_name(name));
  return sql;
}

result<std::int64_t> number(database& on, std::string const& sql, std::int64_t otherwise = 0) {
  DW_TRY(auto row, on.prepare(sql));
  DW_TRY(auto const there, row.step());
  auto const out = there ? row.integer(0) : otherwise;
  row.reset();
  return out;
}

result<void> put_mark(database& on, change_kind kind, std::string const& text) {
  DW_TRY(
      auto mark,
      on.prepare(fmt::format(
          "INSERT INTO _dualwrite_change(kind,tab,at,old,new) VALUES(?1,'',{},NULL,?2)", now_us)));
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
  return batch_mark{
      {log_id{parts[0]}, link_id{parts[1]}, static_cast<direction>(parts[2]), lane_id{parts[3]}},
      epoch{parts[4]},
      batch_number{parts[5]}};
}

result<std::string> image_of(table_schema const& schema, std::string const& text) {
  if (text.empty()) return std::string{};
  DW_TRY(auto const values, parse_quoted(text));
  // Columns are added at the end only; a row of before lacks them.
  if (values.size() > schema.columns.size()) {
    return error{error_code::source_rewound,
                 fmt::format("{} was changed while it was captured", schema.table)};
  }
  row_values row;
  for (std::size_t i = 0; i < values.size(); ++i)
    row.push_back(to_value(values[i], schema.columns[i]));
  return encode_row(row);
}

}  // namespace

result<void> change_log::install(database& on) {
  return on.execute(our_tables);
}

result<void> change_log::end(database& on) {
  tables_.clear();
  triggers_.clear();
  DW_TRY(auto all, transaction::begin(on));
  DW_CHECK(install(on));
  DW_TRY(auto sql, without_triggers(on));
  sql +=
      "DELETE FROM _dualwrite_captured; DELETE FROM _dualwrite_displaced; "
      "DELETE FROM _dualwrite_change;";
  DW_CHECK(on.execute(sql));
  return all.commit();
}

result<void> change_log::remove(database& on) {
  DW_TRY(auto sql, without_triggers(on));
  for (auto const* table :
       {"meta", "change", "captured", "displaced", "lane", "place", "outcome"}) {
    sql += fmt::format("DROP TABLE IF EXISTS _dualwrite_{};", table);
  }
  return on.execute(sql);
}

result<source_position> head_of(database& on) {
  DW_TRY(auto const file, number(on, "SELECT value FROM _dualwrite_meta WHERE name = 'file'"));
  auto const sql = fmt::format(
      "SELECT id << {} | chance FROM _dualwrite_change ORDER BY id DESC LIMIT 1", chance_bits);
  DW_TRY(auto const last, number(on, sql));
  return source_position{static_cast<std::uint64_t>(file), static_cast<std::uint64_t>(last)};
}

result<source_position> change_log::open(database& on,
                                         std::vector<std::string> const& tables,
                                         std::optional<source_progress> known) {
  DW_TRY(auto all, transaction::begin(on));
  DW_CHECK(install(on));
  DW_TRY(auto const head, head_of(on));
  if (known && known->captured.incarnation != head.incarnation) {
    return error{error_code::source_rewound, "this is another file than the one that was captured"};
  }
  if (known) {
    auto const sql =
        fmt::format("SELECT count(*) FROM _dualwrite_change WHERE id = {} AND chance = {}",
                    known->captured.commit >> chance_bits,
                    known->captured.commit & ((1U << chance_bits) - 1));
    DW_TRY(auto const there, number(on, sql));
    if (there == 0 || known->read >> chance_bits > head.commit >> chance_bits)
      return error{error_code::source_rewound,
                   "the file is an older copy of the one that was captured"};
  }
  DW_TRY(auto const listed, on.prepare("SELECT tab FROM _dualwrite_captured"));
  std::set<std::string> captured;
  for (auto rows = listed;;) {
    DW_TRY(auto const row, rows.step());
    if (!row) break;
    captured.insert(rows.text(0));
  }
  tables_.clear();
  triggers_.clear();
  in_batch_ = continues_ = false;
  for (auto const& table : tables) {
    DW_TRY(auto facts, describe_table(on, table));
    DW_TRY(auto const there, triggers_there(on, table));
    if (known && captured.contains(table) && there.empty()) {
      return error{error_code::source_rewound,
                   table + " was rebuilt, or its triggers were dropped"};
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
  if (!known) DW_CHECK(put_mark(on, starts, ""));
  DW_TRY(auto const now, head_of(on));
  DW_CHECK(all.commit());
  DW_TRY(schema_version_, number(on, "PRAGMA schema_version"));
  file_ = head.incarnation;
  auto const at = known ? known->captured.commit : now.commit;
  read_ = static_cast<std::int64_t>(at >> chance_bits);
  return source_position{file_, at};
}

result<void> change_log::capture_table(database& on, std::string const& table) {
  DW_TRY(auto const there, triggers_there(on, table));
  auto const wanted = triggers_of(tables_.at(table));
  for (auto const& [name, sql] : there) {
    auto const keep = wanted.find(name);
    if (keep == wanted.end() || keep->second != sql)
      DW_CHECK(on.execute("DROP TRIGGER " + quoted_name(name)));
  }
  for (auto const& [name, sql] : wanted) {
    auto const same = there.find(name);
    if (same == there.end() || same->second != sql) DW_CHECK(on.execute(sql));
    triggers_[name] = sql;
  }
  return on.execute(
      fmt::format("INSERT OR IGNORE INTO _dualwrite_captured VALUES({})", quoted_text(table)));
}

// Whoever changed the schema may have taken our triggers away, by rebuilding a table if not by
// intent.
result<void> change_log::check_triggers(database& on) {
  DW_TRY(auto const version, number(on, "PRAGMA schema_version"));
  if (version == schema_version_) return {};
  // A table that is gone concerns its own maps only.
  std::map<std::string, table_facts> now;
  for (auto const& [table, facts] : tables_) {
    DW_TRY(now[table], describe_table(on, table));
  }
  DW_TRY(auto const there, triggers_there(on, ""));
  for (auto const& [name, sql] : triggers_) {
    auto const found = there.find(name);
    if (found == there.end())
      return error{error_code::source_rewound,
                   fmt::format("the trigger {} is gone: changes may have been missed", name)};
    if (found->second != sql)
      return error{
          error_code::source_rewound,
          fmt::format("the trigger {} was changed, by a renamed column or by hand: changes "
                      "may have been missed",
                      name)};
  }
  for (auto const& [table, facts] : tables_) {
    // Or it has another unique index, which rows may be displaced by.
    if (now[table].schema != facts.schema || triggers_of(now[table]) != triggers_of(facts))
      return error{error_code::table_changed, table};
  }
  schema_version_ = version;
  return {};
}

result<std::vector<captured_transaction>> change_log::read(database& on,
                                                           std::size_t limit,
                                                           std::size_t rows_max) {
  std::vector<captured_transaction> out;
  DW_TRY(auto const snapshot, transaction::begin(on, "BEGIN"));
  DW_CHECK(check_triggers(on));
  DW_TRY(
      auto rows,
      on.prepare("SELECT id, kind, tab, at, old, new, chance FROM _dualwrite_change WHERE id > ?1 "
                 "ORDER BY id"));
  rows.bind(0, read_);
  std::size_t count = 0;
  std::size_t bytes = 0;
  continues_ = false;
  while ((count < rows_max && bytes < read_bytes_max) || in_batch_) {
    DW_TRY(auto const row, rows.step());
    if (!row) break;
    auto const kind = rows.integer(1);
    bool const begins = kind == batch_begins || (kind != starts && !continues_);
    if (begins && out.size() == limit) break;
    DW_TRY(auto const taken, take(rows, out));
    bytes += taken;
    ++count;
  }
  rows.reset();
  return out;
}

result<std::size_t> change_log::take(statement const& row, std::vector<captured_transaction>& out) {
  auto const id = row.integer(0);
  auto const kind = row.integer(1);
  read_ = id;
  if (kind == starts) return 0;
  if (kind == batch_begins || !continues_) {
    out.emplace_back();
    continues_ = true;
  }
  auto& transaction = out.back();
  transaction.position = {file_, static_cast<std::uint64_t>(id << chance_bits | row.integer(6))};
  transaction.committed_at = instant{row.integer(3)};
  if (kind == batch_begins) {
    transaction.mark = parse_mark(row.text(5));
    in_batch_ = true;
    return 0;
  }
  if (kind == batch_ends) {
    in_batch_ = false;
    continues_ = false;
    return 0;
  }
  auto const table = tables_.find(row.text(2));
  if (table == tables_.end()) return 0;
  captured_row change;
  change.table = table->first;
  change.op = static_cast<operation>(kind);
  DW_TRY(change.before, image_of(table->second.schema, row.text(4)));
  DW_TRY(change.after, image_of(table->second.schema, row.text(5)));
  auto const bytes = change.before.size() + change.after.size();
  transaction.rows.push_back(std::move(change));
  return bytes;
}

result<void> change_log::acknowledge(database& on, source_position captured) {
  DW_TRY(auto gone, on.prepare("DELETE FROM _dualwrite_change WHERE id < ?1"));
  gone.bind(0, static_cast<std::int64_t>(captured.commit >> chance_bits));
  return gone.run();
}

result<bool> is_captured(database& on) {
  DW_TRY(auto const is, number(on, "SELECT EXISTS(SELECT 1 FROM _dualwrite_captured)"));
  return is != 0;
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

result<void> end_batch(database& on) {
  return put_mark(on, batch_ends, "");
}

}  // namespace dualwrite::engine::sqlite
