// Conflicts that were decided but not yet carried out: what a lane reads again after a crash, so that a decision is made once.
#pragma once

#include <map>
#include <set>
#include <string>

#include "events/codec.h"
#include "events/fields.h"
#include "projections/delivery.h"

namespace dualwrite::projections {

struct conflict_row {
  sequence other;
  bool record_wins = false;
  DW_FIELDS(other, record_wins);
};

struct resolution_row {
  map_id map;
  direction way = direction::left_to_right;
  std::string key;
  sequence winner;
  sequence beaten_by;  // a later winner: this resolution must not be written any more
  DW_FIELDS(map, way, key, winner, beaten_by);
};

// Fed by ConflictDetected, ConflictResolved, RecordsApplied, MapStopped.
struct conflicts {
  static constexpr std::string_view name = "conflicts";
  static constexpr int version = 1;

  std::map<map_way, std::multimap<sequence, conflict_row>> decided;  // by the record whose delivery found it
  std::map<sequence, resolution_row> resolutions;  // those that are still to be delivered
  std::map<std::pair<map_way, std::string>, std::set<sequence>> by_key;
  std::map<map_id, std::uint64_t> counts;
  DW_FIELDS(decided, resolutions, by_key, counts);

  void fold(event_view const& event);

  // The resolutions of a key that are still to be delivered this way, oldest first; nothing where there is none.
  std::set<sequence> const* pending(map_way of, std::string const& key) const;
};

}  // namespace dualwrite::projections
