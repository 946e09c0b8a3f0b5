// Views from the log, from its beginning or from a snapshot on.
#pragma once

#include "events/store/event_log.h"
#include "projections/view_set.h"

namespace dualwrite::replay {

// Folds everything behind `from.checkpoint` up to and with `until`.
// Errors: those of reading and decoding.
[[nodiscard]] result<projections::views> rebuild(event_log const& log,
                                                 projections::views from = {},
                                                 sequence until = sequence{~std::uint64_t{0}});
// The same for some of the views only.
[[nodiscard]] result<projections::views> rebuild_only(projections::view_set which,
                                                      event_log const& log,
                                                      projections::views from,
                                                      sequence until);

}  // namespace dualwrite::replay
