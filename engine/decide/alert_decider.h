// What alert rules do about errors: decided in the step that appends the error, so that it is
// decided once.
#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "events/codec.h"
#include "projections/alert_windows.h"
#include "projections/map_status.h"

namespace dualwrite::engine {

// What was decided and is not in the views yet.
struct alert_turn {
  // Windows that fired by the submission that is judged.
  std::set<std::tuple<rule_id, std::uint32_t, map_id>> fired;
  std::set<map_id> asked;  // for a pause or a stop, in the commit at work
};

// What follows from `latest`, which `windows` has folded last: for each window that it made cross
// a firing, and behind it, where the rule has an action, the request for each map that the
// action concerns. A window fires once for a submission.
[[nodiscard]] std::vector<std::vector<encoded_event>> decide_alerts(
    projections::alert_windows const& windows,
    projections::map_status const& status,
    event_view const& latest,
    alert_turn& turn);

// A firing, with the requests that follow from it.
struct firing {
  rule_id rule;
  std::uint32_t version = 0;
  map_id map;  // of a rule that counts per map
  std::uint32_t count = 0;
  instant since;
  std::uint64_t measured = 0;
  std::string detail;  // what came last, or is the case
  sequence cause;
};
[[nodiscard]] std::vector<encoded_event> fire(projections::alert_row const& rule,
                                              projections::map_status const& status,
                                              firing const& what,
                                              std::set<map_id>& asked);

// Resuming, Running and Initializing maps do.
[[nodiscard]] bool works(projections::map_row const& map);
// Whether a map works, and nobody has made this request of it, or asked it to stop.
[[nodiscard]] bool can_be_asked(projections::map_row const& map, event_type request);

// "10 application or mapping errors within 15m", "records wait for 2h".
[[nodiscard]] std::string condition_text(alert_terms const& terms);

}  // namespace dualwrite::engine
