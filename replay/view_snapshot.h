// Views that begin at a snapshot, so that a start folds only what came after it.
#pragma once

#include <optional>

#include "events/store/snapshot_file.h"
#include "projections/views.h"

namespace dualwrite::replay {

// `state` is of the end of a block of the log.
// Errors: `log_corrupt`.
[[nodiscard]] result<snapshot> take_snapshot(event_log const& log,
                                             projections::views const& state,
                                             digest const& program);

// What the snapshot holds; the empty views where it is of another program, or of a past that the
// log does not have.
// Errors: `log_corrupt`.
[[nodiscard]] result<projections::views> views_from(event_log const& log,
                                                    std::optional<snapshot> const& saved,
                                                    digest const& program);

}  // namespace dualwrite::replay
