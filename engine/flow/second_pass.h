// Rows of a copy that refer to rows which come later in it, or in another map's copy: they wait
// until all rows that are being copied are through, and are then tried again, before the initial
// sync ends.
#pragma once

#include "engine/flow/link_context.h"

namespace dualwrite::engine {

// Rows of the map are being copied this way, and not all have been; or are about to be.
[[nodiscard]] bool is_copied_now(projections::views const& state, map_id map, direction way);
// Its rows are copied this way, and what waits for others is tried again.
[[nodiscard]] bool is_in_second_pass(projections::views const& state, map_id map, direction way);
// Whether rows of any map of the link are being copied this way; `or_will`: or will be when others
// have been.
[[nodiscard]] bool copies_now(link_context const& context, direction way, bool or_will);
// Whether it was tried again, in vain, since the last of the link's copies this way.
[[nodiscard]] bool tried_behind_copies(link_context const& context,
                                       direction way,
                                       projections::parked_row const& row);
// Whether what is parked of the map is tried now at all; and whether this record is, when its time
// has come: in the second pass only what was copied.
[[nodiscard]] bool tries_parked(projections::views const& state, map_id map, direction way);
[[nodiscard]] bool is_tried_now(projections::views const& state,
                                map_id map,
                                direction way,
                                projections::parked_row const& row);
// Whether rows of the map's copy wait for others that are still to come, or to be tried again. What
// waits for a row that was refused is left waiting.
[[nodiscard]] bool awaits_second_pass(link_context const& context, map_id map);

}  // namespace dualwrite::engine
