// Everything that is known to be wrong with a map, or to go wrong with its rows: its definition
// against the tables as they are, the tables against their apps, and against what they were.
#pragma once

#include <vector>

#include "engine/api/api_context.h"
#include "engine/mapping/map_problem.h"

namespace dualwrite::engine {

// Errors first. An app that does not answer is a finding like any other: what does not need it is
// looked at all the same.
// Errors: `unknown_map`, `invalid_definition`.
[[nodiscard]] async<std::vector<map_problem>> report_on(api_context& context, map_id map);

}  // namespace dualwrite::engine
