#include "engine/decide/amendment.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/mapping/conversion.h"
#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {
namespace {

result<value> read_value(column_schema const& column, std::string const& text, bool is_null) {
  if (!is_null) return convert(value::of_text(text), column);
  if (column.nullable) return value::null();
  return error{error_code::value_not_convertible, "it does not take NULL"};
}

result<table_schema> schema_of(projections::views const& state,
                               projections::map_row const& map,
                               side of,
                               std::string const& table) {
  auto const seen = state.status.schema_of(state.status.links.at(map.link).app(of), table);
  if (!seen) return error{error_code::amendment_invalid, table + " was not described yet"};
  return decode_schema(state.status.schemas.at(seen).schema);
}

}  // namespace

result<void> check_amendment(projections::views const& state,
                             amend_record const& wish,
                             direction way) {
  auto const* map = state.status.find(wish.map);
  if (map == nullptr) return error{error_code::unknown_map};
  DW_TRY(auto const definition, parse_definition(map->definition));
  auto const target = target_of(way);
  DW_TRY(auto const schema, schema_of(state, *map, target, definition.of(target).table));
  for (auto const& one : wish.values) {
    auto const at = schema.column_named(one.column);
    if (!at) {
      return error{error_code::amendment_invalid,
                   fmt::format("{} has no column {}.", schema.table, one.column)};
    }
    bool const is_key =
        std::any_of(definition.key.begin(), definition.key.end(), [&](key_pair const& pair) {
          return (target == side::left ? pair.left : pair.right) == one.column;
        });
    if (is_key) return error{error_code::amendment_invalid, one.column + " belongs to the key."};
    auto const read = read_value(schema.columns[*at], one.text, one.is_null);
    if (!read) {
      return error{error_code::amendment_invalid,
                   fmt::format("{}: {}", one.column, read.error().detail)};
    }
  }
  return {};
}

void amend(target_write& write,
           std::vector<projections::amended_column> const& columns,
           table_schema const& schema) {
  for (auto const& one : columns) {
    auto const at = schema.column_named(one.name);
    if (!at) continue;
    auto const read = read_value(schema.columns[*at], one.text, one.is_null);
    if (!read) continue;
    auto const own = std::find(write.columns.begin(), write.columns.end(), *at);
    if (own == write.columns.end()) {
      write.columns.push_back(*at);
      write.values.push_back(*read);
    } else {
      write.values[static_cast<std::size_t>(own - write.columns.begin())] = *read;
    }
  }
}

}  // namespace dualwrite::engine
