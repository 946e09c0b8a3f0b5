#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/captured_record.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

// A stop gives up everything that was not settled: that is told as a part of the log, whose records
// `event show` has.
boost::json::object range_json(direction way,
                               projections::drift_range const& range,
                               std::string_view what) {
  boost::json::object json;
  json["direction"] = name_of(way);
  json["what"] = what;
  json["key"] = nullptr;
  json["record"] = json_of(range.behind + 1);
  json["to"] = json_of(range.to);
  return json;
}

void add_way(map_definition const& definition,
             direction way,
             projections::drift_row const& row,
             boost::json::array& items) {
  for (auto const& [key, record] : row.keys) {
    boost::json::object json;
    json["direction"] = name_of(way);
    json["what"] = "given up";
    json["key"] = key_json(definition, source_of(way), key);
    json["record"] = json_of(record);
    json["to"] = nullptr;
    items.push_back(std::move(json));
  }
  for (auto const& range : row.ranges) {
    if (range.to > range.behind + 1) items.push_back(range_json(way, range, "discarded by a stop"));
  }
  for (auto const& range : row.discarded) {
    if (range.to > range.behind + 1)
      items.push_back(range_json(way, range, "discarded with the queue"));
  }
}

}  // namespace

// The keys of a map that its sides may differ in: their last record was given up.
async<api_reply> list_drift(api_context& context, api_request request) {
  auto const& state = context.views();
  DW_CO_TRY(auto const map, map_called(state, request.parts["map"]));
  DW_CO_TRY(auto const definition, parse_definition(state.status.find(map)->definition));
  boost::json::array items;
  for (auto const way : both_ways) {
    auto const row = state.drift.rows.find({map, way});
    if (row != state.drift.rows.end()) add_way(definition, way, row->second, items);
  }
  co_return page_reply(std::move(items), 0);
}

}  // namespace dualwrite::engine
