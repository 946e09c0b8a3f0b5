#include "engine/connectors/sqlite/row_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/connectors/sqlite/sqlite_values.h"

namespace dualwrite::engine::sqlite {
namespace {

std::string name_of(table_schema const& schema, std::size_t column) {
  return quoted_name(schema.columns[column].name);
}

std::string key_condition(table_schema const& schema,
                          std::vector<std::size_t> const& columns,
                          std::size_t first) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    parts.push_back(fmt::format("{} = ?{}", name_of(schema, columns[i]), first + i + 1));
  }
  return fmt::format("{}", fmt::join(parts, " AND "));
}

result<void> bind_values(statement& to,
                         table_schema const& schema,
                         std::vector<std::size_t> const& columns,
                         row_values const& values,
                         std::size_t first) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    DW_TRY(auto const one, to_stored(values[i], schema.columns[columns[i]]));
    to.bind(static_cast<int>(first + i), one);
  }
  return {};
}

// "UNIQUE constraint failed: account.email" names the column.
std::string column_in(std::string const& message, std::string const& table) {
  auto const at = message.find(table + ".");
  if (at == std::string::npos) return {};
  auto const begin = at + table.size() + 1;
  return message.substr(begin, message.find(',', begin) - begin);
}

// "UNIQUE constraint failed: account.country, account.number"; nothing where an index on
// expressions is named.
std::vector<std::size_t> columns_in(std::string const& message, table_schema const& schema) {
  std::vector<std::size_t> out;
  auto const name = schema.table + ".";
  for (auto at = message.find(name); at != std::string::npos; at = message.find(name, at)) {
    at += name.size();
    auto const column = schema.column_named(message.substr(at, message.find(", " + name, at) - at));
    if (!column) return {};
    out.push_back(*column);
  }
  return out;
}

bool is_taken(std::string const& code) {
  return code == "SQLITE_CONSTRAINT_UNIQUE" || code == "SQLITE_CONSTRAINT_PRIMARYKEY";
}

constexpr char const* before_row = "SAVEPOINT dualwrite_row";
constexpr char const* keep_row = "RELEASE dualwrite_row";
constexpr char const* drop_row = "ROLLBACK TO dualwrite_row; RELEASE dualwrite_row";

}  // namespace

result<row_writer::known_table const*> row_writer::table(std::string const& name) {
  auto const known = tables_.find(name);
  if (known != tables_.end()) return &known->second;
  known_table fresh;
  DW_TRY(fresh.facts, describe_table(on_, name));
  fresh.fingerprint = fingerprint(fresh.facts.schema);
  DW_TRY(auto rows,
         on_.prepare("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1 "
                     "AND name NOT LIKE '\\_dualwrite\\_%' ESCAPE '\\'"));
  rows.bind_text(0, name);
  DW_TRY(auto const there, rows.step());
  fresh.has_rules = there && rows.integer(0) > 0;
  rows.reset();
  return &tables_.emplace(name, std::move(fresh)).first->second;
}

result<void> row_writer::check(std::span<table_form const> forms) {
  DW_TRY(auto rows, on_.prepare("PRAGMA schema_version"));
  DW_TRY(auto const there, rows.step());
  auto const version = there ? rows.integer(0) : 0;
  rows.reset();
  if (version != schema_version_) forget();
  schema_version_ = version;
  for (auto const& form : forms) {
    DW_TRY(auto const* now, table(form.table));
    if (now->fingerprint != form.fingerprint) return error{error_code::table_changed, form.table};
  }
  return {};
}

result<std::optional<std::vector<write_result>>> row_writer::write(write_list const& writes,
                                                                   refusals& refused,
                                                                   bool checks_deferred) {
  std::vector<write_result> results;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    auto const& wish = writes[i];
    auto const known = refused.find(i);
    if (known != refused.end()) {
      results.push_back(known->second);
      continue;
    }
    if (wish.behind && holds_back(writes[*wish.behind], results[*wish.behind])) {
      results.emplace_back().effect = write_effect::held;
      continue;
    }
    DW_TRY(auto const* of, table(wish.table));
    DW_TRY(auto one, guarded(wish, *of, checks_deferred));
    if (one.effect == write_effect::refused && wish.whole_group) {
      // The others of its source transaction are refused for its sake.
      for (std::size_t other = 0; other < writes.size(); ++other) {
        if (writes[other].group == wish.group && other != i) {
          auto& with = refused[other];
          with.effect = write_effect::refused;
          with.kind = one.kind;
          with.code = "TRANSACTION";
          with.text = "another row of the same source transaction was refused: " + one.text;
          with.for_group = true;
        }
      }
      refused[i] = one;
      return std::optional<std::vector<write_result>>{};
    }
    if (!on_.in_transaction()) {
      refused[i] = std::move(one);
      return std::optional<std::vector<write_result>>{};
    }
    results.push_back(std::move(one));
  }
  return std::optional{std::move(results)};
}

