// Proofs of both logs.
#pragma once

#include "events/event_proof.h"
#include "events/store/blocks.h"

namespace dualwrite {

// Errors: those of event_log::prove(), and `log_corrupt`.
[[nodiscard]] result<event_proof> prove_event(block_source const& source, sequence at, sequence to);

}  // namespace dualwrite
