// The log as a person reads it, to look for the reason why a seed failed.
#pragma once

#include <string>

#include "events/store/event_log.h"

namespace dualwrite::simulation {

// One line for each event: sequence, cause, type, fields; the rows of records as values.
[[nodiscard]] std::string history(event_log const& log);

}  // namespace dualwrite::simulation