// A statement that fails takes back its own changes, unless a trigger of the app asks for something
// else.
result<write_result> row_writer::guarded(target_write const& wish,
                                         known_table const& of,
                                         bool checks_deferred) {
  bool const guards = of.has_rules || checks_deferred;
  if (!guards) return write_one(wish, of);
  DW_CHECK(on_.execute(before_row));
  DW_TRY(auto one, write_one(wish, of));
  if (!on_.in_transaction()) return one;
  if (one.effect != write_effect::refused && checks_deferred && on_.deferred_breaches() != 0) {
    one = refusal(wish, error{error_code::row_refused, "FOREIGN KEY constraint failed"});
    one.code = "SQLITE_CONSTRAINT_FOREIGNKEY";
    one.references = missing_reference(wish, of);
  }
  DW_CHECK(on_.execute(one.effect == write_effect::refused ? drop_row : keep_row));
  return one;
}

result<write_result> row_writer::write_one(target_write const& wish, known_table const& of) {
  if (wish.kind == write_kind::remove) return remove(wish, of);
  std::optional<row_values> there;
  bool under_old = false;
  if (wish.old_key) {
    DW_TRY(there, find(wish, of, *wish.old_key));
    under_old = there.has_value();
  }
  if (!there) {
    DW_TRY(there, find(wish, of, wish.key));
  }
  write_result out;
  if (!there) {
    if (wish.kind != write_kind::update) return insert(wish, of);
    out.effect = write_effect::missing;
    return out;
  }
  if (*there == wish.values) return out;
  if (wish.kind == write_kind::insert_if_absent) {
    out.effect = write_effect::kept;
    return out;
  }
  return update(wish, of, under_old ? *wish.old_key : wish.key);
}

result<std::optional<row_values>> row_writer::find(target_write const& wish,
                                                   known_table const& of,
                                                   row_values const& key) {
  auto const& schema = of.facts.schema;
  std::vector<std::string> names;
  for (auto const column : wish.columns) names.push_back(name_of(schema, column));
  if (names.empty()) names.emplace_back("1");
  DW_TRY(auto row,
         on_.prepare(fmt::format("SELECT {} FROM {} WHERE {}",
                                 fmt::join(names, ", "),
                                 quoted_name(schema.table),
                                 key_condition(schema, wish.key_columns, 0))));
  auto const bound = bind_values(row, schema, wish.key_columns, key, 0);
  // A key that cannot be stored is not there.
  if (!bound) return std::optional<row_values>{};
  DW_TRY(auto const there, row.step());
  if (!there) return std::optional<row_values>{};
  row_values values;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    values.push_back(to_value(row.column(static_cast<int>(i)), schema.columns[wish.columns[i]]));
  }
  row.reset();
  return std::optional{std::move(values)};
}

result<write_result> row_writer::insert(target_write const& wish, known_table const& of) {
  auto const& schema = of.facts.schema;
  std::vector<std::string> names;
  std::vector<std::string> places;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    names.push_back(name_of(schema, wish.columns[i]));
    places.push_back(fmt::format("?{}", i + 1));
  }
  auto row = on_.prepare(fmt::format("INSERT INTO {}({}) VALUES({})",
                                     quoted_name(schema.table),
                                     fmt::join(names, ", "),
                                     fmt::join(places, ", ")));
  if (!row) return refusal(wish, row.error());
  auto const bound = bind_values(*row, schema, wish.columns, wish.values, 0);
  if (!bound) return refusal(wish, bound.error());
  return ran(row->run(), write_effect::inserted, wish, of);
}

result<write_result> row_writer::update(target_write const& wish,
                                        known_table const& of,
                                        row_values const& there_under) {
  auto const& schema = of.facts.schema;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    parts.push_back(fmt::format("{} = ?{}", name_of(schema, wish.columns[i]), i + 1));
  }
  auto row = on_.prepare(fmt::format("UPDATE {} SET {} WHERE {}",
                                     quoted_name(schema.table),
                                     fmt::join(parts, ", "),
                                     key_condition(schema, wish.key_columns, wish.columns.size())));
  if (!row) return refusal(wish, row.error());
  auto bound = bind_values(*row, schema, wish.columns, wish.values, 0);
  if (bound) bound = bind_values(*row, schema, wish.key_columns, there_under, wish.columns.size());
  if (!bound) return refusal(wish, bound.error());
  return ran(row->run(), write_effect::updated, wish, of);
}

