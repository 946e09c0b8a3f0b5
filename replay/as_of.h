// How the table maps were at a moment of the past: the fold of the log up to there.
#pragma once

#include "events/instant.h"
#include "events/store/event_log.h"
#include "projections/map_status.h"

namespace dualwrite::replay {

// After the event with this sequence, and all of the event where it has several.
// Errors: `sequence_not_found` where the log does not reach that far; those of reading and
// decoding.
[[nodiscard]] result<projections::map_status> status_as_of(event_log const& log, sequence at);

// After everything that was recorded up to and at this moment. Before the first event there is
// nothing.
[[nodiscard]] result<projections::map_status> status_as_of(event_log const& log, instant when);

}  // namespace dualwrite::replay
