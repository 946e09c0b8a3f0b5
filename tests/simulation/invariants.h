// What has to hold of any log, told from its events alone: nothing here asks the engine or its
// views.
#pragma once

#include <string>

#include "events/store/event_log.h"

namespace dualwrite::simulation {

// What is wrong, or nothing: a source's commits that are not captured once and in order, echoes and
// batches that are not once and in order, records that end twice, or before they were captured,
// work of maps that rest, and alert rules that do not fire exactly when they are crossed.
[[nodiscard]] std::string broken_invariant(event_log const& log);

}  // namespace dualwrite::simulation
