#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/error_json.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"

namespace dualwrite::engine {
namespace {

result<std::string> text_in(boost::json::object const& body, std::string_view name) {
  auto const* said = body.if_contains(name);
  if (said == nullptr || said->is_null()) return std::string();
  if (!said->is_string())
    return error{error_code::request_invalid, fmt::format("'{}' has to be a text.", name)};
  return std::string(said->as_string());
}

result<parked_filter> filter_from(api_context const& context, api_request const& request) {
  parked_filter filter;
  filter.kind = request.asked("class");
  filter.code = request.asked("code");
  filter.text = request.asked("text");
  filter.waiting = request.flag("waiting");
  if (auto const map = request.asked("map"); !map.empty()) {
    DW_TRY(filter.map, map_called(context.views(), map));
  }
  return filter;
}

result<std::vector<parked_name>> named_in(api_context const& context,
                                          boost::json::array const& ids,
                                          map_id map) {
  std::vector<parked_name> chosen;
  for (auto const& one : ids) {
    if (!one.is_string()) return error{error_code::request_invalid, "'ids' has to hold texts."};
    DW_TRY(auto const id, parse_number(std::string_view(one.as_string())));
    DW_TRY(auto const name, find_parked(context.views(), sequence{id}, map));
    chosen.push_back(name);
  }
  return chosen;
}

// {"ids": ["12", ...]} or {"all": true, "map": .., "class": .., "code": .., "text": ..}; "dry_run"
// only counts.
result<std::vector<parked_name>> chosen_by(api_context const& context,
                                           boost::json::object const& body) {
  parked_filter filter;
  DW_TRY(auto const map, text_in(body, "map"));
  if (!map.empty()) {
    DW_TRY(filter.map, map_called(context.views(), map));
  }
  DW_TRY(filter.kind, text_in(body, "class"));
  DW_TRY(filter.code, text_in(body, "code"));
  DW_TRY(filter.text, text_in(body, "text"));
  if (auto const* ids = body.if_contains("ids")) {
    if (!ids->is_array()) return error{error_code::request_invalid, "'ids' has to be a list."};
    return named_in(context, ids->as_array(), filter.map);
  }
  auto const* all = body.if_contains("all");
  if (all == nullptr || !all->is_bool() || !all->as_bool()) {
    return error{error_code::request_invalid, "Name 'ids', or say 'all'."};
  }
  return parked_matching(context.views(), filter);
}

using records_of_map = std::map<map_id, std::vector<sequence>>;

template <class Wish>
async<api_reply> act_on_errors(api_context& context, api_request request) {
  DW_CO_TRY(auto const body, request.json());
  DW_CO_TRY(auto const chosen, chosen_by(context, body));
  auto const* dry = body.if_contains("dry_run");
  bool const only_counts = dry != nullptr && dry->is_bool() && dry->as_bool();
  records_of_map by_map;
  for (auto const& one : chosen) by_map[one.map].push_back(one.record);
  boost::json::array requests;
  std::size_t part = 0;
  for (auto const& [map, records] : by_map) {
    if (only_counts) break;
    command wish = Wish{map, records};
    auto actor = request.actor;
    // One command of the client may become one for each map; each is taken once.
    auto id = request.command_id;
    if (!id.empty() && by_map.size() > 1) id += fmt::format("/{}", ++part);
    DW_CO_TRY(auto const at,
              co_await context.core.submit(std::move(wish), std::move(actor), std::move(id)));
    requests.push_back(json_of(at));
  }
  boost::json::object reply;
  reply["matched"] = json_of(std::uint64_t{chosen.size()});
  reply["dry_run"] = only_counts;
  reply["requests"] = std::move(requests);
  co_return json_reply(reply, only_counts ? 200 : 202);
}

}  // namespace

async<api_reply> list_errors(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const filter, filter_from(context, request));
  auto const found = parked_matching(context.views(), filter);
  boost::json::array items;
  std::uint64_t next = 0;
  for (auto const& one : found) {
    if (one.record.value <= page.behind) continue;
    // A record that is parked for several maps is not cut in two by a page's end.
    if (items.size() >= page.limit && one.record.value != next) break;
    items.push_back(error_json(context, one));
    next = one.record.value;
  }
  bool const ended = found.empty() || next == 0 || found.back().record.value <= next;
  co_return page_reply(std::move(items), ended ? 0 : next);
}

async<api_reply> show_error(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, parse_number(request.parts["id"]));
  map_id map;
  if (auto const name = request.asked("map"); !name.empty()) {
    DW_CO_TRY(map, map_called(context.views(), name));
  }
  DW_CO_TRY(auto const name, find_parked(context.views(), sequence{id}, map));
  co_return json_reply(error_detail_json(context, name));
}

async<api_reply> retry_errors(api_context& context, api_request request) {
  co_return co_await act_on_errors<retry_records>(context, std::move(request));
}

async<api_reply> delete_errors(api_context& context, api_request request) {
  co_return co_await act_on_errors<delete_records>(context, std::move(request));
}

}  // namespace dualwrite::engine
