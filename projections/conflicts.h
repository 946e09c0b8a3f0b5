// Conflicts that were decided but not yet carried out: what a lane reads again after a crash, so that a decision is made once.
#pragma once

#include <map>
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
  sequence winner;
  sequence beaten_by;  // a later winner: this resolution must not be written any more
  DW_FIELDS(map, way, winner, beaten_by);
};

// Fed by ConflictDetected, ConflictResolved, RecordsApplied, MapStopped.
struct conflicts {
  static constexpr std::string_view name = "conflicts";
  static constexpr int version = 1;

  std::map<map_way, std::multimap<sequence, conflict_row>> decided;  // by the record whose delivery found it
  std::map<sequence, resolution_row> resolutions;
  std::map<map_id, std::uint64_t> counts;
  DW_FIELDS(decided, resolutions, counts);

  void fold(event_view const& event);
};

}  // namespace dualwrite::projections
