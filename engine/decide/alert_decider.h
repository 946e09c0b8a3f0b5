// What an alert rule does about an error: decided in the step that appends the error, so that it is
// decided once.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "events/codec.h"
#include "projections/alert_windows.h"
#include "projections/map_status.h"

namespace dualwrite::engine {

// What was decided and is not in the views yet.
struct alert_turn {
  std::set<rule_id> fired;  // by the submission that is judged
  std::set<map_id> asked;   // for a pause or a stop, in the commit at work
};

// What follows from `latest`, which `windows` has counted already: for each rule that it made cross
// a firing, and behind it, where the rule has an action, the request for each map of its link that
// the action concerns. A rule fires once for a submission.
[[nodiscard]] std::vector<std::vector<encoded_event>> decide_alerts(
    projections::alert_windows const& windows,
    projections::map_status const& status,
    event_view const& latest,
    alert_turn& turn);

// "10 application or mapping errors within 15m".
[[nodiscard]] std::string condition_text(projections::alert_row const& rule);

}  // namespace dualwrite::engine
