// How rows go from a side: removed, marked as removed, or not at all; and that a row which is
// written is not marked.
#pragma once

#include "engine/decide/delivery_decider.h"

namespace dualwrite::engine {

// Makes of the write the removal of its row, by the map's policy; the key is given already.
void plan_removal(delivery_plan& plan, target_write& write, compiled_map const& map, side target);

// A row that comes again is marked as removed no longer.
void clear_mark(target_write& write, compiled_map const& map, side target);

// Whether the write removes its row, one way or the other.
[[nodiscard]] bool is_removal(target_write const& write, compiled_map const& map, side target);

}  // namespace dualwrite::engine
