// What an alert rule does about an error: decided in the step that appends the error, so that it is
// decided once.
#pragma once

#include <vector>

#include "events/codec.h"
#include "projections/alert_windows.h"
#include "projections/map_status.h"

namespace dualwrite::engine {

// The events that follow from `latest`, which `windows` has counted already: a firing for each rule
// that it made cross, and for a rule with an action the request for each map of its link that the
// action concerns.
[[nodiscard]] std::vector<encoded_event> decide_alerts(projections::alert_windows const& windows,
                                                       projections::map_status const& status,
                                                       event_view const& latest);

}  // namespace dualwrite::engine
