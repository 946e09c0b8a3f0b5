// Gathers from the log what a letter has to say.
#pragma once

#include "engine/delivery/alert_letter.h"
#include "events/store/event_log.h"
#include "projections/views.h"

namespace dualwrite::engine {

// Of the firing, resolution or test at `about`. What the log does not show any more is left out.
// Errors: `log_corrupt`, `event_malformed`.
[[nodiscard]] result<letter_facts> report_on(event_log const& log,
                                             projections::views const& state,
                                             sequence about,
                                             projections::message_row const& message);

}  // namespace dualwrite::engine
