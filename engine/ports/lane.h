// How a lane is named, and what it leaves in its target.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "events/ids.h"

namespace dualwrite::engine {

struct lane_key {
  log_id log;
  link_id link;
  direction way = direction::left_to_right;
  lane_id lane;

  friend constexpr auto operator<=>(lane_key const&, lane_key const&) = default;
};

// Which lanes: those of a link in this direction.
using link_way = std::pair<link_id, direction>;

// Names one batch in a transaction that is captured back: the change of the lane's own row says it.
struct batch_mark {
  lane_key lane;
  epoch session;
  batch_number batch;

  friend constexpr auto operator<=>(batch_mark const&, batch_mark const&) = default;
};

// Up to where the records of one map and direction have reached this target, and by which lane.
// While the map is in the main lane the lane's own position counts.
struct map_place {
  map_id map;
  lane_id lane;
  sequence position;

  friend constexpr auto operator<=>(map_place const&, map_place const&) = default;
};

// A lane that is to be opened, and the highest session of it that is known.
struct lane_opening {
  lane_key lane;
  epoch known;
};

// A lane's row in the target, as it stands: which batch was the last, up to where it reached in
// which log, and what came of it.
struct lane_row {
  epoch session;
  batch_number batch;
  sequence position;
  std::string chain;              // as target_batch::chain
  std::string outcome;            // as target_batch::outcome gave it
  std::vector<map_place> places;  // of every map of this link and direction
};

}  // namespace dualwrite::engine
