#include "engine/config/named_things.h"

#include <fmt/format.h>

namespace dualwrite::engine {

app_id find_app(projections::views const& state, std::string_view name) {
  for (auto const& [id, one] : state.status.apps) {
    if (one == name) return id;
  }
  return {};
}

app_id find_app(projections::views const& state,
                server_config const& config,
                std::string_view name) {
  if (auto const id = find_app(state, name)) return id;
  auto const* app = config.find_app(name);
  return app == nullptr || app->was.empty() ? app_id{} : find_app(state, app->was);
}

link_id find_link(projections::views const& state, std::string_view name) {
  for (auto const& [id, row] : state.status.links) {
    if (row.name == name) return id;
  }
  return {};
}

map_id find_map(projections::views const& state, link_id link, std::string_view name) {
  for (auto const& [id, row] : state.status.maps) {
    if (row.link == link && row.name == name) return id;
  }
  return {};
}

std::string name_of_map(projections::views const& state, projections::map_row const& map) {
  auto const link = state.status.links.find(map.link);
  return fmt::format("{}/{}", link == state.status.links.end() ? "" : link->second.name, map.name);
}

link_config const* find_link_config(server_config const& config, std::string_view name) {
  for (auto const& link : config.links) {
    if (link.name == name) return &link;
  }
  return nullptr;
}

map_config const* find_map_config(server_config const& config, std::string_view name) {
  auto const slash = name.find('/');
  auto const* link = find_link_config(config, name.substr(0, slash));
  if (link == nullptr || slash == std::string_view::npos) return nullptr;
  for (auto const& map : link->maps) {
    if (map.definition.name == name.substr(slash + 1)) return &map;
  }
  return nullptr;
}

}  // namespace dualwrite::engine
