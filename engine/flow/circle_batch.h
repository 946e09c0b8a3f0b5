// Circles of parked rows, of any of a link's maps, as a batch.
#pragma once

#include <vector>

#include "engine/flow/batch_planner.h"

namespace dualwrite::engine {

// Those whose maps all try what is parked, this way, and that were not tried as they are.
[[nodiscard]] std::vector<reference_circle> untried_circles(link_context const& context,
                                                            direction way);
// Of these as many as one batch takes, of maps that no lane works on.
[[nodiscard]] std::vector<reference_circle> free_circles(link_context const& context,
                                                         direction way);
// A batch of them, each to be written or refused as a whole. Where a record is not to be written
// any more, its circle is none: each of its rows is tried alone.
// Errors: those of batch_planner.
[[nodiscard]] result<ready_batch> plan_circles(link_context& context,
                                               direction way,
                                               std::vector<reference_circle> const& circles);
// After that batch: those that were refused are not tried again as they are.
void remember_tried(link_context& context,
                    direction way,
                    std::vector<reference_circle> const& circles);

}  // namespace dualwrite::engine
