#include <fmt/format.h>

#include <algorithm>

#include "engine/mapping/column_limits.h"
#include "engine/mapping/conversion.h"
#include "engine/mapping/map_compiler.h"

namespace dualwrite::engine {

namespace {

// Text as a value of a column: texts and labels as they are, anything else as it is printed.
result<value> read_value(std::string const& text, column_schema const& column) {
  return convert(value::of_text(text), column);
}

}  // namespace

void map_compiler::compile_column(std::size_t index) {
  auto const& pair = map_.definition_.columns[index];
  auto const place = fmt::format("columns[{}]", index);
  std::array<std::optional<std::size_t>, 2> found;
  if (!pair.left.empty()) found[0] = find(side::left, pair.left, place + ".left");
  if (!pair.right.empty()) found[1] = find(side::right, pair.right, place + ".right");
  if ((!pair.left.empty() && !found[0]) || (!pair.right.empty() && !found[1])) return;
  if (!pair.only && !check_invertible(pair, place)) return;
  for (auto const way : {direction::left_to_right, direction::right_to_left}) {
    if (pair.only && *pair.only != way) continue;
    compile_way(way, pair, place, found);
  }
}

bool map_compiler::check_invertible(column_pair const& pair, std::string const& place) {
  auto const refuse = [&](std::string_view what) {
    report(problem_code::not_invertible,
           place,
           fmt::format("the column is written both ways, but {}.", what),
           "give it a direction: left_to_right or right_to_left.");
    return false;
  };
  if (!pair.expression.empty()) return refuse("an expression has no way back");
  if (pair.default_value) return refuse("a default does not tell whether the source had a value");
  if (pair.left.empty() || pair.right.empty()) return refuse("one side has no column");
  auto rights = std::vector<std::string>();
  for (auto const& [left, right] : pair.value_map) rights.push_back(right);
  std::sort(rights.begin(), rights.end());
  auto const twice = std::adjacent_find(rights.begin(), rights.end());
  if (twice != rights.end()) return refuse(fmt::format("two values become '{}'", *twice));
  return true;
}

void map_compiler::compile_way(direction way,
                               column_pair const& pair,
                               std::string const& place,
                               std::array<std::optional<std::size_t>, 2> const& found) {
  auto const source = found[static_cast<std::size_t>(source_of(way))];
  auto const target = found[static_cast<std::size_t>(target_of(way))];
  if (!target) {
    report(problem_code::column_side_missing,
           place,
           fmt::format("nothing says which column of the {} table is written.",
                       name_of_side(target_of(way))),
           fmt::format("name the {} column.", name_of_side(target_of(way))));
    return;
  }
  auto const& to = column_of(target_of(way), *target);
  column_plan plan;
  plan.target = *target;
  plan.both_ways = !pair.only.has_value();
  if (!pair.expression.empty()) {
    plan.formula = prepare(source_of(way), pair.expression, place + ".expression");
    if (!plan.formula) return;
    column_schema made;
    made.type = plan.formula->type();
    if (pair.value_map.empty() && !check_fit(made, to, "the expression", place)) return;
  } else if (source) {
    plan.source = source;
    auto const& from = column_of(source_of(way), *source);
    if (pair.value_map.empty() && !check_fit(from, to, "'" + from.name + "'", place)) return;
    check_null(pair, from, to, place);
  } else if (!pair.default_value) {
    report(problem_code::column_side_missing,
           place,
           "nothing says where the value comes from.",
           fmt::format("name the {} column, an expression or a default.",
                       name_of_side(source_of(way))));
    return;
  }
  if (!read_default(pair, to, plan, place)) return;
  if (!read_value_map(way, pair, to, plan, place)) return;
  add(way, std::move(plan), place);
}

void map_compiler::check_null(column_pair const& pair,
                              column_schema const& from,
                              column_schema const& to,
                              std::string const& place) {
  if (!from.nullable || to.nullable || pair.default_value) return;
  warn(problem_code::target_needs_value,
       place,
       fmt::format(
           "'{}' may be NULL, and '{}' refuses it: such rows become errors.", from.name, to.name),
       pair.only ? "give the pair a default, or make the source column NOT NULL."
                 : "make the source column NOT NULL, or write it one way with a default.");
}

bool map_compiler::check_fit(column_schema const& from,
                             column_schema const& to,
                             std::string const& what,
                             std::string const& place) {
  // A column that is always NULL fits everywhere; it only says that nothing is there.
  if (from.type == value_type::null) return true;
  auto const how = fit_between(from, to);
  if (how == fit::always || how == fit::checked) return true;
  auto const both =
      fmt::format("{} is {} and '{}' is {}", what, print_type(from), to.name, print_type(to));
  if (how == fit::loses) {
    auto const loss = loss_between(from, to);
    report(problem_code::conversion_loses,
           place,
           fmt::format(
               "{}: {}.", both, loss.value_or("ordinary values would be rounded, cut or guessed")),
           loss
               ? fmt::format("give '{}' the type {}, or say in a one-way expression what is to "
                             "happen.",
                             to.name,
                             from.type_name.empty() ? print_type(from) : from.type_name)
               : "use columns of the same type, or say in a one-way expression what is to happen.");
  } else {
    report(problem_code::types_incompatible,
           place,
           both + ": they have no values in common.",
           "use columns of the same type, or a one-way expression.");
  }
  return false;
}

bool map_compiler::read_default(column_pair const& pair,
                                column_schema const& to,
                                column_plan& plan,
                                std::string const& place) {
  if (!pair.default_value) return true;
  auto read = read_value(*pair.default_value, to);
  if (!read) {
    report(problem_code::default_unreadable,
           place + ".default",
           read.error().detail,
           fmt::format("write a value of {}.", print_type(to)));
    return false;
  }
  plan.fallback = std::move(*read);
  return true;
}

bool map_compiler::read_value_map(direction way,
                                  column_pair const& pair,
                                  column_schema const& to,
                                  column_plan& plan,
                                  std::string const& place) {
  if (pair.value_map.empty()) return true;
  column_schema from;
  if (plan.formula)
    from.type = plan.formula->type();
  else if (plan.source)
    from = column_of(source_of(way), *plan.source);
  bool const forward = way == direction::left_to_right;
  for (std::size_t index = 0; index < pair.value_map.size(); ++index) {
    auto const& [left, right] = pair.value_map[index];
    auto const here = fmt::format("{}.value_map[{}]", place, index);
    auto key = read_value(forward ? left : right, from);
    auto entry = read_value(forward ? right : left, to);
    if (!key || !entry) {
      report(problem_code::value_map_unreadable,
             here,
             key ? entry.error().detail : key.error().detail,
             "write values of the columns' types.");
      return false;
    }
    if (!plan.value_map.emplace(std::move(*key), std::move(*entry)).second) {
      report(problem_code::value_map_ambiguous,
             here,
             fmt::format("'{}' has two entries.", forward ? left : right),
             "keep one of them.");
      return false;
    }
  }
  return true;
}

void map_compiler::add(direction way, column_plan plan, std::string const& place) {
  auto const& to = column_of(target_of(way), plan.target);
  auto& of = plan_of(way);
  plan.name =
      plan.source ? column_of(source_of(way), *plan.source).name + " -> " + to.name : to.name;
  if (std::find(of.columns.begin(), of.columns.end(), plan.target) != of.columns.end()) {
    report(problem_code::target_column_twice,
           place,
           fmt::format("'{}' is written by an earlier pair as well.", to.name),
           "keep one of them.");
    return;
  }
  // The key of a row is written when the row is new.
  bool const is_key = place.starts_with("key");
  bool const is_written_once = is_key && (to.has_default || !map_.definition_.writes(way));
  if (to.generated && !is_written_once) {
    report(problem_code::target_read_only,
           place,
           fmt::format("the app computes '{}' itself and refuses to have it written.", to.name),
           fmt::format("give the pair the direction {}.",
                       way == direction::left_to_right ? "right_to_left" : "left_to_right"));
    return;
  }
  of.columns.push_back(plan.target);
  of.plans.push_back(std::move(plan));
}

}  // namespace dualwrite::engine
