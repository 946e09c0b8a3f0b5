// The conflicts that somebody has to decide, and what a decision leads to. A conflict is all parked
// records of the keys that hang together: a change of a key itself ties two of them, and so does a
// value that must be unique and that each side gave to another row.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "events/codec.h"
#include "events/result.h"
#include "projections/views.h"

namespace dualwrite::engine {

struct open_conflict {
  struct side_of {
    std::vector<sequence> records{};  // made on this side, parked, oldest first
    sequence against{};               // the newest change of the other side that they stand against
  };
  map_id map{};
  sequence id{};             // the first record that is in conflict
  sequence newest{};         // the last of them: a decision names what was looked at
  std::string key{};         // of the first record
  bool is_held = false;      // some of its keys are, until it is decided
  bool is_of_value = false;  // some of its records clash in a value
  std::array<side_of, 2> sides{};

  [[nodiscard]] side_of const& of(side which) const {
    return sides[static_cast<std::size_t>(which)];
  }
};

// All that were told of, in the order of their first records.
[[nodiscard]] std::vector<open_conflict> open_conflicts(projections::views const& state);
// By any record that is in conflict.
// Errors: `unknown_record`.
[[nodiscard]] result<open_conflict> find_conflict(projections::views const& state, sequence record);

struct resolve_conflict {
  sequence conflict;  // any of its records
  side keep = side::left;
  sequence seen{};  // the newest record that was looked at; zero: whatever there is
};

// The kept side's changes are tried again and win; the other side's are settled as lost. Where only
// the lost ones were held, the change that they stood against is sent to their side again. What
// nothing is known to take the place of is given up, and its key is on the drift list. Where they
// clash in a value the lost row becomes again what both sides had, and goes where it is new.
// Errors: `unknown_record`; `conflict_moved` where a newer change came than was looked at;
// `not_undoable` where a lost row would have to have its old key again, or is being tried.
[[nodiscard]] result<std::vector<encoded_event>> decide_resolution(projections::views const& state,
                                                                   resolve_conflict const& wish,
                                                                   origin const& from);

// The same where the map's policy decides a clash in a value: nobody chose.
[[nodiscard]] result<std::vector<encoded_event>> settle_conflict(projections::views const& state,
                                                                 open_conflict const& conflict,
                                                                 side keep);

}  // namespace dualwrite::engine
