#include "engine/mapping/expression_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

struct type_name {
  std::string_view name;
  value_type type;
};

// These may also stand before a text.
constexpr type_name literal_types[] = {
    {"date", value_type::date},
    {"time", value_type::time},
    {"timestamp", value_type::timestamp},
    {"timestamp_tz", value_type::timestamp_tz},
    {"timestamptz", value_type::timestamp_tz},
    {"uuid", value_type::uuid},
    {"interval", value_type::interval},
};
constexpr type_name cast_types[] = {
    {"boolean", value_type::boolean},
    {"bool", value_type::boolean},
    {"int64", value_type::int64},
    {"integer", value_type::int64},
    {"int", value_type::int64},
    {"bigint", value_type::int64},
    {"float64", value_type::float64},
    {"double", value_type::float64},
    {"real", value_type::float64},
    {"decimal", value_type::decimal},
    {"numeric", value_type::decimal},
    {"text", value_type::text},
    {"varchar", value_type::text},
    {"char", value_type::text},
};

constexpr std::string_view keywords[] = {"and",
                                         "or",
                                         "not",
                                         "is",
                                         "null",
                                         "in",
                                         "between",
                                         "like",
                                         "case",
                                         "when",
                                         "then",
                                         "else",
                                         "end",
                                         "cast",
                                         "as",
                                         "true",
                                         "false",
                                         "escape"};

std::optional<value_type> find_in(std::span<type_name const> names, std::string_view name) {
  auto const found = std::find_if(
      names.begin(), names.end(), [&](type_name const& known) { return known.name == name; });
  if (found == names.end()) return std::nullopt;
  return found->type;
}

}  // namespace

std::optional<value_type> type_before_text(std::string_view name) {
  return find_in(literal_types, name);
}

std::optional<value_type> type_after_as(std::string_view name) {
  auto const found = find_in(cast_types, name);
  return found ? found : type_before_text(name);
}

std::string which_type_is_meant(std::string_view name) {
  std::vector<std::string_view> names;
  for (auto const& known : cast_types) names.push_back(known.name);
  for (auto const& known : literal_types) names.push_back(known.name);
  auto const near = near_name(name, names);
  if (!near.empty()) return fmt::format("write {}.", near);
  return "the types are boolean, int64, float64, decimal, text, date, time, timestamp, "
         "timestamp_tz, uuid, interval.";
}

bool is_keyword(std::string_view name) {
  return std::find(std::begin(keywords), std::end(keywords), name) != std::end(keywords);
}

}  // namespace dualwrite::engine
