#include "engine/connectors/memory/memory_rules.h"

#include <algorithm>
#include <utility>

namespace dualwrite::engine {
namespace {

std::optional<refusal> null_in(memory_table const& table, row_values const& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    auto const& column = table.schema.columns[i];
    if (!column.nullable && row[i].is_null())
      return refusal{"not_null", column.name + " must have a value", column.name};
  }
  return std::nullopt;
}

std::optional<refusal> twin_of(memory_table const& table, row_values const& row) {
  for (auto const& columns : table.unique) {
    auto const wanted = pick(row, columns);
    if (has_null(wanted)) continue;
    auto const key = pick(row, table.schema.key);
    auto const twin = std::find_if(table.rows.begin(), table.rows.end(), [&](auto const& one) {
      return one.first != key && pick(one.second, columns) == wanted;
    });
    if (twin == table.rows.end()) continue;
    auto const& name = table.schema.columns[columns.front()].name;
    return refusal{"unique", "another row has the same " + name, name, {}, twin->second};
  }
  return std::nullopt;
}

}  // namespace

row_values pick(row_values const& row, std::vector<std::size_t> const& columns) {
  row_values out;
  for (auto const column : columns) out.push_back(row[column]);
  return out;
}

bool has_null(row_values const& values) {
  return std::any_of(values.begin(), values.end(), [](auto const& one) { return one.is_null(); });
}

row_values const* find_row(memory_table const& table,
                           std::vector<std::size_t> const& columns,
                           row_values const& values) {
  if (columns == table.schema.key) {
    auto const found = table.rows.find(values);
    return found == table.rows.end() ? nullptr : &found->second;
  }
  for (auto const& [own_key, row] : table.rows) {
    if (pick(row, columns) == values) return &row;
  }
  return nullptr;
}

std::optional<refusal> breach_of(memory_tables const& tables,
                                 memory_table const& table,
                                 row_values const& row) {
  if (auto why = null_in(table, row)) return why;
  if (auto why = twin_of(table, row)) return why;
  for (auto const& key : table.references) {
    auto wanted = pick(row, key.columns);
    if (has_null(wanted) || find_row(tables.at(key.table), key.referred, wanted)) continue;
    refusal why{"foreign_key", "there is no such " + key.table};
    why.column = table.schema.columns[key.columns.front()].name;
    why.references = referenced_row{key.table, key.referred, std::move(wanted)};
    return why;
  }
  return std::nullopt;
}

std::optional<refusal> breach_without(memory_tables const& tables,
                                      memory_table const& table,
                                      row_values const& gone) {
  for (auto const& [name, child] : tables) {
    for (auto const& key : child.references) {
      if (key.table != table.schema.table) continue;
      auto const left = pick(gone, key.referred);
      if (has_null(left) || find_row(table, key.referred, left)) continue;
      if (find_row(child, key.columns, left)) return refusal{"foreign_key", name + " refers to it"};
    }
  }
  return std::nullopt;
}

}  // namespace dualwrite::engine
