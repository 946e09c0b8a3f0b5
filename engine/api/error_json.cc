#include "engine/api/error_json.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/api/captured_record.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"

namespace dualwrite::engine {
namespace {

std::string_view state_name(park_state state) {
  switch (state) {
    case park_state::failed:
      return "failed";
    case park_state::pending:
      return "retrying";
    case park_state::due:
      return "due";
    case park_state::waiting:
      return "waiting";
    case park_state::dependency:
      return "dependency";
    case park_state::reread:
      return "reread";
  }
  return "unknown";
}

bool passes(parked_filter const& filter, projections::parked_row const& row) {
  if (!filter.waiting && row.kind == fault_class::none) return false;
  if (!filter.kind.empty() && filter.kind != dualwrite::name_of(row.kind)) return false;
  if (!filter.code.empty() && filter.code != row.code) return false;
  return filter.text.empty() || row.text.find(filter.text) != std::string::npos;
}

}  // namespace

std::vector<parked_name> parked_matching(projections::views const& state,
                                         parked_filter const& filter) {
  std::vector<parked_name> found;
  for (auto const& [of, rows] : state.parked.rows) {
    if (filter.map && of.first != filter.map) continue;
    for (auto const& [record, row] : rows) {
      if (passes(filter, row)) found.push_back({of.first, of.second, record});
    }
  }
  std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) {
    return std::tie(a.record, a.map, a.way) < std::tie(b.record, b.map, b.way);
  });
  return found;
}

result<parked_name> find_parked(projections::views const& state, sequence record, map_id map) {
  for (auto const& [of, rows] : state.parked.rows) {
    if (map && of.first != map) continue;
    if (rows.contains(record)) return parked_name{of.first, of.second, record};
  }
  return error{error_code::unknown_record, std::to_string(record.value), record};
}

boost::json::object error_json(api_context const& context, parked_name const& name) {
  auto const& state = context.views();
  auto const& row = *state.parked.find({name.map, name.way}, name.record);
  auto const& map = *state.status.find(name.map);
  boost::json::object json;
  json["id"] = json_of(name.record);
  json["map"] = map.name;
  json["link"] = link_name(state, map.link);
  json["direction"] = name_of(name.way);
  auto const definition = parse_definition(map.definition);
  json["key"] =
      definition ? key_json(*definition, source_of(name.way), row.key) : boost::json::object{};
  json["state"] = state_name(row.state);
  json["class"] = dualwrite::name_of(row.kind);
  json["code"] = utf8(row.code);
  json["text"] = utf8(row.text);
  json["column"] = utf8(row.column);
  json["attempts"] = row.attempts;
  json["waits_for"] = row.waits_for ? json_of(row.waits_for) : boost::json::value(nullptr);
  json["initial_sync"] = row.copied;
  json["first_failed"] = json_of(row.first_failed);
  json["last_failed"] = json_of(row.last_failed);
  return json;
}

boost::json::object error_detail_json(api_context const& context, parked_name const& name) {
  auto json = error_json(context, name);
  auto record = record_json(context.log, context.views(), name.record);
  if (record) {
    json["record"] = std::move(*record);
  } else {
    json["record"] = nullptr;
    json["record_problem"] = to_string(record.error());
  }
  return json;
}

}  // namespace dualwrite::engine
