// Things of the log and of the file by their names.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/config/server_config.h"
#include "events/result.h"
#include "projections/views.h"

namespace dualwrite::engine {

// Zero where there is none.
[[nodiscard]] app_id find_app(projections::views const& state, std::string_view name);
// By the name that the file gives it, or the one that it had before there.
[[nodiscard]] app_id find_app(projections::views const& state,
                              server_config const& config,
                              std::string_view name);
[[nodiscard]] link_id find_link(projections::views const& state, std::string_view name);
[[nodiscard]] map_id find_map(projections::views const& state, link_id link, std::string_view name);
// A rule or a maintenance plan.
template <class Id, class Row>
[[nodiscard]] Id find_named(std::map<Id, Row> const& rows, std::string_view name) {
  for (auto const& [id, row] : rows) {
    if (row.terms.name == name) return id;
  }
  return {};
}
// "erp-crm/customers"
[[nodiscard]] std::string name_of_map(projections::views const& state,
                                      projections::map_row const& map);

// Null where there is none.
[[nodiscard]] link_config const* find_link_config(server_config const& config,
                                                  std::string_view name);
// By link and map, as in "erp-crm/customers".
[[nodiscard]] map_config const* find_map_config(server_config const& config, std::string_view name);
// A rule or a plan as the log has it: the maps of its scope by their ids.
// Errors: `unknown_map`.
template <class Config>
[[nodiscard]] auto terms_for(projections::views const& state, link_id link, Config const& wanted)
    -> result<decltype(wanted.terms)> {
  auto terms = wanted.terms;
  for (auto const& name : wanted.maps) {
    auto const id = find_map(state, link, name);
    if (!id) return error{error_code::unknown_map, name};
    terms.maps.push_back(id);
  }
  return terms;
}

}  // namespace dualwrite::engine
