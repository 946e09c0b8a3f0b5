// Things of the log and of the file by their names.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "engine/config/server_config.h"
#include "projections/views.h"

namespace dualwrite::engine {

// Zero where there is none.
[[nodiscard]] app_id find_app(projections::views const& state, std::string_view name);
[[nodiscard]] link_id find_link(projections::views const& state, std::string_view name);
[[nodiscard]] map_id find_map(projections::views const& state, link_id link, std::string_view name);
[[nodiscard]] rule_id find_rule(projections::views const& state, std::string_view name);
// "erp-crm/customers"
[[nodiscard]] std::string name_of_map(projections::views const& state,
                                      projections::map_row const& map);

// Null where there is none.
[[nodiscard]] link_config const* find_link_config(server_config const& config,
                                                  std::string_view name);
// By link and map, as in "erp-crm/customers".
[[nodiscard]] map_config const* find_map_config(server_config const& config, std::string_view name);
// With the name of its link.
[[nodiscard]] std::pair<std::string_view, alert_config const*> find_alert_config(
    server_config const& config, std::string_view name);

}  // namespace dualwrite::engine
