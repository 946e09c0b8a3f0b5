// What came of one batch, as events: counts for what went well, one event for each exception. The
// same bytes go into the lane's row in the target and, word for word, into the log.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/decide/delivery_decider.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine {

using drafts = std::vector<encoded_event>;

// One record of a batch for one map, planned.
struct planned_record {
  map_id map;
  std::uint32_t version = 1;
  sequence at;
  attempt which = attempt::first;
  bool copied = false;  // a row of a copy, or read again
  side made_on = side::left;
  instant committed_at;
  std::uint32_t depth = 0;
  delivery_plan plan;
  std::optional<std::size_t> write;  // index among the batch's writes
};

struct planned_batch {
  link_id link;
  direction way = direction::left_to_right;
  lane_id lane;
  epoch session;
  batch_number batch;
  sequence behind, position;
  std::vector<map_place> places;
  std::vector<planned_record> records;
  sequence reverse_passed;
  std::vector<encoded_event> also;  // events that come with the outcome, behind it
};

// Why a refusal may heal by itself: the row that it refers to has not arrived. Gives the record
// that it waits for, or zero where the row is on its way unparked; nothing where it is not known to
// come.
using find_dependency =
    std::function<std::optional<sequence>(planned_record const&, referenced_row const&)>;

// Lanes of both directions decide at once: a record that one batch beats or supersedes may have
// ended by another one since. Such an outcome is told as it is true when its turn in the log comes.
[[nodiscard]] bool ends_parked_records(drafts const& events);
[[nodiscard]] drafts without_ended(projections::parked const& parked, drafts events);

[[nodiscard]] drafts outcome_of(planned_batch const& batch,
                                std::span<write_result const> results,
                                projections::parked const& parked,
                                find_dependency const& dependency);

[[nodiscard]] std::string pack_outcome(drafts const& events);
// Errors: `event_malformed`.
[[nodiscard]] result<drafts> unpack_outcome(std::string_view bytes);

}  // namespace dualwrite::engine
