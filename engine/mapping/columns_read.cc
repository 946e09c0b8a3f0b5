#include "engine/mapping/columns_read.h"

#include <set>

#include "engine/mapping/expression_parser.h"

namespace dualwrite::engine {
namespace {

void add_columns(node const& from, std::set<std::string>& to) {
  if (from.kind == node_kind::column) to.insert(from.name);
  for (auto const& child : from.children) {
    if (child) add_columns(*child, to);
  }
}

void add_columns(std::string const& expression, std::set<std::string>& to) {
  auto const parsed = parse_expression(expression);
  if (parsed.tree) add_columns(*parsed.tree, to);
}

}  // namespace

std::vector<std::string> columns_read(map_definition const& definition, side of) {
  std::set<std::string> names;
  for (auto const& pair : definition.key) names.insert(of == side::left ? pair.left : pair.right);
  auto const& table = definition.of(of);
  if (!table.filter.empty()) add_columns(table.filter, names);
  if (!table.soft_delete.empty()) names.insert(table.soft_delete);
  for (auto const& pair : definition.columns) {
    if (pair.only && *pair.only != direction_from(of)) continue;
    auto const& name = of == side::left ? pair.left : pair.right;
    if (!pair.expression.empty()) {
      add_columns(pair.expression, names);
    } else if (!name.empty()) {
      names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> columns_known_before(map_definition const& definition, side of) {
  std::set<std::string> names;
  auto const& filter = definition.of(of).filter;
  if (!filter.empty()) add_columns(filter, names);
  for (auto const& pair : definition.columns) {
    if (pair.expression.empty() || (pair.only && *pair.only != direction_from(of))) continue;
    std::set<std::string> of_pair;
    add_columns(pair.expression, of_pair);
    if (of_pair.size() > 1) names.merge(of_pair);
  }
  return {names.begin(), names.end()};
}

}  // namespace dualwrite::engine
