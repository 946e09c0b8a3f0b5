// What came of one batch, as events: counts for what went well, one event for each exception. The
// outcome is stored in the lane's row in the target, and appended to the log when its turn comes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
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
  // Of a circle where it was written without all that it refers to, else what is written beside it.
  std::optional<std::size_t> first_write;
  // Of a circle: the record that it waits for, which it goes on doing if another row is refused.
  sequence waits_for;
  std::vector<sequence> earlier;        // of a retry: what is parked of its key and older
  std::vector<std::string> drifted;     // its keys that are on the drift list
  std::vector<std::string> left_out{};  // columns of the target that it had lost before
};

// A row that the refusal of a record is about; what it means is asked when the outcome is appended.
struct named_row {
  std::size_t event = 0;  // which of the outcome's events says so
  map_id map;
  sequence record;
  referenced_row row;
};

// A retry that arrived, and its part of the batch's counts.
struct retried_row {
  std::size_t event = 0;
  MapCounts share;
};

// A record that was written without columns of the target, which it had lost before.
struct written_part {
  map_id map;
  sequence record;
  std::vector<std::string> left_out;
};

// What the parts of a batch came to that were written before its last one.
struct outcome_so_far {
  drafts exceptions;
  std::vector<named_row> missing, taken;
  std::vector<retried_row> retried;
  std::map<map_id, MapCounts> counts;
  std::vector<written_part> in_part;
  // The records that are parked, by key, unless a later one took their place.
  std::map<std::pair<map_id, std::string>, std::vector<sequence>> parked;
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
  // Of the last part of a batch: what the parts before it came to.
  std::shared_ptr<outcome_so_far const> before;
};

struct batch_outcome {
  drafts events;
  std::vector<named_row> missing;  // the row is not there: it may be on its way
  std::vector<named_row> taken;    // the row has a value that must be unique
  std::vector<retried_row> retried;
};

// Guarantees: depends on nothing but its arguments: a target calls it on any thread, with its
// transaction open.
[[nodiscard]] batch_outcome outcome_of(planned_batch const& batch,
                                       std::span<write_result const> results);

// Adds a part that is not the last.
void add_to_outcome(outcome_so_far& to,
                    planned_batch const& part,
                    std::span<write_result const> results);

[[nodiscard]] std::string pack_outcome(batch_outcome const& outcome);
// Errors: `event_malformed`.
[[nodiscard]] result<batch_outcome> unpack_outcome(std::string_view bytes);

}  // namespace dualwrite::engine
