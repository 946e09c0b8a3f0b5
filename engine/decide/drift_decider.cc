#include "engine/decide/drift_decider.h"

#include <fmt/format.h>

#include "engine/decide/map_transitions.h"
#include "engine/mapping/compiled_map.h"

namespace dualwrite::engine {
namespace {

using projections::map_row;
using projections::map_status;

result<void> fits_with(map_status const& status, map_row const& map, app_id app, table_schema now) {
  DW_TRY(auto const definition, parse_definition(map.definition));
  auto const& link = status.links.at(map.link);
  auto const seen = [&](app_id of, std::string const& table) -> result<table_schema> {
    if (of == app && table == now.table) return now;
    auto const id = status.schema_of(of, table);
    if (!id) return error{error_code::invalid_definition, table + " was not described yet"};
    return decode_schema(status.schemas.at(id).schema);
  };
  DW_TRY(auto const left, seen(link.left, definition.left.table));
  DW_TRY(auto const right, seen(link.right, definition.right.table));
  DW_CHECK(compile(definition, left, right));
  return {};
}

// Whether the map has this table, and on which side.
struct table_use {
  bool reads = false;
  bool writes = false;
};
table_use use_of(map_status const& status,
                 map_row const& map,
                 app_id app,
                 std::string const& table) {
  auto const definition = parse_definition(map.definition);
  if (!definition) return {};
  auto const& link = status.links.at(map.link);
  table_use out;
  auto const add = [&](bool is_it, direction away) {
    if (!is_it) return;
    out.reads = out.reads || definition->writes(away);
    out.writes = out.writes || definition->writes(opposite(away));
  };
  add(link.left == app && definition->left.table == table, direction::left_to_right);
  add(link.right == app && definition->right.table == table, direction::right_to_left);
  return out;
}

void request_pause(map_id id, map_row const& map, std::string const& reason, drafts& out) {
  if (!is_allowed(map, map_action::pause)) return;
  PauseRequested const pause{id, {}, reason};
  out.push_back(draft({stream_kind::map, id.value}, map.link, pause));
}

}  // namespace

result<void> fits(map_status const& status, map_row const& map) {
  return fits_with(status, map, {}, {});
}

drafts decide_observed(projections::views const& state,
                       link_id link,
                       app_id app,
                       table_schema const& table) {
  auto const& status = state.status;
  auto const bytes = encode_schema(table);
  auto const known = status.schema_of(app, table.table);
  drafts out;
  if (known && status.schemas.at(known).schema == bytes) return out;
  out.push_back(
      draft({stream_kind::link, link.value}, link, SchemaObserved{app, table.table, blob{bytes}}));
  for (auto const& [id, map] : status.maps) {
    auto const use = use_of(status, map, app, table.table);
    if (!use.reads && !use.writes) continue;
    auto const fitting = fits_with(status, map, app, table);
    if (fitting) continue;
    auto const why = fmt::format("{} has changed: {}", table.table, fitting.error().detail);
    request_pause(id, map, why, out);
  }
  return out;
}

drafts decide_barred(projections::views const& state, map_id map, std::string const& why) {
  drafts out;
  auto const* row = state.status.find(map);
  if (row != nullptr) request_pause(map, *row, why, out);
  return out;
}

drafts decide_gone(projections::views const& state,
                   app_id app,
                   std::string const& table,
                   std::string const& why) {
  drafts out;
  for (auto const& [id, map] : state.status.maps) {
    auto const use = use_of(state.status, map, app, table);
    if (use.reads && is_allowed(map, map_action::stop)) {
      StopRequested const stop{id, {}, why};
      out.push_back(draft({stream_kind::map, id.value}, map.link, stop));
    } else if (use.writes) {
      request_pause(id, map, why, out);
    }
  }
  return out;
}

}  // namespace dualwrite::engine
