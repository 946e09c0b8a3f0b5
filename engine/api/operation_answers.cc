#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"

namespace dualwrite::engine {
namespace {

using projections::record_result;

std::string_view name_of(record_result result) {
  switch (result) {
    case record_result::left:
      return "left";
    case record_result::succeeded:
      return "succeeded";
    case record_result::failed:
      return "failed";
    case record_result::waits:
      return "waits";
    case record_result::ended:
      return "ended";
    case record_result::deleted:
      return "deleted";
    case record_result::cancelled:
      return "cancelled";
  }
  return "unknown";
}

boost::json::object operation_json(projections::views const& state,
                                   sequence at,
                                   projections::operation_row const& row) {
  auto const* map = state.status.find(row.map);
  boost::json::object json;
  json["id"] = json_of(at);
  json["kind"] = row.kind == projections::operation_kind::retry ? "retry" : "delete";
  json["map"] = map == nullptr ? "" : map->name;
  json["link"] = map == nullptr ? "" : link_name(state, map->link);
  json["state"] = !row.is_finished() ? "running" : row.is_cancelled ? "cancelled" : "completed";
  json["actor"] = utf8(row.actor);
  json["asked"] = json_of(row.asked);
  json["finished"] = json_of(row.finished);
  json["records"] = json_of(std::uint64_t{row.records.size()});
  for (std::size_t i = 0; i < projections::record_results; ++i)
    json[name_of(static_cast<record_result>(i))] = json_of(row.counts[i]);
  return json;
}

result<sequence> operation_asked(api_context const& context, api_request const& request) {
  DW_TRY(auto const id, parse_number(request.parts.at("id")));
  if (context.views().operations.rows.contains(sequence{id})) return sequence{id};
  return error{error_code::unknown_operation, request.parts.at("id")};
}

}  // namespace

async<api_reply> list_operations(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  boost::json::array items;
  std::uint64_t next = 0;
  auto const& rows = context.views().operations.rows;
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (page.behind != 0 && row->first.value >= page.behind) continue;
    if (items.size() >= page.limit) co_return page_reply(std::move(items), next);
    items.push_back(operation_json(context.views(), row->first, row->second));
    next = row->first.value;
  }
  co_return page_reply(std::move(items), 0);
}

async<api_reply> show_operation(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, operation_asked(context, request));
  co_return json_reply(operation_json(context.views(), id, context.views().operations.rows.at(id)));
}

async<api_reply> list_operation_records(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const id, operation_asked(context, request));
  auto const& records = context.views().operations.rows.at(id).records;
  boost::json::array items;
  std::uint64_t next = 0;
  for (auto row = records.upper_bound(sequence{page.behind}); row != records.end(); ++row) {
    if (items.size() >= page.limit) co_return page_reply(std::move(items), next);
    boost::json::object json;
    json["id"] = json_of(row->first);
    json["result"] = name_of(row->second);
    items.push_back(std::move(json));
    next = row->first.value;
  }
  co_return page_reply(std::move(items), 0);
}

async<api_reply> cancel_operation(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, operation_asked(context, request));
  command wish = cancel_retry{id};
  auto actor = request.actor;
  auto command_id = request.command_id;
  DW_CO_CHECK(
      co_await context.core.submit(std::move(wish), std::move(actor), std::move(command_id)));
  co_return json_reply(operation_json(context.views(), id, context.views().operations.rows.at(id)));
}

}  // namespace dualwrite::engine
