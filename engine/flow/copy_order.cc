#include "engine/flow/copy_order.h"

#include <algorithm>
#include <vector>

namespace dualwrite::engine {

using projections::map_state;

async<void> copy_order::look_at(map_id map, map_definition const& definition) {
  std::set<std::pair<side, std::string>> found;
  for (auto const of : {side::left, side::right}) {
    if (!definition.writes(opposite(direction_from(of)))) continue;
    auto table = definition.of(of).table;
    DW_CO_TRY(auto tables, co_await context_.source(of).referred_tables(std::move(table)));
    for (auto& one : tables) found.insert({of, std::move(one)});
  }
  references_[map] = std::move(found);
  co_return result<void>{};
}

std::set<map_id> copy_order::referred_by(map_id map) const {
  std::set<map_id> out;
  auto const mine = references_.find(map);
  if (mine == references_.end() || mine->second.empty()) return out;
  for (auto const& [other, row] : context_.views().status.maps) {
    if (row.link != context_.link || other == map) continue;
    auto const definition = parse_definition(row.definition);
    bool const is_referred =
        definition && std::any_of(mine->second.begin(), mine->second.end(), [&](auto const& one) {
          return definition->of(one.first).table == one.second;
        });
    if (is_referred) out.insert(other);
  }
  return out;
}

bool copy_order::leads_back(map_id from, map_id to) const {
  std::set<map_id> seen;
  std::vector<map_id> left{from};
  while (!left.empty()) {
    auto const at = left.back();
    left.pop_back();
    // Of a map that was begun by an earlier engine nothing is known: it may refer to anything.
    if (at == to || !references_.contains(at)) return true;
    if (!seen.insert(at).second) continue;
    for (auto const next : referred_by(at)) left.push_back(next);
  }
  return false;
}

bool copy_order::is_to_be_copied(map_id map) const {
  auto const& row = *context_.views().status.find(map);
  return row.pending_kind == event_type::RunRequested ||
         (row.state == map_state::initializing && row.execution_open);
}

bool copy_order::waits_for_another(map_id map) const {
  auto const referred = referred_by(map);
  return std::any_of(referred.begin(), referred.end(), [&](map_id one) {
    return is_to_be_copied(one) && !leads_back(one, map);
  });
}

}  // namespace dualwrite::engine
