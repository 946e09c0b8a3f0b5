// How much waits for a map, held to the limits of its definition.
#pragma once

#include <map>
#include <optional>

#include "engine/decide/map_decider.h"
#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {

// What is captured for a map and neither settled nor parked, in both directions.
struct queue_size {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;        // as captured; about
  std::optional<instant> oldest;  // since when the oldest of them waits
};
[[nodiscard]] queue_size queue_of(projections::views const& state, map_id map, instant now);

// The limits of each map; those of a map may be none.
using limits_by_map = std::map<map_id, queue_limits>;

// When a level is next to be said, if nothing else happens; none where none is.
[[nodiscard]] std::optional<instant> next_queue_level(projections::views const& state,
                                                      limits_by_map const& limits,
                                                      instant now);

// What is due now: QueueLevelChanged for each map whose queue came to another share of its nearest
// limit; at the whole of it, where the map detaches, QueueOverflowed and the request to stop it.
[[nodiscard]] drafts decide_queue_levels(projections::views const& state,
                                         limits_by_map const& limits,
                                         instant now);

}  // namespace dualwrite::engine
