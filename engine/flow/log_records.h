// Records of the log, found by their sequences.
#pragma once

#include <vector>

#include "events/result.h"
#include "events/store/event_log.h"
#include "replay/record_cursor.h"

namespace dualwrite::engine {

// Reads one record, or the winner of a conflict, from the log by its sequence.
// Errors: `sequence_not_found` where no record has it.
[[nodiscard]] result<replay::queued_item> read_item(event_log const& log, sequence at);
// All records of the event that begins at `first`: the rows of a chunk.
// Errors: `sequence_not_found` where no such event begins there.
[[nodiscard]] result<std::vector<replay::queued_record>> read_records(event_log const& log,
                                                                      sequence first);

}  // namespace dualwrite::engine
