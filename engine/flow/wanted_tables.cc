#include "engine/flow/wanted_tables.h"

#include <algorithm>
#include <iterator>

namespace dualwrite::engine {
namespace {

// A map that paused because it does not fit its tables: what it will need is not known, so all of
// the table is kept.
void add_misfit(link_context const& context,
                side of,
                map_id map,
                projections::map_row const& row,
                wanted_tables& to) {
  auto const definition = parse_definition(row.definition);
  if (!definition || !definition->writes(direction_from(of))) return;
  auto const& table = definition->of(of).table;
  auto const schema = context.views().status.schema_of(context.app(of), table);
  if (!schema) return;
  auto& entry = to[table];
  entry.maps.push_back(map);
  entry.schema = schema;
  auto const seen = decode_schema(context.views().status.schemas.at(schema).schema);
  for (std::size_t i = 0; seen && i < seen->columns.size(); ++i) entry.read.insert(i);
}

bool is_defined_since(link_context const& context, side of, map_id map) {
  auto const& captures = context.views().delivery.captures;
  auto const capture = captures.find({context.link, of});
  auto const& row = *context.views().status.find(map);
  return row.version > 1 && capture != captures.end() &&
         capture->second.started_at < row.defined_at;
}

// A run whose tables nobody has looked at yet may be refused. Runs that were asked for together are
// begun together: each time that tables are added, all of them are published anew.
bool awaits_a_look(link_context const& context) {
  auto const& maps = context.views().status.maps;
  return std::any_of(maps.begin(), maps.end(), [&](auto const& one) {
    auto const& [map, row] = one;
    if (row.link != context.link || row.captures() || row.pending_kind != event_type::RunRequested)
      return false;
    auto const found = context.looked_at.find(map);
    return found == context.looked_at.end() || found->second != row.pending;
  });
}

}  // namespace

wanted_tables find_wanted(link_context const& context, side of) {
  wanted_tables out;
  bool const is_ready = !awaits_a_look(context);
  for (auto const& [map, row] : context.views().status.maps) {
    if (row.link != context.link) continue;
    bool const starts = row.pending_kind == event_type::RunRequested;
    bool const may_start = starts && (is_ready || is_captured(context, of, map));
    if (!row.captures() && !may_start) continue;
    if (auto const compiled = context.maps.fitting(context.views(), map)) {
      if (!compiled->writes(direction_from(of))) continue;
      auto const& table = compiled->table(of);
      auto& entry = out[table];
      entry.maps.push_back(map);
      entry.schema = context.views().status.schema_of(context.app(of), table);
      entry.key = compiled->key_columns(of);
      auto const read = compiled->reads(of);
      entry.read.insert(read.begin(), read.end());
      auto const& written = compiled->columns_written(opposite(direction_from(of)));
      for (auto const column : read) {
        bool const is_written = compiled->writes(opposite(direction_from(of))) &&
                                std::find(written.begin(), written.end(), column) != written.end();
        if (!is_written) entry.only_read.insert(column);
      }
    } else if (!starts) {
      add_misfit(context, of, map, row, out);
    }
  }
  return out;
}

std::vector<captured_table> to_capture(link_context const& context,
                                       side of,
                                       wanted_tables const& wanted) {
  std::vector<captured_table> out;
  for (auto const& [table, entry] : wanted) {
    std::set<std::string> keys;
    for (auto const map : entry.maps) {
      auto const definition = parse_definition(context.views().status.find(map)->definition);
      if (!definition) continue;
      for (auto const& pair : definition->key)
        keys.insert(of == side::left ? pair.left : pair.right);
    }
    out.emplace_back(table, std::vector<std::string>(keys.begin(), keys.end()));
  }
  return out;
}

wanted_tables captured_ones(link_context const& context, side of, wanted_tables const& all) {
  wanted_tables out;
  std::copy_if(all.begin(), all.end(), std::inserter(out, out.end()), [&](auto const& one) {
    auto const& maps = one.second.maps;
    return std::any_of(
        maps.begin(), maps.end(), [&](map_id map) { return is_captured(context, of, map); });
  });
  return out.empty() ? all : out;
}

wanted_tables only(wanted_tables const& all, std::vector<std::string> const& names) {
  if (names.empty()) return all;
  wanted_tables out;
  for (auto const& name : names) {
    auto const found = all.find(name);
    if (found != all.end()) out.insert(*found);
  }
  return out;
}

bool is_captured(link_context const& context, side of, map_id map) {
  return context.views().delivery.places.contains({map, direction_from(of)});
}

// A map that was stopped and is run again at once begins anew, although it is wanted as it was; so
// does one that was defined anew.
bool is_all(link_context const& context,
            side of,
            wanted_tables const& captured,
            wanted_tables const& wanted) {
  auto const is_same = [&](auto const& one, auto const& other) {
    auto const& maps = other.second.maps;
    return one.first == other.first && one.second.maps == maps &&
           one.second.read == other.second.read && one.second.schema == other.second.schema &&
           std::all_of(maps.begin(), maps.end(), [&](map_id map) {
             return is_captured(context, of, map) && !is_defined_since(context, of, map);
           });
  };
  return std::equal(captured.begin(), captured.end(), wanted.begin(), wanted.end(), is_same);
}

bool is_part(link_context const& context,
             side of,
             wanted_tables const& captured,
             wanted_tables const& wanted) {
  return std::all_of(captured.begin(), captured.end(), [&](auto const& one) {
    auto const found = wanted.find(one.first);
    if (found == wanted.end() || found->second.schema != one.second.schema) return false;
    auto const& maps = found->second.maps;
    return std::all_of(one.second.maps.begin(), one.second.maps.end(), [&](map_id map) {
      return is_captured(context, of, map) &&
             std::find(maps.begin(), maps.end(), map) != maps.end();
    });
  });
}

}  // namespace dualwrite::engine
