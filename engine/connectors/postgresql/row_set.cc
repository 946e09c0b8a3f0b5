#include "engine/connectors/postgresql/row_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/connectors/postgresql/copy_text.h"
#include "engine/connectors/postgresql/postgresql_values.h"
#include "engine/connectors/postgresql/row_sql.h"

namespace dualwrite::engine::postgresql {
namespace {

// Where a row stands in the arrays, from 1 on; no column of a table is called so.
constexpr char const* place_column = "\"dualwrite row\"";

// After so many sets of new rows the next one is taken for new; and after one that was not, after
// so many more: a set that is refused is written twice.
constexpr int all_new_trusted = 2;
constexpr int all_new_again = 64;

// Whether the server tells values of this type apart; where it takes different ones for equal, no
// harm is done: the row is looked at. What it has no equality of is compared as it is printed.
bool has_equality(value_type type) {
  switch (type) {
    case value_type::boolean:
    case value_type::int64:
    case value_type::float64:
    case value_type::decimal:
    case value_type::bytes:
    case value_type::date:
    case value_type::time:
    case value_type::timestamp:
    case value_type::timestamp_tz:
    case value_type::uuid:
    case value_type::interval:
    case value_type::enumeration:
      return true;
    default:
      return false;
  }
}

write_result with_effect(write_effect effect) {
  write_result out;
  out.effect = effect;
  return out;
}

}  // namespace

std::vector<set_row*> without_results(row_set::rows rows) {
  std::vector<set_row*> out;
  for (auto* row : rows)
    if (!row->result) out.push_back(row);
  return out;
}

bool are_alike(target_write const& one, target_write const& other) {
  return one.kind == other.kind && one.table == other.table && one.columns == other.columns &&
         one.key_columns == other.key_columns;
}

row_set::row_set(connection& on, table_facts const& of, target_write const& like)
    : on_(on),
      of_(of),
      kind_(like.kind),
      columns_(like.kind == write_kind::remove ? like.key_columns : like.columns),
      key_columns_(like.key_columns) {
  for (std::size_t place = 0; place < columns_.size(); ++place) all_places_.push_back(place);
  for (auto const column : key_columns_) {
    auto const at = std::find(columns_.begin(), columns_.end(), column);
    key_places_.push_back(static_cast<std::size_t>(at - columns_.begin()));
  }
}

bool row_set::has_its_key(target_write const& wish) const {
  if (kind_ == write_kind::remove) return true;
  for (std::size_t i = 0; i < key_places_.size(); ++i) {
    auto const place = key_places_[i];
    if (place >= columns_.size() || wish.values[place] != wish.key[i]) return false;
  }
  return true;
}

result<void> row_set::check(target_write const& wish) const {
  for (auto const& one : values_of(wish)) DW_CHECK(check_value(one));
  return {};
}

std::string row_set::key_of(target_write const& wish) const {
  std::string key = "{";
  for (auto const place : key_places_) add_element(key, value_of(wish, place));
  return key;
}

std::string row_set::name(std::size_t place) const {
  return name_of(of_.schema, columns_[place]);
}

std::string row_set::relation(std::vector<std::size_t> const& of) const {
  std::vector<std::string> arrays;
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (auto const place : of) {
    auto const& form = of_.forms[columns_[place]];
    auto const& given = form.has_array ? form.type : "pg_catalog.text";
    // Of an array whose length it sees the planner takes a thousand keys for dearer to look up than
    // all of a middling table to read, and reads it each time. Of one that it does not see it
    // expects ten, and chooses what is right for many as well.
    arrays.push_back(fmt::format("(SELECT ${}::{}[])", arrays.size() + 1, given));
    names.push_back(name(place));
    values.push_back(form.has_array ? names.back()
                                    : fmt::format("{0}::{1} AS {0}", names.back(), form.type));
  }
  return fmt::format("(SELECT {0}, {1} FROM unnest({2}) WITH ORDINALITY AS given({3}, {1})) AS r",
                     fmt::join(values, ", "),
                     place_column,
                     fmt::join(arrays, ", "),
                     fmt::join(names, ", "));
}

parameters row_set::arrays(std::vector<std::size_t> const& of, rows which) const {
  parameters out;
  for (auto const place : of) {
    std::string array = "{";
    for (auto const* row : which) add_element(array, value_of(*row->wish, place));
    array.push_back('}');
    out.emplace_back(std::move(array));
  }
  return out;
}

std::string row_set::same_key() const {
  std::vector<std::string> parts;
  for (auto const place : key_places_) parts.push_back(fmt::format("t.{0} = r.{0}", name(place)));
  return fmt::format("{}", fmt::join(parts, " AND "));
}

// A row that is there has the key, which the table holds to.
bool row_set::refuses_second_rows() const {
  auto const is_in_key = [this](std::size_t column) {
    return std::find(key_columns_.begin(), key_columns_.end(), column) != key_columns_.end();
  };
  return std::any_of(of_.refusing_keys.begin(), of_.refusing_keys.end(), [&](auto const& key) {
    return std::all_of(key.begin(), key.end(), is_in_key);
  });
}

result<bool> row_set::write_at_once(rows which, rows_met& met) {
  refused_ = nullptr;
  bool const inserts = kind_ == write_kind::upsert || kind_ == write_kind::insert_if_absent;
  if (inserts && met.all_new >= all_new_trusted && refuses_second_rows()) {
    auto const inserted = insert(which);
    if (!inserted || !*inserted) met.all_new = -all_new_again;
    return inserted;
  }
  bool const changes = kind_ == write_kind::upsert || kind_ == write_kind::update;
  if (changes && met.are_there && !of_.tells_statements) {
    DW_TRY(bool const foreseen, change_unseen(which));
    if (!foreseen) return false;
  }
  auto const left = without_results(which);
  DW_TRY(bool const looked, look(left));
  if (!looked) return false;
  DW_TRY(bool const written, write(without_results(left)));
  if (!written || kind_ == write_kind::remove) return written;
  auto const found = std::count_if(which.begin(), which.end(), [](set_row const* row) {
    return row->result->effect != write_effect::inserted &&
           row->result->effect != write_effect::missing;
  });
  met.are_there = 2 * static_cast<std::size_t>(found) > which.size();
  met.all_new = found == 0 ? std::min(met.all_new + 1, all_new_trusted) : std::min(met.all_new, 0);
  return true;
}

result<bool> row_set::look(rows which) {
  if (which.empty() || kind_ == write_kind::remove) return true;
  std::vector<std::string> names;
  for (auto const place : all_places_) names.push_back("t." + name(place));
  DW_TRY(auto const found,
         on_.query(fmt::format("SELECT r.{}, {} FROM {} JOIN {} AS t ON {} FOR UPDATE OF t",
                               place_column,
                               fmt::join(names, ", "),
                               relation(key_places_),
                               of_.sql_name,
                               same_key()),
                   arrays(key_places_, which)));
  for (int i = 0; i < found.count(); ++i) {
    auto& row = *which[static_cast<std::size_t>(found.integer(i, 0)) - 1];
    if (row.is_there) return false;
    row.is_there = true;
    DW_TRY(bool const equal, equals(found, i, row));
    if (equal)
      row.result = with_effect(write_effect::equal);
    else if (kind_ == write_kind::insert_if_absent)
      row.result = with_effect(write_effect::kept);
  }
  if (kind_ == write_kind::update) {
    for (auto* row : which)
      if (!row->is_there) row->result = with_effect(write_effect::missing);
  }
  return true;
}

result<bool> row_set::equals(answer const& found, int row, set_row const& with) const {
  for (auto const place : all_places_) {
    auto const at = static_cast<int>(place) + 1;
    auto const& wanted = with.wish->values[place];
    if (found.is_null(row, at) != wanted.is_null()) return false;
    if (wanted.is_null()) continue;
    auto const there = read_value(found.text(row, at), of_.schema.columns[columns_[place]]);
    if (there != wanted) return false;
  }
  return true;
}

result<bool> row_set::write(rows which) {
  refused_ = nullptr;
  if (kind_ == write_kind::remove) return remove(which);
  std::vector<set_row*> fresh;
  std::vector<set_row*> changed;
  for (auto* row : which) {
    if (!row->result) (row->is_there ? changed : fresh).push_back(row);
  }
  // A value that must be unique is given away before it is taken.
  DW_TRY(bool const updated, update(changed));
  if (!updated) return false;
  return insert(fresh);
}

result<bool> row_set::remove(rows which) {
  if (which.empty()) return true;
  DW_TRY(auto const gone,
         on_.query(fmt::format("DELETE FROM {} AS t USING {} WHERE {} RETURNING r.{}",
                               of_.sql_name,
                               relation(all_places_),
                               same_key(),
                               place_column),
                   arrays(all_places_, which)));
  if (gone.count() < static_cast<int>(which.size())) {
    DW_TRY(auto const left, count_there(which));
    if (left > 0) return false;
  }
  for (auto* row : which) row->result = with_effect(write_effect::equal);
  for (int i = 0; i < gone.count(); ++i) {
    auto const place = static_cast<std::size_t>(gone.integer(i, 0)) - 1;
    which[place]->result = with_effect(write_effect::removed);
  }
  return true;
}

result<bool> row_set::insert(rows which) {
  if (which.empty()) return true;
  std::vector<std::string> all;
  for (auto const place : all_places_) all.push_back(name(place));
  auto const names = fmt::format("{}", fmt::join(all, ", "));
  auto const done = of_.takes_copies
                        ? copy(which, names)
                        : on_.query(fmt::format("INSERT INTO {0}({1}){3} SELECT {1} FROM {2}",
                                                of_.sql_name,
                                                names,
                                                relation(all_places_),
                                                overriding(of_.schema, columns_)),
                                    arrays(all_places_, which));
  if (!done) return done.error();
  if (done->changed() != static_cast<std::int64_t>(which.size())) {
    DW_TRY(auto const there, count_there(which));
    if (there != static_cast<std::int64_t>(which.size())) return false;
  }
  for (auto* row : which) row->result = with_effect(write_effect::inserted);
  return true;
}

// A trigger can put rows into other tables that belong to this one; then they are not counted.
result<std::int64_t> row_set::count_there(rows which) const {
  DW_TRY(auto const found,
         on_.query(fmt::format("SELECT count(*) FROM {} JOIN {} AS t ON {}",
                               relation(key_places_),
                               of_.sql_name,
                               same_key()),
                   arrays(key_places_, which)));
  return found.integer(0, 0);
}

result<answer> row_set::copy(rows which, std::string const& names) {
  std::string lines;
  for (auto const* row : which) {
    for (auto const place : all_places_) {
      if (place > 0) lines.push_back('\t');
      add_copied(lines, value_of(*row->wish, place));
    }
    lines.push_back('\n');
  }
  auto done = on_.copy_in(fmt::format("COPY {}({}) FROM STDIN", of_.sql_name, names), lines);
  if (done) return done;
  auto const line = copied_line(on_.failure().context, of_.own_name);
  if (line > 0 && line <= which.size()) refused_ = which[line - 1];
  return done;
}

std::string row_set::update_statement() const {
  std::vector<std::string> parts;
  for (auto const place : all_places_) {
    if (!is_fixed(of_.schema.columns[columns_[place]]))
      parts.push_back(fmt::format("{0} = r.{0}", name(place)));
  }
  return fmt::format("UPDATE {} AS t SET {} FROM {} WHERE {}",
                     of_.sql_name,
                     fmt::join(parts, ", "),
                     relation(all_places_),
                     same_key());
}

// Rows that are there and differ. Those that are left without a result have to be looked for.
result<bool> row_set::change_unseen(rows which) {
  std::vector<std::string> parts;
  for (auto const place : all_places_) {
    if (std::find(key_places_.begin(), key_places_.end(), place) != key_places_.end()) continue;
    auto const* as =
        has_equality(of_.schema.columns[columns_[place]].type) ? "" : "::pg_catalog.text";
    parts.push_back(fmt::format("t.{0}{1} IS DISTINCT FROM r.{0}{1}", name(place), as));
  }
  if (which.empty() || parts.empty()) return true;
  DW_TRY(auto const done,
         on_.query(fmt::format("{} AND ({}) RETURNING r.{}",
                               update_statement(),
                               fmt::join(parts, " OR "),
                               place_column),
                   arrays(all_places_, which)));
  for (int i = 0; i < done.count(); ++i) {
    auto& row = *which[static_cast<std::size_t>(done.integer(i, 0)) - 1];
    if (row.result) return false;
    row.result = with_effect(write_effect::updated);
  }
  return true;
}

// One that a trigger leaves as it is, or that two of the set are, is not counted.
result<bool> row_set::update(rows which) {
  if (which.empty()) return true;
  DW_TRY(auto const done, on_.query(update_statement(), arrays(all_places_, which)));
  if (done.changed() != static_cast<std::int64_t>(which.size())) return false;
  for (auto* row : which) row->result = with_effect(write_effect::updated);
  return true;
}

result<std::vector<set_row*>> row_set::where(std::string const& condition, rows which) {
  std::vector<set_row*> out;
  std::vector<std::size_t> named;
  for (auto const place : all_places_) {
    auto const& plain = of_.schema.columns[columns_[place]].name;
    auto const is_in = [&](std::string const& text) {
      return condition.find(text) != std::string::npos;
    };
    if (is_in(plain) || is_in(name(place))) named.push_back(place);
  }
  auto const question =
      fmt::format("SELECT r.{} FROM {} WHERE {}", place_column, relation(named), condition);
  DW_TRY(auto const found, on_.query(question, arrays(named, which)));
  for (int i = 0; i < found.count(); ++i)
    out.push_back(which[static_cast<std::size_t>(found.integer(i, 0)) - 1]);
  return out;
}

}  // namespace dualwrite::engine::postgresql
