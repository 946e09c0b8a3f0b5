#include "engine/connectors/sqlite/change_triggers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dualwrite::engine::sqlite {
namespace {

constexpr std::size_t displaced_key_columns = 16;

// quote() ends a text at its first NUL, so such a one is written as T and its bytes.
std::string row_text(table_schema const& schema, char const* row) {
  std::vector<std::string> parts;
  for (auto const& column : schema.columns) {
    parts.push_back(
        fmt::format("CASE WHEN typeof({0}) = 'text' AND instr({0}, char(0)) "
                    "THEN 'T' || quote(CAST({0} AS BLOB)) ELSE quote({0}) END",
                    row + quoted_name(column.name)));
  }
  return fmt::format("{}", fmt::join(parts, "||','||"));
}

std::string note(std::string const& table,
                 change_kind kind,
                 std::string const& old_row,
                 std::string const& new_row) {
  return fmt::format("INSERT INTO _dualwrite_change(kind,tab,at,old,new) VALUES({},{},{},{},{});",
                     static_cast<std::int64_t>(kind),
                     quoted_text(table),
                     now_us,
                     old_row,
                     new_row);
}

std::vector<std::string> key_names(table_facts const& facts) {
  std::vector<std::string> out;
  for (auto const column : facts.schema.key)
    out.push_back(quoted_name(facts.schema.columns[column].name));
  if (out.empty() && facts.has_rowid) out.emplace_back("rowid");
  return out;
}

// A row that REPLACE takes out of the way fires no trigger. Those that stand in the way are noted
// before, and those of them that are gone afterwards were displaced; the key of the new row itself
// is no matter, as it is written again.
bool may_displace(table_facts const& facts) {
  return !facts.unique.empty() && key_names(facts).size() <= displaced_key_columns;
}
std::string note_in_the_way(table_facts const& facts) {
  auto const table = quoted_text(facts.schema.table);
  std::vector<std::string> clashes;
  for (auto const& index : facts.unique) {
    clashes.push_back(fmt::format("({})", fmt::join(index.clashes, " AND ")));
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
  for (std::size_t i = 0; i < keys.size(); ++i)
    equal.push_back(fmt::format("t.{} = d.k{}", keys[i], i));
  auto const table = quoted_text(facts.schema.table);
  return fmt::format(
      "INSERT INTO _dualwrite_change(kind,tab,at,old,new) SELECT {0}, {1}, {2}, d.old, NULL FROM "
      "_dualwrite_displaced d "
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
  for (std::size_t i = 0; i < keys.size(); ++i)
    equal.push_back(fmt::format("d.k{} IS OLD.{}", i, keys[i]));
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

}  // namespace

std::map<std::string, std::string> triggers_of(table_facts const& facts) {
  auto const& table = facts.schema.table;
  auto const old_row = row_text(facts.schema, "OLD.");
  auto const new_row = row_text(facts.schema, "NEW.");
  std::map<std::string, std::string> out;
  auto const add = [&](char const* suffix, std::string const& when, std::string const& body) {
    auto const name = fmt::format("_dualwrite_{}_{}", table, suffix);
    out[name] = fmt::format("CREATE TRIGGER {} {} BEGIN {} END", quoted_name(name), when, body);
  };
  auto const on = " ON " + quoted_name(table);
  // No name is another table's: what each ends in decides which table it is of.
  bool const displaces = may_displace(facts);
  if (displaces) {
    add("insert_before", "BEFORE INSERT" + on, note_in_the_way(facts));
    add("update_before", "BEFORE UPDATE" + on, note_in_the_way(facts));
  }
  add("insert",
      "AFTER INSERT" + on,
      (displaces ? note_displaced(facts, "") : "") + note(table, inserted, "NULL", new_row));
  add("update",
      fmt::format("AFTER UPDATE{} WHEN {}", on, is_changed(facts.schema)),
      (displaces ? note_displaced(facts, but_the_row_itself(facts)) : "") +
          note(table, updated, old_row, new_row));
  add("delete", "AFTER DELETE" + on, note(table, removed, old_row, "NULL"));
  return out;
}

}  // namespace dualwrite::engine::sqlite
