#include "engine/mapping/expression_functions.h"

#include <algorithm>
#include <iterator>

namespace dualwrite::engine {
namespace {

using shape = function_shape;
using type = value_type;

constexpr function_rule rules[] = {
    {"abs", shape::number, 1, 1, "", type::null},
    {"at_utc", shape::zone, 1, 1, "", type::null},
    {"coalesce", shape::same, 2, arguments_max, "", type::null},
    {"concat", shape::fixed, 1, arguments_max, "t*", type::text},
    {"contains", shape::fixed, 2, 2, "tt", type::boolean},
    {"day", shape::day_part, 1, 1, "", type::int64},
    {"div", shape::quotient, 2, 3, "", type::null},
    {"ends_with", shape::fixed, 2, 2, "tt", type::boolean},
    {"iif", shape::choice, 3, 3, "", type::null},
    {"instr", shape::fixed, 2, 2, "tt", type::int64},
    {"length", shape::size, 1, 1, "", type::int64},
    {"lower", shape::fixed, 1, 1, "t", type::text},
    {"ltrim", shape::fixed, 1, 2, "tt", type::text},
    {"max", shape::ordered, 2, arguments_max, "", type::null},
    {"min", shape::ordered, 2, arguments_max, "", type::null},
    {"month", shape::day_part, 1, 1, "", type::int64},
    {"nullif", shape::equal, 2, 2, "", type::null},
    {"replace", shape::fixed, 3, 3, "ttt", type::text},
    {"round", shape::rounding, 1, 2, "", type::null},
    {"rtrim", shape::fixed, 1, 2, "tt", type::text},
    {"starts_with", shape::fixed, 2, 2, "tt", type::boolean},
    {"substr", shape::fixed, 2, 3, "tnn", type::text},
    {"trim", shape::fixed, 1, 2, "tt", type::text},
    {"upper", shape::fixed, 1, 1, "t", type::text},
    {"year", shape::day_part, 1, 1, "", type::int64},
};

}  // namespace

std::span<function_rule const> all_functions() {
  return rules;
}

function_rule const* find_function(std::string_view name) {
  auto const found = std::find_if(std::begin(rules),
                                  std::end(rules),
                                  [name](function_rule const& rule) { return rule.name == name; });
  return found == std::end(rules) ? nullptr : found;
}

}  // namespace dualwrite::engine
