#include <algorithm>
#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/event_json.h"
#include "engine/api/find_named.h"
#include "engine/api/history_json.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"

namespace dualwrite::engine {
namespace {

using placed_activity = std::pair<map_id, projections::activity_row const*>;

// How many events one entry shows of those that belong to it.
constexpr std::size_t events_shown_max = 200;

result<map_id> map_asked(api_context const& context, api_request const& request) {
  auto const name = request.asked("map");
  if (name.empty()) return map_id{};
  return map_called(context.views(), name);
}

std::vector<placed_activity> newest_first(projections::views const& state, map_id only) {
  std::vector<placed_activity> found;
  for (auto const& [map, rows] : state.activity.rows) {
    if (only && map != only) continue;
    for (auto const& row : rows) found.emplace_back(map, &row);
  }
  std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) {
    return a.second->at > b.second->at;
  });
  return found;
}

}  // namespace

async<api_reply> list_activity(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const only, map_asked(context, request));
  boost::json::array items;
  std::uint64_t next = 0;
  bool more = false;
  for (auto const& [map, row] : newest_first(context.views(), only)) {
    if (page.behind != 0 && row->at.value >= page.behind) continue;
    if (items.size() >= page.limit) {
      more = true;
      break;
    }
    items.push_back(activity_json(context.views(), map, *row));
    next = row->at.value;
  }
  co_return page_reply(std::move(items), more ? next : 0);
}

async<api_reply> show_activity(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, parse_number(request.parts["id"]));
  for (auto const& [map, row] : newest_first(context.views(), {})) {
    if (row->at.value != id) continue;
    auto json = activity_json(context.views(), map, *row);
    boost::json::array events;
    stream_id const stream{stream_kind::map, map.value};
    auto const cursor = context.log.read({row->at, false, stream});
    while (events.size() < events_shown_max) {
      DW_CO_TRY(auto const stored, cursor->next());
      if (!stored || stored->at > row->last) break;
      DW_CO_TRY(auto const event, decode(*stored));
      events.push_back(event_json(event));
    }
    json["events"] = std::move(events);
    co_return json_reply(json);
  }
  co_return error{error_code::unknown_entry, {}, sequence{id}};
}

async<api_reply> list_executions(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const only, map_asked(context, request));
  boost::json::array items;
  std::uint64_t next = 0;
  bool more = false;
  auto const& executions = context.views().progress.executions;
  for (auto row = executions.rbegin(); row != executions.rend(); ++row) {
    if (only && row->second.map != only) continue;
    if (page.behind != 0 && row->first.value >= page.behind) continue;
    if (items.size() >= page.limit) {
      more = true;
      break;
    }
    items.push_back(execution_json(context, row->first));
    next = row->first.value;
  }
  co_return page_reply(std::move(items), more ? next : 0);
}

async<api_reply> show_execution(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, parse_number(request.parts["id"]));
  if (!context.views().progress.executions.contains(execution_id{id})) {
    co_return error{error_code::unknown_execution, request.parts["id"]};
  }
  co_return json_reply(execution_json(context, execution_id{id}));
}

}  // namespace dualwrite::engine
