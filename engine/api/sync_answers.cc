#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/captured_record.h"
#include "engine/api/error_json.h"
#include "engine/api/find_named.h"
#include "engine/api/history_json.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"

namespace dualwrite::engine {
namespace {

// What the source had for the column that the target names; null where no single column feeds it.
boost::json::value source_value(map_definition const& definition,
                                direction way,
                                std::string_view target_column,
                                boost::json::object const& row) {
  auto const source = source_of(way);
  auto const feeds = [&](std::string const& left, std::string const& right) -> std::string const* {
    bool const is_it = (source == side::left ? right : left) == target_column;
    return is_it ? (source == side::left ? &left : &right) : nullptr;
  };
  std::string const* column = nullptr;
  for (auto const& pair : definition.columns) {
    if (auto const* found = feeds(pair.left, pair.right)) column = found;
  }
  for (auto const& pair : definition.key) {
    if (auto const* found = feeds(pair.left, pair.right)) column = found;
  }
  auto const* value = column == nullptr ? nullptr : row.if_contains(*column);
  return value == nullptr ? boost::json::value(nullptr) : *value;
}

boost::json::object failed_row_json(api_context const& context,
                                    map_definition const& definition,
                                    event_view const& event,
                                    RecordParked const& parked) {
  boost::json::object json;
  json["id"] = json_of(parked.record);
  json["at"] = json_of(event.recorded_at);
  json["direction"] = name_of(parked.way);
  json["key"] = key_json(definition, source_of(parked.way), parked.key.bytes);
  json["class"] = dualwrite::name_of(parked.kind);
  json["code"] = utf8(parked.code);
  json["text"] = utf8(parked.text);
  json["column"] = utf8(parked.column);
  auto const record = record_json(context.log, context.views(), parked.record);
  auto const row = record ? record->at("after").as_object() : boost::json::object{};
  json["value"] = source_value(definition, parked.way, parked.column, row);
  json["row"] = row;
  json["state"] = listed_state(context.views(), {parked.map, parked.way, parked.record});
  return json;
}

}  // namespace

async<api_reply> list_chunks(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const id, execution_called(context.views(), request.parts.at("id")));
  boost::json::array items;
  std::uint64_t number = 0, next = 0;
  for (auto const& leg : context.views().progress.executions.at(id).legs) {
    for (std::size_t i = 0; i < leg.chunks.size(); ++i) {
      if (++number <= page.behind || next != 0) continue;
      items.push_back(chunk_json(leg, i));
      if (items.size() >= page.limit) next = number;
    }
  }
  co_return page_reply(std::move(items), next < number ? next : 0);
}

// Read from the log: also what was mended since then is told.
async<api_reply> list_execution_errors(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const id, execution_called(context.views(), request.parts.at("id")));
  auto const& progress = context.views().progress;
  auto const map = progress.executions.at(id).map;
  boost::json::array items;
  auto const* status = context.views().status.find(map);
  if (status == nullptr) co_return page_reply(std::move(items), 0);
  DW_CO_TRY(auto const definition, parse_definition(status->definition));
  sequence const first{page.behind == 0 ? id.value : page.behind + 1};
  auto const cursor = context.log.read({first, false, stream_id{stream_kind::map, map.value}});
  std::uint64_t next = 0;
  while (true) {
    DW_CO_TRY(auto const stored, cursor->next());
    if (!stored || progress.execution_of(map, stored->at) != id) break;
    DW_CO_TRY(auto const event, decode(*stored));
    auto const* parked = event.as<RecordParked>();
    bool const is_its = parked != nullptr && parked->copied &&
                        parked->state == park_state::failed &&
                        progress.execution_of(map, parked->record) == id;
    if (!is_its) continue;
    if (items.size() >= page.limit) co_return page_reply(std::move(items), next);
    items.push_back(failed_row_json(context, definition, event, *parked));
    next = event.at.value;
  }
  co_return page_reply(std::move(items), 0);
}

}  // namespace dualwrite::engine
