#include "engine/mapping/map_problem.h"

#include <fmt/format.h>

namespace dualwrite::engine {

std::string_view name_of(problem_code code) {
  switch (code) {
    case problem_code::no_key:
      return "no_key";
    case problem_code::unknown_column:
      return "unknown_column";
    case problem_code::key_nullable:
      return "key_nullable";
    case problem_code::key_type_unsuitable:
      return "key_type_unsuitable";
    case problem_code::key_types_incompatible:
      return "key_types_incompatible";
    case problem_code::column_side_missing:
      return "column_side_missing";
    case problem_code::types_incompatible:
      return "types_incompatible";
    case problem_code::conversion_loses:
      return "conversion_loses";
    case problem_code::not_invertible:
      return "not_invertible";
    case problem_code::value_map_ambiguous:
      return "value_map_ambiguous";
    case problem_code::value_map_unreadable:
      return "value_map_unreadable";
    case problem_code::default_unreadable:
      return "default_unreadable";
    case problem_code::filter_not_boolean:
      return "filter_not_boolean";
    case problem_code::expression_invalid:
      return "expression_invalid";
    case problem_code::target_column_missing:
      return "target_column_missing";
    case problem_code::target_column_twice:
      return "target_column_twice";
    case problem_code::target_read_only:
      return "target_read_only";
    case problem_code::soft_delete_unsuitable:
      return "soft_delete_unsuitable";
    case problem_code::target_needs_value:
      return "target_needs_value";
    case problem_code::app_unreachable:
      return "app_unreachable";
    case problem_code::table_missing:
      return "table_missing";
    case problem_code::table_unsuitable:
      return "table_unsuitable";
    case problem_code::table_changed:
      return "table_changed";
    case problem_code::reference_circle:
      return "reference_circle";
    case problem_code::problem_count:
      break;
  }
  return "unknown";
}

std::string_view name_of(severity weight) {
  switch (weight) {
    case severity::error:
      return "error";
    case severity::warning:
      return "warning";
    case severity::note:
      return "note";
  }
  return "unknown";
}

std::string to_string(map_problem const& problem) {
  auto text = fmt::format("{}: {}: {}", problem.place, name_of(problem.code), problem.reason);
  if (!problem.fix.empty()) text += " To fix it: " + problem.fix;
  return text;
}

std::string to_string(std::span<map_problem const> problems) {
  std::string text;
  for (auto const& problem : problems) {
    if (!text.empty()) text += "\n";
    text += to_string(problem);
  }
  return text;
}

}  // namespace dualwrite::engine
