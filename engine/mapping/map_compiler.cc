#include "engine/mapping/map_compiler.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/mapping/column_limits.h"
#include "engine/mapping/conversion.h"
#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

std::vector<std::string_view> names_of(table_schema const& schema) {
  std::vector<std::string_view> names;
  for (auto const& column : schema.columns) names.push_back(column.name);
  return names;
}

bool makes_a_key(value_type type) {
  switch (type) {
    case value_type::null:
    case value_type::float64:
    case value_type::json:
    case value_type::array:
    case value_type::interval:
    case value_type::opaque:
    case value_type::unchanged:
      return false;
    default:
      return true;
  }
}

// The one type that keys of both columns are brought to, if there is one in which equal keys are
// equal.
std::optional<column_schema> common_key(column_schema const& left, column_schema const& right) {
  column_schema common;
  common.type = left.type;
  if (left.type == right.type) {
    // A decimal that does not fit is refused; what is rounded or filled up is another key.
    bool const is_kept = left.type == value_type::decimal ||
                         (!loss_between(left, right) && !loss_between(right, left));
    return is_kept ? std::optional(common) : std::nullopt;
  }
  auto const pair_of = [&](value_type a, value_type b) {
    return (left.type == a && right.type == b) || (left.type == b && right.type == a);
  };
  if (pair_of(value_type::int64, value_type::decimal)) {
    common.type = value_type::decimal;
    return common;
  }
  // These have one way to be written each, so that their text is as good as they are.
  for (auto const other :
       {value_type::int64, value_type::uuid, value_type::enumeration, value_type::date}) {
    if (!pair_of(value_type::text, other)) continue;
    common.type = value_type::text;
    return common;
  }
  return std::nullopt;
}

// Whether any value of the type goes into a key and comes out of it for the column as it was.
bool is_kept_by_keys(column_schema const& column) {
  switch (column.type) {
    case value_type::boolean:
    case value_type::int64:
    case value_type::bytes:
    case value_type::date:
    case value_type::time:
    case value_type::timestamp:
    case value_type::timestamp_tz:
    case value_type::uuid:
      return true;
    case value_type::text:
      return column.length_max == 0;
    default:
      return false;
  }
}

}  // namespace

std::string_view name_of_side(side which) {
  return which == side::left ? "left" : "right";
}

map_compiler::map_compiler(map_definition const& definition,
                           table_schema const& left,
                           table_schema const& right)
    : sandbox_(open_sandbox()) {
  map_.definition_ = definition;
  map_.sides_[0].schema = left;
  map_.sides_[1].schema = right;
  for (auto& side : map_.sides_) side.fingerprint = dualwrite::fingerprint(side.schema);
  compile_sides();
  compile_key();
  for (std::size_t index = 0; index < definition.columns.size(); ++index) compile_column(index);
  for (auto const way : {direction::left_to_right, direction::right_to_left}) finish(way);
  for (auto const which : {side::left, side::right}) finish(which);
}

std::optional<std::size_t> map_compiler::find(side which,
                                              std::string const& name,
                                              std::string const& place) {
  auto const& schema = plan_of(which).schema;
  auto const found = schema.column_named(name);
  if (!found) {
    auto const near = near_name(name, names_of(schema));
    report(problem_code::unknown_column,
           place,
           fmt::format("{} has no column '{}'.", schema.table, name),
           near.empty() ? "name one of the table's columns." : fmt::format("write '{}'.", near));
  }
  return found;
}

std::optional<expression> map_compiler::prepare(side which,
                                                std::string const& text,
                                                std::string const& place) {
  auto made = expression::prepare(text, plan_of(which).schema.columns, sandbox_);
  if (made) return std::move(*made);
  report(problem_code::expression_invalid, place, made.error().detail, "");
  return std::nullopt;
}

void map_compiler::compile_sides() {
  for (auto const which : {side::left, side::right}) {
    auto const& wanted = map_.definition_.of(which);
    auto& plan = plan_of(which);
    std::string const place(name_of_side(which));
    if (!wanted.filter.empty()) {
      plan.filter = prepare(which, wanted.filter, place + ".filter");
      if (plan.filter && plan.filter->type() != value_type::boolean) {
        report(problem_code::filter_not_boolean,
               place + ".filter",
               fmt::format("the filter is {}, not true or false.", name_of(plan.filter->type())),
               "compare it with something, as in \"active = 1\".");
      }
    }
    if (!wanted.soft_delete.empty())
      compile_soft_delete(which, wanted.soft_delete, place + ".soft_delete");
  }
  bool const marks = plan_of(side::left).soft_delete || plan_of(side::right).soft_delete;
  if (map_.definition_.deletes == delete_policy::soft_delete && !marks) {
    report(problem_code::soft_delete_unsuitable,
           "deletes",
           "no side names a soft_delete column.",
           "name one, or set deletes to propagate or ignore.");
  }
}

void map_compiler::compile_soft_delete(side which,
                                       std::string const& name,
                                       std::string const& place) {
  auto const column = find(which, name, place);
  if (!column) return;
  auto const type = column_of(which, *column).type;
  if (type != value_type::boolean && type != value_type::int64) {
    report(problem_code::soft_delete_unsuitable,
           place,
           fmt::format("'{}' is {}; a mark is boolean, or 0 and 1.", name, name_of(type)),
           "name a column of type boolean or int64.");
    return;
  }
  plan_of(which).soft_delete = column;
}

