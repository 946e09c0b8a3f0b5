#include "engine/connectors/postgresql/single_row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/refusal.h"
#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {

result<write_result> single_row::write(target_write const& wish) {
  if (wish.kind == write_kind::remove) return remove(wish);
  std::optional<row_values> there;
  bool under_old = false;
  auto const look = [&](row_values const& key) -> result<write_result> {
    auto found = find(wish, key);
    if (!found && is_of_the_row(found.error())) return refusal_of(found.error(), on_);
    if (!found) return found.error();
    there = std::move(*found);
    return write_result{};
  };
  if (wish.old_key) {
    DW_TRY(auto const looked, look(*wish.old_key));
    if (looked.effect == write_effect::refused) return looked;
    under_old = there.has_value();
  }
  if (!there) {
    DW_TRY(auto const looked, look(wish.key));
    if (looked.effect == write_effect::refused) return looked;
  }
  write_result out;
  if (!there) {
    if (wish.kind != write_kind::update) return add(wish);
    out.effect = write_effect::missing;
    return out;
  }
  if (*there == wish.values) return out;
  if (wish.kind == write_kind::insert_if_absent) {
    out.effect = write_effect::kept;
    return out;
  }
  auto const& there_under = under_old ? *wish.old_key : wish.key;
  return change(wish, there_under);
}

result<std::optional<row_values>> single_row::find(target_write const& wish,
                                                   row_values const& key) {
  std::vector<std::string> names;
  for (auto const column : wish.columns) names.push_back(name_of(of_.schema, column));
  if (names.empty()) names.emplace_back("1");
  parameters with;
  DW_CHECK(add_values(with, key));
  DW_TRY(auto const rows,
         on_.query(fmt::format("SELECT {} FROM {} WHERE {} FOR UPDATE",
                               fmt::join(names, ", "),
                               of_.sql_name,
                               key_condition(of_.schema, wish.key_columns, 1)),
                   with));
  if (rows.count() == 0) return std::optional<row_values>{};
  row_values values;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    auto const at = static_cast<int>(i);
    if (rows.is_null(0, at)) {
      values.push_back(value::null());
      continue;
    }
    values.push_back(read_value(rows.text(0, at), of_.schema.columns[wish.columns[i]]));
  }
  return std::optional{std::move(values)};
}

// The row is there, and nobody else may take it away.
result<write_result> single_row::change(target_write const& wish, row_values const& there_under) {
  auto const what = update(wish, there_under);
  if (!what) return refusal_of(what.error(), on_);
  auto const done = on_.query(what->sql, what->with);
  DW_TRY(auto out, ran(done, write_effect::updated, on_));
  return out.effect == write_effect::refused || done->changed() > 0 ? out : suppressed_row();
}

result<write_result> single_row::add(target_write const& wish) {
  auto const what = insert(wish);
  if (!what) return refusal_of(what.error(), on_);
  auto const done = on_.query(what->sql, what->with);
  DW_TRY(auto out, ran(done, write_effect::inserted, on_));
  if (out.effect == write_effect::refused || done->changed() > 0) return out;
  // It can have put the row into another table that belongs to this one.
  DW_TRY(auto const there, find(wish, wish.key));
  return there ? out : suppressed_row();
}

result<statement> single_row::insert(target_write const& wish) const {
  std::vector<std::string> names;
  std::vector<std::string> places;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    names.push_back(name_of(of_.schema, wish.columns[i]));
    places.push_back(fmt::format("${}", i + 1));
  }
  statement out;
  DW_CHECK(add_values(out.with, wish.values));
  out.sql = fmt::format("INSERT INTO {}({}){} VALUES({})",
                        of_.sql_name,
                        fmt::join(names, ", "),
                        overriding(of_.schema, wish.columns),
                        fmt::join(places, ", "));
  return out;
}

result<statement> single_row::update(target_write const& wish,
                                     row_values const& there_under) const {
  statement out;
  std::vector<std::string> parts;
  bool const keeps_key = there_under == wish.key;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) {
    auto const column = wish.columns[i];
    if (keeps_key && is_fixed(of_.schema.columns[column])) continue;
    DW_TRY(auto text, to_text(wish.values[i]));
    out.with.push_back(std::move(text));
    parts.push_back(fmt::format("{} = ${}", name_of(of_.schema, column), out.with.size()));
  }
  auto const key_begin = out.with.size() + 1;
  DW_CHECK(add_values(out.with, there_under));
  out.sql = fmt::format("UPDATE {} SET {} WHERE {}",
                        of_.sql_name,
                        fmt::join(parts, ", "),
                        key_condition(of_.schema, wish.key_columns, key_begin));
  return out;
}

// A row that was put there behind the first statement is held by the look at it, and removed by the
// second.
result<write_result> single_row::remove(target_write const& wish) {
  parameters with;
  // A key that cannot be stored is not there.
  if (!add_values(with, wish.key)) return write_result{};
  auto const sql = fmt::format(
      "DELETE FROM {} WHERE {}", of_.sql_name, key_condition(of_.schema, wish.key_columns, 1));
  for (int tries = 0; tries < 2; ++tries) {
    auto const gone = on_.query(sql, with);
    DW_TRY(auto out, ran(gone, write_effect::removed, on_));
    if (out.effect == write_effect::refused || gone->changed() > 0) return out;
    DW_TRY(auto const there, find(wish, wish.key));
    if (!there) return write_result{};
  }
  return suppressed_row();
}

}  // namespace dualwrite::engine::postgresql
