// What a batch came to, as it is true when its turn in the log comes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/decide/outcome.h"

namespace dualwrite::engine {

// The first record of each key that an outcome parks.
using parked_keys = std::map<std::pair<map_id, std::string>, sequence>;

struct row_finders {
  // The record that brings a missing row, or zero where the row is on its way unparked; nothing
  // where it is not known to come. What the outcome itself parks is not in the views yet.
  std::function<std::optional<sequence>(named_row const&, parked_keys const&)> bringing;
  // The row's key in its map; nothing where the map does not have it.
  std::function<std::optional<std::string>(named_row const&)> key_of;
};

// Lanes of both directions work at once: a record that one batch beats, supersedes or retries may
// have ended by another one since, one that it parks may have been beaten, one that it beats may
// have been parked, and so may a missing row. Such an outcome is told as it is true when its turn
// in the log comes. The write of a retry that was beaten meanwhile is about to be overwritten: it
// counts for nothing.
[[nodiscard]] bool depends_on_turn(batch_outcome const& outcome);
// The batch of an outcome and what its target refused, or was not asked to write.
struct refused_records {
  batch_id batch;
  key_ledger::records records{};
};
[[nodiscard]] std::optional<refused_records> refused_of(batch_outcome const& outcome);
// Errors: `event_malformed`.
[[nodiscard]] result<drafts> at_its_turn(batch_outcome outcome,
                                         projections::views const& state,
                                         row_finders const& find);

}  // namespace dualwrite::engine
