#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/error_json.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"
#include "engine/decide/nothing_matched.h"

namespace dualwrite::engine {
namespace {

error_filter::said said_in(api_request const& request) {
  return
      [&request](std::string_view name) { return std::string(request.asked(std::string(name))); };
}
error_filter::said said_in(boost::json::object const& body) {
  return [&body](std::string_view name) {
    auto const* said = body.if_contains(name);
    if (said == nullptr) return std::string();
    if (said->is_bool()) return std::string(said->as_bool() ? "true" : "false");
    return said->is_string() ? std::string(said->as_string()) : std::string();
  };
}

result<std::vector<listed_error>> named_in(api_context const& context,
                                           boost::json::array const& ids,
                                           map_id map) {
  std::vector<listed_error> chosen;
  for (auto const& one : ids) {
    if (!one.is_string()) return error{error_code::request_invalid, "'ids' has to hold texts."};
    DW_TRY(auto const id, parse_number(std::string_view(one.as_string())));
    DW_TRY(auto const found, find_listed(context.views(), sequence{id}, map));
    if (found.parked == nullptr) {
      return error{
          error_code::unknown_record, fmt::format("{} is {}.", id, found.state()), sequence{id}};
    }
    chosen.push_back(found);
  }
  return chosen;
}

// {"ids": ["12", ...]}, or {"all": true} with what a list is narrowed by; "dry_run" only counts.
result<std::vector<listed_error>> chosen_by(api_context const& context,
                                            boost::json::object const& body) {
  DW_TRY(auto const filter, error_filter::from(context.views(), said_in(body)));
  if (auto const* ids = body.if_contains("ids")) {
    if (!ids->is_array()) return error{error_code::request_invalid, "'ids' has to be a list."};
    return named_in(context, ids->as_array(), filter.map);
  }
  auto const* all = body.if_contains("all");
  if (all == nullptr || !all->is_bool() || !all->as_bool()) {
    return error{error_code::request_invalid, "Name 'ids', or say 'all'."};
  }
  DW_TRY(auto found, filter.matching(context.views()));
  std::erase_if(found, [](listed_error const& one) { return one.parked == nullptr; });
  return found;
}

// A record that waits by itself is not retried for an admin, and one that is being retried is not
// retried twice.
template <class Part>
constexpr bool only_failed = std::is_same_v<Part, retry_records>;

struct errors_reply {
  std::uint64_t matched = 0;
  std::uint64_t left_alone = 0;
  bool only_counts = false;
  std::vector<sequence> operations{};  // one for each map

