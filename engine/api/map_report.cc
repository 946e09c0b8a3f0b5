#include "engine/api/map_report.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>

#include "engine/api/find_named.h"
#include "engine/flow/table_watch.h"
#include "engine/mapping/compiled_map.h"
#include "engine/mapping/schema_change.h"

namespace dualwrite::engine {
namespace {

constexpr side both_sides[] = {side::left, side::right};

std::string table_place(side of) {
  return of == side::left ? "left.table" : "right.table";
}

map_problem unreadable(side of, error const& why) {
  if (why.code == error_code::table_missing) {
    return {problem_code::table_missing,
            table_place(of),
            fmt::format("the app has no table '{}' that this server may see.", why.detail),
            "name a table that it has, or grant the right to read it."};
  }
  return {problem_code::app_unreachable,
          table_place(of),
          to_string(why),
          "look at the app and at its address; `app test` asks it again."};
}

// As the table was seen last before the map was started, where it has been.
std::optional<table_schema> seen_at_start(projections::views const& state,
                                          map_id map,
                                          app_id app,
                                          std::string const& table) {
  auto const rows = state.activity.rows.find(map);
  if (rows == state.activity.rows.end()) return std::nullopt;
  auto const started = std::find_if(
      rows->second.rbegin(), rows->second.rend(), [](projections::activity_row const& row) {
        return row.type == event_type::MapStarted || row.type == event_type::MapResumed;
      });
  if (started == rows->second.rend()) return std::nullopt;
  std::optional<table_schema> out;
  for (auto const& [id, row] : state.status.schemas) {
    if (row.app != app || row.table != table || id.value > started->at.value) continue;
    auto const schema = decode_schema(row.schema);
    if (schema) out = *schema;
  }
  return out;
}

bool is_mapped(map_definition const& definition, side of, std::string const& column) {
  auto const names = [&](auto const& pair) {
    return (of == side::left ? pair.left : pair.right) == column;
  };
  return std::any_of(definition.key.begin(), definition.key.end(), names) ||
         std::any_of(definition.columns.begin(), definition.columns.end(), names) ||
         definition.of(of).soft_delete == column;
}

struct reporter {
  api_context& context;
  map_id map;
  projections::map_row row;
  map_definition definition;
  std::vector<map_problem> found{};

  async<std::optional<table_schema>> look_at(side of) {
    auto table = definition.of(of).table;
    auto seen = co_await context.core.describe(row.link, of, std::move(table));
    if (!seen) {
      found.push_back(unreadable(of, seen.error()));
      co_return std::optional<table_schema>{};
    }
    add_changes(of, *seen);
    DW_CO_CHECK(co_await add_obstacles(of));
    DW_CO_CHECK(co_await add_circle(of));
    co_return std::optional<table_schema>(std::move(*seen));
  }

  void add_changes(side of, table_schema const& now) {
    auto const& state = context.views();
    auto const app = state.status.links.at(row.link).app(of);
    auto const was = seen_at_start(state, map, app, now.table);
    if (!was) return;
    for (auto const& change : changes_between(*was, now)) {
      bool const matters = change.column.empty() || is_mapped(definition, of, change.column);
      auto const what =
          change.column.empty() ? change.what : fmt::format("'{}' {}", change.column, change.what);
      found.push_back(
          {problem_code::table_changed,
           table_place(of),
           fmt::format("{} has changed since the map was started: {}.", now.table, what),
           matters ? "change the map to fit, or the table back; then resume the map."
                   : "nothing has to be done: the map does not have the column.",
           matters ? severity::warning : severity::note});
    }
  }

  // Follows what the rows of this side refer to, from map to map of the link, until it comes back.
  async<void> add_circle(side of) {
    if (!definition.writes(opposite(direction_from(of)))) co_return result<void>{};
    std::map<map_id, std::vector<std::string>> ways{{map, {row.name}}};
    for (std::vector<map_id> left{map}; !left.empty();) {
      auto const at = left.back();
      left.pop_back();
      auto table = table_of(at, of);
      auto const tables = co_await context.core.referred_tables(row.link, of, std::move(table));
      if (!tables) continue;  // said already, or a matter of another map
      for (auto const& [other, status] : context.views().status.maps) {
        bool const is_referred =
            status.link == row.link &&
            std::find(tables->begin(), tables->end(), table_of(other, of)) != tables->end();
        if (!is_referred || (other == map && at == map)) continue;
        auto way = ways.at(at);
        way.push_back(status.name);
        if (other == map) {
          found.push_back({problem_code::reference_circle,
                           table_place(of),
                           fmt::format("the rows of these maps refer to each other: {}.",
                                       fmt::join(way, " -> ")),
                           "run them together.",
                           severity::note});
          co_return result<void>{};
        }
        if (ways.emplace(other, std::move(way)).second) left.push_back(other);
      }
    }
    co_return result<void>{};
  }
  std::string table_of(map_id one, side of) const {
    auto const& status = *context.views().status.find(one);
    auto const its = parse_definition(status.definition);
    return its ? its->of(of).table : std::string();
  }

  async<void> add_obstacles(side of) {
    auto use = use_of(definition, of, table_role::both);
    auto obstacles = co_await context.core.find_obstacles(row.link, of, std::move(use));
    if (!obstacles) {
      found.push_back(unreadable(of, obstacles.error()));
      co_return result<void>{};
    }
    for (auto& one : *obstacles) {
      found.push_back({problem_code::table_unsuitable,
                       table_place(of),
                       std::move(one.reason),
                       std::move(one.fix)});
    }
    co_return result<void>{};
  }
};

}  // namespace

async<std::vector<map_problem>> report_on(api_context& context, map_id map) {
  auto const row = *context.views().status.find(map);
  DW_CO_TRY(auto definition, parse_definition(row.definition));
  reporter all{context, map, row, std::move(definition)};
  std::vector<table_schema> tables;
  for (auto const of : both_sides) {
    DW_CO_TRY(auto table, co_await all.look_at(of));
    if (table) tables.push_back(std::move(*table));
  }
  if (tables.size() == std::size(both_sides)) {
    for (auto& one : find_problems(all.definition, tables[0], tables[1]))
      all.found.push_back(std::move(one));
  }
  std::stable_sort(all.found.begin(), all.found.end(), [](auto const& one, auto const& other) {
    return one.weight < other.weight;
  });
  co_return std::move(all.found);
}

}  // namespace dualwrite::engine
