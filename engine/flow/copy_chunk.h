// The events of initial-sync chunks and of rows that are read again.
#pragma once

#include <string>
#include <vector>

#include "engine/flow/link_context.h"

namespace dualwrite::engine {

// What is still to be copied of a range of keys: behind `after`, up to and with `until`.
struct range_left {
  link_id link;
  map_id map;
  execution_id execution;
  direction way = direction::left_to_right;
  std::string after;  // empty: from the first key on
  std::string until;  // empty: without end

  friend bool operator==(range_left const&, range_left const&) = default;
};

struct chunk_place {
  range_left of;         // which it begins
  std::string last_key;  // empty where there is none
  bool last = false;     // of its range
};

[[nodiscard]] result<chunk_request> chunk_of_range(compiled_map const& map,
                                                   range_left const& range,
                                                   std::size_t limit);
[[nodiscard]] result<chunk_request> chunk_of_key(compiled_map const& map,
                                                 side of,
                                                 std::string const& key);

// The keys behind `after` of what earlier copies could not write, in their order, at most `limit`.
[[nodiscard]] std::vector<std::string> errored_keys(projections::views const& state,
                                                    projections::map_way of,
                                                    std::string const& after,
                                                    std::size_t limit);
// Of the last row whose key can be read: the others become errors.
// Errors: `table_changed` where it would be begun anew at the same key again.
[[nodiscard]] result<std::string> last_key_of(compiled_map const& map,
                                              chunk_place const& place,
                                              chunk const& rows);
// Leaves out the rows whose key has a record that is parked: in either direction, or the other
// side's row would come to where one is that has failed to get away from there.
[[nodiscard]] result<void> leave_errored_alone(projections::views const& state,
                                               compiled_map const& map,
                                               projections::map_way of,
                                               chunk& rows);

// The rows as sync records of their own; where there are none, that these keys are done.
[[nodiscard]] result<drafts> chunk_events(projections::views const& state,
                                          compiled_map const& map,
                                          chunk_place const& place,
                                          chunk const& rows);

// What earlier copies could not write of these keys: it has been read again by `by`.
[[nodiscard]] drafts take_over(projections::views const& state,
                               link_id link,
                               projections::map_way of,
                               std::vector<std::string> const& keys,
                               sequence by);

// What comes with the outcome of a chunk's batch.
[[nodiscard]] drafts copied_events(projections::views const& state,
                                   range_left const& range,
                                   projections::chunk_row const& chunk,
                                   lane_id lane,
                                   batch_number batch);

// The row as it is now, as a record of its own; what waits for it and was captured before is
// superseded. `committed_at` is that of `record`: as new as that it is at least.
// Errors: `unknown_record` where the record does not wait for it any more.
[[nodiscard]] result<drafts> reread_events(projections::views const& state,
                                           compiled_map const& map,
                                           link_id link,
                                           projections::map_way of,
                                           sequence record,
                                           instant committed_at,
                                           chunk const& rows);

// A row with the columns that no map reads left out.
[[nodiscard]] std::string masked_row(row_values row, std::set<std::size_t> const& read);

}  // namespace dualwrite::engine
