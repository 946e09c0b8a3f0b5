// The log of a server's data folder, as this program opens it.
#pragma once

#include <string>

#include "engine/config/server_config.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite::engine {

// Errors: those of rocks_event_log::open().
[[nodiscard]] result<opened<rocks_event_log>> open_server_log(server_config const& config,
                                                              rocks_log_options const& options);

// What LogTailTrimmed says.
[[nodiscard]] std::string text_of(trimmed_tail const& trimmed);

}  // namespace dualwrite::engine
