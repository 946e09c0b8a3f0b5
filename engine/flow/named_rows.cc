#include "engine/flow/named_rows.h"

#include <algorithm>

#include "engine/flow/second_pass.h"

namespace dualwrite::engine {
namespace {

// Where the row is one of the map's on this side, and is named by its key.
std::optional<std::string> key_in(compiled_map const& map, side of, referenced_row const& row) {
  auto const columns = map.key_columns(of);
  if (map.table(of) != row.table || columns != row.columns) return std::nullopt;
  row_values sparse(*std::max_element(columns.begin(), columns.end()) + 1);
  for (std::size_t i = 0; i < columns.size(); ++i) sparse[columns[i]] = row.values[i];
  auto key = map.key_of(of, sparse);
  return key ? std::optional(std::move(*key)) : std::nullopt;
}

// Of a map that begins it may not be known yet what its table looks like.
bool is_of_table(projections::map_row const& map, side of, referenced_row const& row) {
  auto const definition = parse_definition(map.definition);
  return definition && definition->writes(direction_from(opposite(of))) &&
         definition->of(of).table == row.table;
}

}  // namespace

std::optional<sequence> bringing(link_context& context,
                                 direction way,
                                 projections::views const& state,
                                 named_row const& missing,
                                 parked_keys const& parked_here) {
  for (auto const& [map, status] : state.status.maps) {
    if (status.link != context.link) continue;
    bool const is_copied = is_copied_now(state, map, way);
    if (!is_copied && !state.delivery.places.contains({map, way})) continue;
    auto const compiled = context.maps.get(state, map);
    if (!compiled && is_copied && is_of_table(status, target_of(way), missing.row))
      return sequence{};
    if (!compiled) continue;
    auto const key = key_in(**compiled, target_of(way), missing.row);
    if (!key) continue;
    auto const* chain = state.parked.chain({map, way}, *key);
    if (chain != nullptr && *chain->begin() != missing.record) return *chain->begin();
    auto const here = parked_here.find({map, *key});
    if (here != parked_here.end() && here->second != missing.record) return here->second;
    bool const behind = context.position(map, way) < missing.record - 1;
    if (behind && map != missing.map) return sequence{};
    if (is_copied) return sequence{};
  }
  return std::nullopt;
}

std::optional<std::string> key_of_taker(link_context& context,
                                        direction way,
                                        projections::views const& state,
                                        named_row const& taken) {
  auto const compiled = context.maps.get(state, taken.map);
  return compiled ? key_in(**compiled, target_of(way), taken.row) : std::nullopt;
}

}  // namespace dualwrite::engine
