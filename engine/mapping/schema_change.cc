#include "engine/mapping/schema_change.h"

#include <fmt/format.h>

#include "engine/mapping/conversion.h"

namespace dualwrite::engine {
namespace {

std::string key_text(table_schema const& of) {
  std::vector<std::string_view> names;
  for (auto const at : of.key) names.push_back(of.columns[at].name);
  return fmt::format("({})", fmt::join(names, ", "));
}

std::vector<std::string> changes_of(column_schema const& was, column_schema const& is) {
  std::vector<std::string> out;
  if (print_type(was) != print_type(is) || was.type != is.type)
    out.push_back(fmt::format("was {}, is {}", print_type(was), print_type(is)));
  if (was.nullable != is.nullable)
    out.emplace_back(is.nullable ? "may be NULL now" : "may not be NULL any more");
  if (was.has_default != is.has_default)
    out.emplace_back(is.has_default ? "has a default now" : "has lost its default");
  if (was.generated != is.generated)
    out.emplace_back(is.generated ? "is computed by the app now" : "is not computed any more");
  if (was.labels != is.labels)
    out.push_back(fmt::format("has the labels {}", fmt::join(is.labels, ", ")));
  return out;
}

}  // namespace

std::vector<schema_change> changes_between(table_schema const& was, table_schema const& is) {
  std::vector<schema_change> out;
  for (auto const& before : was.columns) {
    auto const now = is.column_named(before.name);
    if (!now) {
      out.push_back({before.name, "is gone"});
      continue;
    }
    auto const& after = is.columns[*now];
    auto const changes = changes_of(before, after);
    if (!changes.empty()) {
      out.push_back({before.name, fmt::format("{}", fmt::join(changes, "; "))});
    } else if (before != after) {
      out.push_back({before.name, "is declared otherwise"});
    }
  }
  for (auto const& after : is.columns) {
    if (!was.column_named(after.name))
      out.push_back({after.name, fmt::format("is new: {}", print_type(after))});
  }
  if (key_text(was) != key_text(is))
    out.push_back({{}, fmt::format("the key was {}, is {}", key_text(was), key_text(is))});
  return out;
}

}  // namespace dualwrite::engine