  api_reply reply() const {
    boost::json::array ids;
    for (auto const at : operations) ids.push_back(json_of(at));
    boost::json::object body;
    body["matched"] = json_of(matched);
    body["left_alone"] = json_of(left_alone);
    body["dry_run"] = only_counts;
    body["operations"] = std::move(ids);
    return json_reply(body, only_counts ? 200 : 202);
  }
};

// What was answered to the client's command when it came first: its events follow each other.
result<errors_reply> first_reply(event_log const& log, sequence first, std::string const& id) {
  errors_reply out;
  auto const cursor = log.read({first, false, std::nullopt});
  while (true) {
    DW_TRY(auto const stored, cursor->next());
    if (!stored) return out;
    DW_TRY(auto const event, decode(*stored));
    if (event.from.command != id) return out;
    out.operations.push_back(event.at);
    if (auto const* retry = event.as<RetryRequested>()) out.matched += retry->records.size();
    if (auto const* deletion = event.as<ParkedDeleted>()) out.matched += deletion->records.size();
  }
}

template <class Part>
struct chosen_errors {
  errors_reply counts{};
  std::vector<Part> parts{};
};

template <class Part>
result<chosen_errors<Part>> choose(api_context const& context, boost::json::object const& body) {
  DW_TRY(auto const chosen, chosen_by(context, body));
  std::map<map_id, std::vector<sequence>> by_map;
  chosen_errors<Part> out;
  for (auto const& one : chosen) {
    bool const is_left = only_failed<Part> && one.parked->state != park_state::failed;
    ++(is_left ? out.counts.left_alone : out.counts.matched);
    if (!is_left) by_map[one.name.map].push_back(one.name.record);
  }
  for (auto& [map, records] : by_map) out.parts.push_back({map, std::move(records)});
  return out;
}

template <class Part, class Wish>
async<api_reply> act_on_errors(api_context& context, api_request request) {
  DW_CO_TRY(auto const body, request.json());
  auto const* dry = body.if_contains("dry_run");
  bool const only_counts = dry != nullptr && dry->is_bool() && dry->as_bool();
  auto const id = request.command_id;
  auto const* known = id.empty() ? nullptr : context.views().commands.find(id);
  if (known != nullptr && known->code == 0 && !only_counts) {
    DW_CO_TRY(auto const first, first_reply(context.log, known->at, id));
    co_return first.reply();
  }
  DW_CO_TRY(auto chosen, choose<Part>(context, body));
  chosen.counts.only_counts = only_counts;
  bool const is_forgotten = chosen.parts.empty() && id.empty();
  if (only_counts || is_forgotten) co_return chosen.counts.reply();
  auto const maps = chosen.parts.size();
  command wish = Wish{std::move(chosen.parts)};
  auto actor = request.actor;
  auto command_id = id;
  auto const done =
      co_await context.core.submit(std::move(wish), std::move(actor), std::move(command_id));
  if (!done && says_nothing_matched(done.error())) co_return errors_reply{}.reply();
  DW_CO_TRY(auto const at, done);
  if (!id.empty()) {
    // Another with this id may have come first.
    DW_CO_TRY(auto first, first_reply(context.log, at, id));
    first.left_alone = chosen.counts.left_alone;
    co_return first.reply();
  }
  for (std::size_t i = 0; i < maps; ++i) chosen.counts.operations.push_back(at + i);
  co_return chosen.counts.reply();
}

// {"values": {"column": "text" or null, ...}}; none: the record's own again.
result<std::vector<amended_value>> amended_values(boost::json::object const& body) {
  std::vector<amended_value> values;
  auto const* said = body.if_contains("values");
  if (said == nullptr || !said->is_object()) {
    return error{error_code::request_invalid, "'values' has to hold columns and their values."};
  }
  for (auto const& [name, value] : said->as_object()) {
    if (!value.is_null() && !value.is_string())
      return error{error_code::request_invalid, "A value has to be a text or null."};
    auto const text = value.is_null() ? std::string() : std::string(value.as_string());
    values.push_back({std::string(std::string_view(name)), text, value.is_null()});
  }
  return values;
}

}  // namespace

async<api_reply> list_errors(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const filter, error_filter::from(context.views(), said_in(request)));
  DW_CO_TRY(auto const found, filter.matching(context.views()));
  bool const with_images = request.flag("images");
  boost::json::array items;
  std::uint64_t next = 0;
  for (auto const& one : found) {
    auto const record = one.name.record.value;
    if (record <= page.behind) continue;
    // A record that is parked for several maps is not cut in two by a page's end.
    if (items.size() >= page.limit && record != next) break;
    items.push_back(with_images ? error_detail_json(context, one) : error_json(context, one));
    next = record;
  }
  bool const ended = found.empty() || next == 0 || found.back().name.record.value <= next;
  co_return page_reply(std::move(items), ended ? 0 : next);
}

async<api_reply> show_error(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, parse_number(request.parts["id"]));
  map_id map;
  if (auto const name = request.asked("map"); !name.empty()) {
    DW_CO_TRY(map, map_called(context.views(), name));
  }
  DW_CO_TRY(auto const found, find_listed(context.views(), sequence{id}, map));
  co_return json_reply(error_detail_json(context, found));
}

async<api_reply> list_error_groups(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const filter, error_filter::from(context.views(), said_in(request)));
  DW_CO_TRY(auto const found, filter.matching(context.views()));
  co_return page_of(error_groups_json(context, found), page);
}

async<api_reply> retry_errors(api_context& context, api_request request) {
  co_return co_await act_on_errors<retry_records, retry_in_maps>(context, std::move(request));
}

async<api_reply> delete_errors(api_context& context, api_request request) {
  co_return co_await act_on_errors<delete_records, delete_in_maps>(context, std::move(request));
}

async<api_reply> amend_error(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, parse_number(request.parts["id"]));
  DW_CO_TRY(auto const body, request.json());
  map_id map;
  if (auto const name = said_in(body)("map"); !name.empty()) {
    DW_CO_TRY(map, map_called(context.views(), name));
  }
  DW_CO_TRY(auto const found, find_listed(context.views(), sequence{id}, map));
  DW_CO_TRY(auto values, amended_values(body));
  auto const name = found.name;
  command wish = amend_record{name.map, name.record, std::move(values)};
  auto actor = request.actor;
  auto command_id = request.command_id;
  DW_CO_CHECK(
      co_await context.core.submit(std::move(wish), std::move(actor), std::move(command_id)));
  DW_CO_TRY(auto const amended, find_listed(context.views(), name.record, name.map));
  co_return json_reply(error_detail_json(context, amended));
}

}  // namespace dualwrite::engine
