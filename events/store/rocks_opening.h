// How the database of a log is opened, and what is done where its end is torn.
#pragma once

#include <memory>
#include <optional>

#include "events/store/rocks_event_log.h"

namespace dualwrite {

// Errors: those of rocks_event_log::open().
[[nodiscard]] result<opened<rocks_event_log>> open_or_recover(log_folder const& folder,
                                                              anchor const& written,
                                                              rocks_sizes sizes);

}  // namespace dualwrite
