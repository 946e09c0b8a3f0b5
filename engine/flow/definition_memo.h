// What is wanted of each map's definition, read once for each version: whoever is woken at every
// step of the log does not parse definitions each time.
#pragma once

#include <map>
#include <optional>

#include "engine/mapping/map_definition.h"
#include "projections/map_status.h"

namespace dualwrite::engine {

template <class Wanted>
class definition_memo {
 public:
  // `read` gives what is wanted of a definition, or nothing.
  using reader = std::optional<Wanted> (*)(map_definition const& definition);
  explicit definition_memo(reader read) : read_(read) {}

  std::map<map_id, Wanted> const& of(projections::map_status const& status) {
    auto const is_gone = [&](auto const& row) { return !status.maps.contains(row.first); };
    std::erase_if(wanted_, is_gone);
    std::erase_if(versions_, is_gone);
    for (auto const& [map, row] : status.maps) {
      auto& version = versions_[map];
      if (version == row.version) continue;
      version = row.version;
      wanted_.erase(map);
      auto const definition = parse_definition(row.definition);
      if (!definition) continue;
      if (auto const wanted = read_(*definition)) wanted_[map] = *wanted;
    }
    return wanted_;
  }

 private:
  reader read_;
  std::map<map_id, Wanted> wanted_;
  std::map<map_id, std::uint32_t> versions_;
};

}  // namespace dualwrite::engine
