// The winners of conflicts on their way back to the side where they were overwritten, and what has
// beaten them since.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"
#include "projections/delivery.h"

namespace dualwrite::projections {

struct resolution_row {
  map_id map;
  direction way = direction::left_to_right;
  std::string key;
  sequence winner;
  sequence beaten_by;    // a later winner: this resolution must not be written any more
  bool crosses = false;  // the winner comes from the other side, as this resolution does
  DW_FIELDS(map, way, key, winner, beaten_by, crosses);
};

// Why a record was not written before its target was set back.
struct decided_row {
  skip_reason reason = skip_reason::conflict_lost;
  sequence by;
  bool undecided = false;  // it was held, against `by`
  DW_FIELDS(reason, by, undecided);
};

// The columns in which a record or resolution lost to another, which lost in others or did not
// change them.
struct part_row {
  std::vector<std::string> columns;    // of its own table
  std::vector<std::string> of_target;  // of the table that it is written to
  sequence by;                         // the last that took some of them
  bool parked = false;
  DW_FIELDS(columns, of_target, by, parked);
};

// Fed by ConflictDetected, ConflictResolved, RecordsApplied, what settles or parks a record,
// TargetRewound, MapStopped.
struct conflicts {
  static constexpr std::string_view name = "conflicts";
  static constexpr int version = 7;

  std::map<sequence, resolution_row> resolutions;  // those that are still to be delivered
  std::map<std::pair<map_way, std::string>, std::set<sequence>> by_key;
  // By the direction of the loser: records that lost while their own outcome was not known yet, and
  // against which.
  std::map<map_way, std::map<sequence, sequence>> beaten;
  // Losers, and resolutions that were beaten, that are delivered again because their target was set
  // back: a conflict is decided once, and the winner may long be out of sight.
  std::map<map_way, std::map<sequence, decided_row>> decided;
  // Those that are not known to be written yet.
  std::map<map_way, std::map<sequence, part_row>> in_part;
  std::map<map_id, std::uint64_t> counts;
  DW_FIELDS(resolutions, by_key, beaten, decided, in_part, counts);

  void fold(event_view const& event);

  // The resolutions of a key that are still to be delivered this way, oldest first; nothing where
  // there is none.
  std::set<sequence> const* pending(map_way of, std::string const& key) const;
  // What a record lost against before its own outcome was known; zero where it did not.
  sequence beaten_by(map_way of, sequence record) const;
  // What was decided before the target was set back; nothing where nothing was.
  decided_row const* decision(map_way of, sequence record) const;
  // Nothing where it did not lose in part.
  part_row const* part(map_way of, sequence record) const;
};

}  // namespace dualwrite::projections
