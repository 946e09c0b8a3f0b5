// What alert rules do as time passes: rules on states (queues, delays, silence, apps that do not
// answer) fire, and what has fired is over. Pure: the time is an argument.
#pragma once

#include <optional>
#include <vector>

#include "engine/decide/alert_decider.h"
#include "projections/views.h"

namespace dualwrite::engine {

// What a rule on a state measures.
struct level {
  bool crossed = false;
  std::uint64_t measured = 0;         // queued records, or microseconds
  instant since;                      // when the state began
  std::optional<instant> crosses_at;  // if nothing happens until then
  std::string detail;                 // what is the case, for people
};

// Of a version's maps, or of `only` one of them. Costs per map, never per record.
[[nodiscard]] level measure(projections::views const& state,
                            projections::alert_row const& rule,
                            projections::alert_version const& version,
                            map_id only,
                            instant now);

// What is due now: the ends of incidents, or else the first firing of a rule on a state. Again
// until nothing is.
[[nodiscard]] std::vector<encoded_event> decide_alerts_at(projections::views const& state,
                                                          instant now);
// When something of that becomes due if nothing happens before; none where only events can bring
// it about.
[[nodiscard]] std::optional<instant> next_alert_at(projections::views const& state, instant now);

}  // namespace dualwrite::engine
