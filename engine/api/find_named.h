// Things by the names that people give them.
#pragma once

#include <string_view>

#include "projections/views.h"

namespace dualwrite::engine {

// "customers", or "erp-crm/customers" where more links have such a map.
// Errors: `unknown_map` with the name that was probably meant; `ambiguous_name`.
[[nodiscard]] result<map_id> map_called(projections::views const& state, std::string_view name);
// By its number, or by its map's name: the latest of the map.
// Errors: `unknown_execution`; those of map_called().
[[nodiscard]] result<execution_id> execution_called(projections::views const& state,
                                                    std::string_view name);
// Errors: `unknown_rule` with the name that was probably meant.
[[nodiscard]] result<rule_id> rule_called(projections::views const& state, std::string_view name);
// Errors: `unknown_link`.
[[nodiscard]] result<link_id> link_called(projections::views const& state, std::string_view name);

[[nodiscard]] std::string link_name(projections::views const& state, link_id link);
[[nodiscard]] std::string app_name(projections::views const& state, app_id app);

}  // namespace dualwrite::engine
