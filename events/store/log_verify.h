// The verification of both logs: ranges of the log are decoded and hashed beside each other, and
// joined in order.
#pragma once

#include "events/store/blocks.h"
#include "events/store/event_log.h"

namespace dualwrite {

// Checks every block from the one that holds `from` up to `head`, and that the stream index says
// the same. The anchor is the caller's. With one thread, nothing is started.
[[nodiscard]] verify_report verify_blocks(block_source const& source,
                                          log_head const& head,
                                          sequence from,
                                          unsigned threads);

}  // namespace dualwrite
