// Searches over the blocks of a log, for both logs.
#pragma once

#include "events/store/blocks.h"
#include "events/store/event_log.h"

namespace dualwrite {

// Errors: `log_corrupt`; `sequence_not_found` where nothing durable holds `at`.
[[nodiscard]] result<log_head> find_head_at(block_source const& source, sequence at);

// event_log::first_at(). Times do not decrease along the log, so a binary search needs no index of
// its own that could disagree with the blocks.
[[nodiscard]] result<sequence> find_first_at(block_source const& source, instant when);

}  // namespace dualwrite