void map_compiler::compile_key() {
  auto const& pairs = map_.definition_.key;
  if (pairs.empty()) {
    report(problem_code::no_key,
           "key",
           "the map has no integration key.",
           "name the columns by which rows of both tables are the same.");
  }
  for (std::size_t part = 0; part < pairs.size(); ++part) {
    auto const place = fmt::format("key[{}]", part);
    auto const left = find_key(side::left, pairs[part].left, place + ".left");
    auto const right = find_key(side::right, pairs[part].right, place + ".right");
    if (!left || !right) continue;
    auto const common = common_key(column_of(side::left, *left), column_of(side::right, *right));
    if (!common) {
      report(problem_code::key_types_incompatible,
             place,
             fmt::format("'{}' is {} and '{}' is {}: equal keys would not be equal.",
                         pairs[part].left,
                         print_type(column_of(side::left, *left)),
                         pairs[part].right,
                         print_type(column_of(side::right, *right))),
             "use columns of the same type.");
      continue;
    }
    plan_of(side::left).key.push_back(*left);
    plan_of(side::right).key.push_back(*right);
    map_.key_types_.push_back(*common);
    for (auto const* column : {&column_of(side::left, *left), &column_of(side::right, *right)}) {
      map_.keys_are_alike_ =
          map_.keys_are_alike_ && column->type == common->type && is_kept_by_keys(*column);
    }
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      column_plan plan;
      plan.source = source_of(way) == side::left ? *left : *right;
      plan.target = target_of(way) == side::left ? *left : *right;
      plan.both_ways = true;
      add(way, std::move(plan), place);
    }
  }
}

std::optional<std::size_t> map_compiler::find_key(side which,
                                                  std::string const& name,
                                                  std::string const& place) {
  auto const found = find(which, name, place);
  if (!found) return std::nullopt;
  auto const& column = column_of(which, *found);
  if (column.nullable) {
    report(problem_code::key_nullable,
           place,
           fmt::format("'{}' may be NULL; such a row could never be matched.", name),
           "make the column NOT NULL in the app, or choose another key.");
  }
  if (!makes_a_key(column.type)) {
    report(problem_code::key_type_unsuitable,
           place,
           fmt::format("'{}' is {}, which makes no key.", name, name_of(column.type)),
           "choose a column of whole numbers, decimals, text, dates or UUIDs.");
    return std::nullopt;
  }
  return found;
}

void map_compiler::finish(direction way) {
  auto& of = plan_of(way);
  of.is_written = map_.definition_.writes(way);
  if (!of.is_written) return;
  auto const& columns = plan_of(target_of(way)).schema.columns;
  for (std::size_t index = 0; index < columns.size(); ++index) {
    auto const& column = columns[index];
    bool const fills_itself = column.nullable || column.has_default || column.generated;
    bool const written = std::find(of.columns.begin(), of.columns.end(), index) != of.columns.end();
    bool const is_mark = plan_of(target_of(way)).soft_delete == index;
    if (fills_itself || written || is_mark || is_named(target_of(way), column.name)) continue;
    report(problem_code::target_column_missing,
           std::string(name_of_side(target_of(way))),
           fmt::format("{} requires '{}', and nothing is written to it.",
                       plan_of(target_of(way)).schema.table,
                       column.name),
           "map the column, or give it a default.");
  }
}

bool map_compiler::is_named(side which, std::string const& name) const {
  auto const names = [&](auto const& pair) {
    return (which == side::left ? pair.left : pair.right) == name;
  };
  auto const& key = map_.definition_.key;
  auto const& pairs = map_.definition_.columns;
  auto const writes_there = [&](column_pair const& pair) {
    return names(pair) && (!pair.only || target_of(*pair.only) == which);
  };
  return std::any_of(key.begin(), key.end(), names) ||
         std::any_of(pairs.begin(), pairs.end(), writes_there);
}

void map_compiler::finish(side which) {
  auto& plan = plan_of(which);
  auto& reads = plan.reads;
  reads = plan.key;
  auto const is_key = [&](std::size_t column) {
    return std::find(plan.key.begin(), plan.key.end(), column) != plan.key.end();
  };
  if (plan.filter)
    reads.insert(reads.end(), plan.filter->reads().begin(), plan.filter->reads().end());
  if (plan.soft_delete) reads.push_back(*plan.soft_delete);
  auto& from = plan_of(direction_from(which));
  auto& to = plan_of(opposite(direction_from(which)));
  for (auto const& one : from.plans) {
    if (one.source && !is_key(*one.source)) from.sent.push_back(*one.source);
    if (one.formula)
      from.sent.insert(from.sent.end(), one.formula->reads().begin(), one.formula->reads().end());
  }
  reads.insert(reads.end(), from.sent.begin(), from.sent.end());
  for (auto const& one : to.plans) {
    reads.push_back(one.target);
    if (one.both_ways && !is_key(one.target)) plan.shared.push_back(one.target);
  }
  for (auto* columns : {&reads, &plan.shared, &from.sent}) {
    std::sort(columns->begin(), columns->end());
    columns->erase(std::unique(columns->begin(), columns->end()), columns->end());
  }
}

result<compiled_map> compile(map_definition const& definition,
                             table_schema const& left,
                             table_schema const& right) {
  map_compiler compiler(definition, left, right);
  auto& problems = compiler.problems;
  std::erase_if(problems, [](map_problem const& one) { return one.weight != severity::error; });
  if (!problems.empty()) {
    return error{error_code::invalid_definition, to_string(std::span<map_problem const>(problems))};
  }
  return compiler.take();
}

std::vector<map_problem> find_problems(map_definition const& definition,
                                       table_schema const& left,
                                       table_schema const& right) {
  return map_compiler(definition, left, right).problems;
}

}  // namespace dualwrite::engine
