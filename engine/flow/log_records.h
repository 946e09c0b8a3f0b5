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

// read_item() for many: the rows of a chunk lie in one event, which is read once for neighbours.
class item_reader {
 public:
  explicit item_reader(event_log const& log) : log_(log) {}
  [[nodiscard]] result<replay::queued_item> read(sequence at);

 private:
  event_log const& log_;
  std::vector<replay::queued_record> records_;  // of the event that was read last
};

}  // namespace dualwrite::engine
