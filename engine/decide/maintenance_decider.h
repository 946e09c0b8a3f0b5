// What maintenance plans do as time passes. Pure: the time, and when a plan's next time comes, are
// arguments.
#pragma once

#include <optional>
#include <vector>

#include "events/codec.h"
#include "projections/views.h"

namespace dualwrite::engine {

struct maintenance_time {
  instant begins, ends;
};

// The times of a plan as its place counts them: the n-th from 0; none where it is over after fewer.
[[nodiscard]] std::optional<maintenance_time> local_time(maintenance_terms const& terms,
                                                         std::uint64_t n);

// What a plan does next: announce the time that comes, begin it, or end the one under way.
struct maintenance_step {
  enum class kind : std::uint8_t { announce, begin, end };
  kind what = kind::announce;
  instant at;
  maintenance_time time;
};
// `coming` is the first time that is not over and was not begun; none where there is no more.
[[nodiscard]] std::optional<maintenance_step> next_step(
    projections::plan_row const& plan, std::optional<maintenance_time> const& coming);

// Nothing where the state does not allow the step yet: a map that is still about to pause cannot
// be resumed.
[[nodiscard]] std::vector<encoded_event> decide_maintenance(projections::views const& state,
                                                            plan_id id,
                                                            maintenance_step const& step);

// Whether maps that a plan paused can be resumed, or there is nothing to end.
[[nodiscard]] bool may_end(projections::views const& state, projections::plan_row const& plan);
// The end of the time under way, with the requests to resume; nothing where there is none.
[[nodiscard]] std::vector<encoded_event> end_maintenance(projections::views const& state,
                                                         plan_id id,
                                                         origin const& from);

}  // namespace dualwrite::engine
