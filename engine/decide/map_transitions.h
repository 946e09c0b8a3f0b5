// What can be done with a table map in which status: one table for the decider, the API, the
// console and the docs.
#pragma once

#include <string_view>
#include <vector>

#include "projections/map_status.h"

namespace dualwrite::engine {

enum class map_action : std::uint8_t { run, rerun, pause, resume, stop, edit, retry, erase };

[[nodiscard]] std::string_view name_of(map_action action);
[[nodiscard]] bool is_allowed(projections::map_row const& map, map_action action);
[[nodiscard]] std::vector<map_action> allowed_actions(projections::map_row const& map);

}  // namespace dualwrite::engine