result<write_result> row_writer::remove(target_write const& wish, known_table const& of) {
  auto const& schema = of.facts.schema;
  DW_TRY(auto row,
         on_.prepare(fmt::format("DELETE FROM {} WHERE {}",
                                 quoted_name(schema.table),
                                 key_condition(schema, wish.key_columns, 0))));
  auto const bound = bind_values(row, schema, wish.key_columns, wish.key, 0);
  if (!bound) return write_result{};
  DW_TRY(auto out, ran(row.run(), write_effect::removed, wish, of));
  if (out.effect == write_effect::removed && on_.changes() == 0) out.effect = write_effect::equal;
  return out;
}

result<write_result> row_writer::ran(result<void> how,
                                     write_effect effect,
                                     target_write const& wish,
                                     known_table const& of) {
  if (how) {
    write_result out;
    out.effect = effect;
    return out;
  }
  auto const why = how.error();
  bool const of_the_row =
      why.code == error_code::row_refused || why.code == error_code::table_missing;
  if (!of_the_row) return why;
  auto out = refusal(wish, why);
  out.code = code_name(on_.extended_code());
  if (out.code == "SQLITE_CONSTRAINT_FOREIGNKEY") {
    out.references = missing_reference(wish, of);
    if (!out.references && may_be_referred_to(wish)) out.kind = fault_class::dependency;
  }
  if (is_taken(out.code)) {
    DW_TRY(out.taken_by, taker(wish, of, out.text));
  }
  return out;
}

write_result row_writer::refusal(target_write const& wish, error const& why) {
  write_result out;
  out.effect = write_effect::refused;
  out.kind = why.code == error_code::table_missing ? fault_class::schema
             : why.code == error_code::row_refused ? fault_class::application
                                                   : fault_class::bad_request;
  out.code = std::string(dualwrite::name_of(why.code));
  out.text = why.detail;
  out.column = column_in(why.detail, wish.table);
  return out;
}

// SQLite does not say which row has it.
result<std::optional<referenced_row>> row_writer::taker(target_write const& wish,
                                                        known_table const& of,
                                                        std::string const& message) {
  std::optional<referenced_row> out;
  auto const& schema = of.facts.schema;
  auto const columns = columns_in(message, schema);
  row_values wanted;
  for (auto const column : columns) {
    auto const given = std::find(wish.columns.begin(), wish.columns.end(), column);
    if (given == wish.columns.end()) return out;
    wanted.push_back(wish.values[static_cast<std::size_t>(given - wish.columns.begin())]);
  }
  if (columns.empty()) return out;
  std::vector<std::string> names;
  for (auto const column : wish.key_columns) names.push_back(name_of(schema, column));
  DW_TRY(auto row,
         on_.prepare(fmt::format("SELECT {} FROM {} WHERE {} AND NOT ({})",
                                 fmt::join(names, ", "),
                                 quoted_name(schema.table),
                                 key_condition(schema, columns, 0),
                                 key_condition(schema, wish.key_columns, columns.size()))));
  DW_CHECK(bind_values(row, schema, columns, wanted, 0));
  auto const& own = wish.old_key ? *wish.old_key : wish.key;
  DW_CHECK(bind_values(row, schema, wish.key_columns, own, columns.size()));
  DW_TRY(auto const there, row.step());
  if (!there) return out;
  referenced_row found{wish.table, wish.key_columns, {}};
  for (std::size_t i = 0; i < wish.key_columns.size(); ++i) {
    auto const at = static_cast<int>(i);
    found.values.push_back(to_value(row.column(at), schema.columns[wish.key_columns[i]]));
  }
  row.reset();
  out = std::move(found);
  return out;
}

// SQLite does not say which row it misses.
std::optional<referenced_row> row_writer::missing_reference(target_write const& wish,
                                                            known_table const& of) {
  if (wish.kind == write_kind::remove) return std::nullopt;
  for (auto const& key : of.facts.references) {
    referenced_row wanted;
    wanted.table = key.table;
    wanted.also_named = key.also_named;
    auto const parent = table(key.table);
    if (!parent) continue;
    auto const& schema = (*parent)->facts.schema;
    bool complete = true;
    for (std::size_t i = 0; i < key.columns.size(); ++i) {
      auto const given = std::find(wish.columns.begin(), wish.columns.end(), key.columns[i]);
      auto const target =
          key.referred.empty()
              ? (i < schema.key.size() ? std::optional(schema.key[i]) : std::nullopt)
              : schema.column_named(key.referred[i]);
      complete = given != wish.columns.end() && target.has_value();
      if (!complete) break;
      auto const& value = wish.values[static_cast<std::size_t>(given - wish.columns.begin())];
      complete = !value.is_null();
      if (!complete) break;
      wanted.columns.push_back(*target);
      wanted.values.push_back(value);
    }
    if (!complete) continue;
    target_write parent_row;
    parent_row.table = key.table;
    parent_row.key_columns = wanted.columns;
    auto const there = find(parent_row, **parent, wanted.values);
    if (there && !*there) return wanted;
  }
  return std::nullopt;
}

}  // namespace dualwrite::engine::sqlite
