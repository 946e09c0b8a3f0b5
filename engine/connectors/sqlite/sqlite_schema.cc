#include "engine/connectors/sqlite/sqlite_schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "engine/connectors/sqlite/sqlite_values.h"

namespace dualwrite::engine::sqlite {
namespace {

// Of table_xinfo's column `hidden`.
constexpr std::int64_t virtual_column = 2;
constexpr std::int64_t stored_column = 3;

result<void> read_columns(database& on, table_facts& facts) {
  DW_TRY(auto rows,
         on.prepare("SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden FROM "
                    "pragma_table_xinfo(?1) "
                    "WHERE hidden <> 1 ORDER BY cid"));
  rows.bind_text(0, facts.schema.table);
  std::map<std::int64_t, std::size_t> key;
  while (true) {
    DW_TRY(auto const row, rows.step());
    if (!row) break;
    column_schema column;
    column.name = rows.text(0);
    column.type_name = rows.text(1);
    column.type = type_of(column.type_name);
    auto const key_part = rows.integer(4);
    column.nullable = rows.integer(2) == 0 && key_part == 0;
    column.has_default = rows.integer(3) != 0;
    auto const hidden = rows.integer(5);
    column.generated = hidden == virtual_column || hidden == stored_column;
    if (key_part > 0) key[key_part] = facts.schema.columns.size();
    facts.schema.columns.push_back(std::move(column));
  }
  for (auto const& [part, column] : key) facts.schema.key.push_back(column);
  if (facts.schema.columns.empty()) return error{error_code::table_missing, facts.schema.table};
  // The row's own number, which SQLite gives where it is left out.
  if (key.size() == 1) {
    auto& only = facts.schema.columns[facts.schema.key.front()];
    if (only.type_name == "INTEGER" || only.type_name == "integer") only.has_default = true;
  }
  return {};
}

// What stands between the brackets of CREATE INDEX, parted by commas, without ASC and DESC.
std::vector<std::string> terms_of(std::string const& create_index) {
  std::vector<std::string> out;
  int depth = 0;
  char quote = 0;
  for (auto const letter : create_index) {
    bool const is_quote = letter == '\'' || letter == '"' || letter == '`';
    if (quote == 0 && letter == '(' && ++depth == 1) {
      out.emplace_back();
      continue;
    }
    if (quote == 0 && letter == ')' && --depth == 0) break;
    if (is_quote) quote = quote == 0 ? letter : quote == letter ? '\0' : quote;
    if (quote == 0 && letter == ',' && depth == 1)
      out.emplace_back();
    else if (depth > 0)
      out.back().push_back(letter);
  }
  for (auto& term : out) {
    while (!term.empty() && std::isspace(static_cast<unsigned char>(term.back())) != 0)
      term.pop_back();
    for (std::string_view const order : {" asc", " desc"}) {
      bool const ends = term.size() > order.size() &&
                        strcasecmp(term.c_str() + term.size() - order.size(), order.data()) == 0;
      if (ends) term.erase(term.size() - order.size());
    }
  }
  return out;
}

// Both sides of the comparison are the index's own expression, of the row and of NEW.
std::string clash_of_term(table_schema const& schema, std::string const& term) {
  std::vector<std::string> news;
  for (auto const& column : schema.columns) {
    auto const name = quoted_name(column.name);
    news.push_back(fmt::format("NEW.{0} AS {0}", name));
  }
  return fmt::format("({0}) = (SELECT {0} FROM (SELECT {1}))", term, fmt::join(news, ", "));
}

result<void> read_unique(database& on, table_facts& facts) {
  DW_TRY(
      auto rows,
      on.prepare("SELECT i.name, c.name, c.coll, (SELECT sql FROM sqlite_master WHERE type = "
                 "'index' AND name = i.name) FROM pragma_index_list(?1) i, "
                 "pragma_index_xinfo(i.name) c WHERE i.\"unique\" AND i.origin <> 'pk' AND c.key "
                 "ORDER BY i.seq, c.seqno"));
  rows.bind_text(0, facts.schema.table);
  std::string index;
  while (true) {
    DW_TRY(auto const row, rows.step());
    if (!row) return {};
    bool const is_next = facts.unique.empty() || index != rows.text(0);
    if (is_next) facts.unique.emplace_back();
    index = rows.text(0);
    auto& clashes = facts.unique.back().clashes;
    if (rows.column(3).is == stored::kind::text) {
      // Made by CREATE INDEX, perhaps on expressions.
      if (!is_next) continue;
      for (auto const& term : terms_of(rows.text(3)))
        clashes.push_back(clash_of_term(facts.schema, term));
    } else {
      auto const name = quoted_name(rows.text(1));
      clashes.push_back(fmt::format("{0} = NEW.{0} COLLATE {1}", name, rows.text(2)));
    }
  }
}

result<void> read_references(database& on, table_facts& facts) {
  DW_TRY(auto rows,
         on.prepare("SELECT k.id, k.\"table\", k.\"from\", k.\"to\", m.name "
                    "FROM pragma_foreign_key_list(?1) k LEFT JOIN sqlite_master m ON m.type = "
                    "'table' AND m.name <> k.\"table\" AND m.name = k.\"table\" COLLATE NOCASE "
                    "ORDER BY k.id, k.seq"));
  rows.bind_text(0, facts.schema.table);
  std::int64_t id = -1;
  while (true) {
    DW_TRY(auto const row, rows.step());
    if (!row) return {};
    if (rows.integer(0) != id) facts.references.push_back({rows.text(1), rows.text(4), {}, {}});
    id = rows.integer(0);
    auto& key = facts.references.back();
    if (auto const column = facts.schema.column_named(rows.text(2))) key.columns.push_back(*column);
    if (rows.column(3).is == stored::kind::text) key.referred.push_back(rows.text(3));
  }
}

}  // namespace

result<table_facts> describe_table(database& on, std::string const& table) {
  table_facts facts;
  facts.schema.table = table;
  DW_CHECK(read_columns(on, facts));
  DW_CHECK(read_unique(on, facts));
  DW_CHECK(read_references(on, facts));
  DW_TRY(auto rows, on.prepare("SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main'"));
  rows.bind_text(0, table);
  DW_TRY(auto const row, rows.step());
  facts.has_rowid = !row || rows.integer(0) == 0;
  rows.reset();
  return facts;
}

}  // namespace dualwrite::engine::sqlite
