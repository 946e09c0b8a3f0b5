#include "engine/api/find_named.h"

#include <fmt/format.h>

#include "engine/api/api_request.h"
#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

std::string not_found(std::string_view name, std::vector<std::string> const& known) {
  std::vector<std::string_view> const names(known.begin(), known.end());
  auto const near = near_name(name, names);
  if (near.empty()) return fmt::format("'{}' is not known.", name);
  return fmt::format("'{}' is not known; did you mean '{}'?", name, near);
}

template <class Row>
std::string const& name_of_row(Row const& row) {
  if constexpr (requires { row.terms; }) {
    return row.terms.name;
  } else {
    return row.name;
  }
}

// Of things whose names are unique.
template <class Id, class Row>
result<Id> only_one_called(std::map<Id, Row> const& rows,
                           std::string_view name,
                           error_code absent) {
  std::vector<std::string> known;
  for (auto const& [id, row] : rows) {
    if (name_of_row(row) == name) return id;
    known.push_back(name_of_row(row));
  }
  return error{absent, not_found(name, known)};
}

}  // namespace

result<map_id> map_called(projections::views const& state, std::string_view name) {
  map_id found;
  bool twice = false;
  std::vector<std::string> known;
  for (auto const& [id, row] : state.status.maps) {
    auto const full = link_name(state, row.link) + "/" + row.name;
    if (full == name) return id;
    known.push_back(row.name);
    if (row.name != name) continue;
    twice = twice || found;
    found = id;
  }
  if (twice) return error{error_code::ambiguous_name, std::string(name)};
  if (!found) return error{error_code::unknown_map, not_found(name, known)};
  return found;
}

result<execution_id> execution_called(projections::views const& state, std::string_view name) {
  auto const& progress = state.progress;
  if (auto const number = parse_number(name)) {
    if (progress.executions.contains(execution_id{*number})) return execution_id{*number};
    return error{error_code::unknown_execution, std::string(name)};
  }
  DW_TRY(auto const map, map_called(state, name));
  auto const latest = progress.latest.find(map);
  if (latest != progress.latest.end()) return latest->second;
  return error{error_code::unknown_execution, fmt::format("{} has had none yet", name)};
}

result<rule_id> rule_called(projections::views const& state, std::string_view name) {
  return only_one_called(state.alerts.rules, name, error_code::unknown_rule);
}

result<link_id> link_called(projections::views const& state, std::string_view name) {
  return only_one_called(state.status.links, name, error_code::unknown_link);
}

std::string link_name(projections::views const& state, link_id link) {
  auto const found = state.status.links.find(link);
  return found == state.status.links.end() ? std::string() : found->second.name;
}

std::string app_name(projections::views const& state, app_id app) {
  auto const found = state.status.apps.find(app);
  return found == state.status.apps.end() ? std::string() : found->second;
}

}  // namespace dualwrite::engine
