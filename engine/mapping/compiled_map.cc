#include "engine/mapping/compiled_map.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/mapping/conversion.h"
#include "engine/mapping/json_text.h"
#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

bool holds(std::span<value const> row, std::size_t column) {
  return column < row.size() && !row[column].is_unchanged();
}

error in_column(std::string_view name, error const& why) {
  return {why.code, fmt::format("{}: {}", name, why.detail)};
}

// Which labels a type has by now its app knows best: it refuses a row whose label it lacks, and
// takes the row when somebody has added the label.
result<value> as_written(value what, column_schema const& to) {
  if (to.type == value_type::enumeration && what.type() == value_type::enumeration) return what;
  if (to.type == value_type::enumeration && what.type() == value_type::text)
    return value::of_enumeration(what.as_string());
  return convert(std::move(what), to);
}

}  // namespace

bool compiled_map::is_shared(side which, std::size_t column) const {
  auto const& shared = sides_[at(which)].shared;
  return std::binary_search(shared.begin(), shared.end(), column);
}

result<bool> compiled_map::eligible(side which, std::span<value const> row) const {
  auto const& filter = sides_[at(which)].filter;
  if (!filter) return true;
  auto const answer = filter->evaluate(row);
  if (!answer) return in_column("filter", answer.error());
  return !answer->is_null() && answer->as_boolean();
}

bool compiled_map::is_marked_removed(side which, std::span<value const> row) const {
  auto const& column = sides_[at(which)].soft_delete;
  if (!column || !holds(row, *column)) return false;
  auto const& mark = row[*column];
  if (mark.type() == value_type::int64) return mark.as_int64() != 0;
  return mark.type() == value_type::boolean && mark.as_boolean();
}

removal compiled_map::removal_in(side target) const {
  switch (definition_.deletes) {
    case delete_policy::propagate:
      return removal::remove;
    case delete_policy::ignore:
      return removal::ignore;
    case delete_policy::soft_delete:
      break;
  }
  return sides_[at(target)].soft_delete ? removal::mark : removal::remove;
}

target_row compiled_map::removal_mark(side target) const {
  auto const& plan = sides_[at(target)];
  if (!plan.soft_delete) return {};
  bool const is_number = plan.schema.columns[*plan.soft_delete].type == value_type::int64;
  return {{*plan.soft_delete}, {is_number ? value::of_int64(1) : value::of_boolean(true)}};
}

result<value> compiled_map::converted(direction way, column_plan const& plan, value what) const {
  auto const& to = schema(target_of(way)).columns[plan.target];
  if (!plan.both_ways || what.type() == to.type) return as_written(std::move(what), to);
  DW_TRY(auto made, as_written(what, to));
  auto const& from = schema(source_of(way)).columns[*plan.source];
  auto const back = as_written(made, from);
  bool const is_same = back && is_same_document(*back, what);
  if (!is_same) {
    return error{
        error_code::value_not_convertible,
        fmt::format(
            "'{}' would come back as '{}'.", to_string(what), back ? to_string(*back) : "nothing")};
  }
  return made;
}

result<value> compiled_map::written_value(direction way,
                                          column_plan const& plan,
                                          std::span<value const> row) const {
  value what;
  if (plan.formula) {
    auto const& needs = plan.formula->reads();
    auto const known = [row](std::size_t column) { return holds(row, column); };
    // Of which nothing changed, the result did not change either; of which a part is unknown,
    // nothing can be said.
    if (!needs.empty() && std::none_of(needs.begin(), needs.end(), known))
      return value::unchanged();
    DW_TRY(what, plan.formula->evaluate(row));
  } else if (plan.source) {
    if (!holds(row, *plan.source)) return value::unchanged();
    what = row[*plan.source];
  }
  if (what.is_null()) return plan.fallback.value_or(value::null());
  if (!plan.value_map.empty()) {
    auto const entry = plan.value_map.find(what);
    if (entry != plan.value_map.end()) return entry->second;
    if (plan.fallback) return *plan.fallback;
    return error{error_code::value_not_mapped, fmt::format("'{}' has no entry.", to_string(what))};
  }
  return converted(way, plan, std::move(what));
}

