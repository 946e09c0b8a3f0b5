// Where what the log has and what the file says differ, for people: "column name/fullname:
// expression", "errors.keep".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/config/server_config.h"
#include "projections/views.h"

namespace dualwrite::engine {

// The definition's own name does not count: a rename is another step. Nothing where both are the
// same.
[[nodiscard]] std::vector<std::string> difference(std::string_view definition,
                                                  map_definition const& wanted);
[[nodiscard]] std::vector<std::string> difference(projections::views const& state,
                                                  projections::alert_row const& rule,
                                                  alert_config const& wanted);
[[nodiscard]] std::vector<std::string> difference(projections::views const& state,
                                                  projections::plan_row const& plan,
                                                  maintenance_config const& wanted);

}  // namespace dualwrite::engine