// Most values are: then nothing is made of them on the way.
bool compiled_map::is_passed_on(direction way,
                                column_plan const& plan,
                                std::span<value const> row) const {
  if (plan.formula || !plan.source || !plan.value_map.empty() || !holds(row, *plan.source))
    return false;
  return stays_as_it_is(row[*plan.source], schema(target_of(way)).columns[plan.target]);
}

result<target_row> compiled_map::to_target(direction way, std::span<value const> row) const {
  auto const& plans = ways_[at(way)].plans;
  target_row made;
  made.columns = ways_[at(way)].columns;
  made.values.reserve(plans.size());
  for (auto const& plan : plans) {
    if (is_passed_on(way, plan, row)) {
      made.values.push_back(row[*plan.source]);
      continue;
    }
    auto one = written_value(way, plan, row);
    if (!one) return in_column(plan.name, one.error());
    made.values.push_back(std::move(*one));
  }
  return made;
}

bool compiled_map::is_key(side which, std::size_t column) const {
  auto const& keys = key_columns(which);
  return std::find(keys.begin(), keys.end(), column) != keys.end();
}

std::set<std::size_t> compiled_map::key_columns_by_text(side which) const {
  auto const& plan = sides_[at(which)];
  std::set<std::size_t> out;
  for (std::size_t part = 0; part < plan.key.size(); ++part) {
    // The texts of the other types that become texts here sort as their values.
    bool const is_number = plan.schema.columns[plan.key[part]].type == value_type::int64;
    if (is_number && key_types_[part].type == value_type::text) out.insert(plan.key[part]);
  }
  return out;
}

result<std::string> compiled_map::key_of(side which, std::span<value const> row) const {
  auto const& plan = sides_[at(which)];
  row_values key;
  key.reserve(plan.key.size());
  for (std::size_t part = 0; part < plan.key.size(); ++part) {
    auto const column = plan.key[part];
    if (!holds(row, column) || row[column].is_null()) {
      return error{error_code::key_missing, plan.schema.columns[column].name};
    }
    auto one = convert(row[column], key_types_[part]);
    if (!one) return in_column(plan.schema.columns[column].name, one.error());
    key.push_back(std::move(*one));
  }
  return encode_key(key);
}

result<row_values> compiled_map::key_values(side which, std::string_view key) const {
  auto const& plan = sides_[at(which)];
  DW_TRY(auto values, decode_key(key));
  if (values.size() != plan.key.size()) {
    return error{error_code::value_malformed, "The key has another number of parts."};
  }
  for (std::size_t part = 0; part < values.size(); ++part) {
    auto const& to = plan.schema.columns[plan.key[part]];
    auto one = as_written(values[part], to);
    if (!one) return in_column(to.name, one.error());
    // The text 007 is the number 7, but a row with the number 7 has the key 7.
    auto const back = convert(*one, key_types_[part]);
    if (!back || *back != values[part]) {
      return error{
          error_code::value_not_convertible,
          fmt::format(
              "{}: '{}' is not how this key is written.", to.name, to_string(values[part]))};
    }
    values[part] = std::move(*one);
  }
  return values;
}

std::optional<row_values> compiled_map::key_as_it_is(side which, std::span<value const> row) const {
  if (!keys_are_alike_) return std::nullopt;
  row_values key;
  key.reserve(key_types_.size());
  for (std::size_t part = 0; part < key_types_.size(); ++part) {
    auto const column = sides_[at(which)].key[part];
    // A row may have been captured when its column had another type.
    if (column >= row.size() || row[column].type() != key_types_[part].type) return std::nullopt;
    key.push_back(row[column]);
  }
  return key;
}

result<row_values> compiled_map::target_key(direction way, std::span<value const> row) const {
  if (auto same = key_as_it_is(source_of(way), row)) return std::move(*same);
  DW_TRY(auto const key, key_of(source_of(way), row));
  return key_values(target_of(way), key);
}

}  // namespace dualwrite::engine
