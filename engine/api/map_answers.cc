#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <boost/json/array.hpp>
#include <span>

#include "engine/api/answers.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/map_json.h"
#include "engine/api/map_report.h"
#include "engine/api/page.h"
#include "engine/mapping/compiled_map.h"

namespace dualwrite::engine {
namespace {

constexpr auto look_again_after = std::chrono::milliseconds(20);
constexpr std::uint64_t wait_seconds_max = 3600;

// One of these texts, the first where nothing is said.
result<std::size_t> choice_in(boost::json::object const& body,
                              std::string_view name,
                              std::span<std::string_view const> choices) {
  auto const* said = body.if_contains(name);
  if (said == nullptr) return std::size_t{0};
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (said->is_string() && std::string_view(said->as_string()) == choices[i]) return i;
  }
  return error{error_code::request_invalid,
               fmt::format("'{}' has to be one of: {}.", name, fmt::join(choices, ", "))};
}

constexpr std::string_view rerun_choices[] = {"all", "without_errors", "errored_only"};
constexpr run_mode rerun_modes[] = {
    run_mode::initial_sync, run_mode::without_errors, run_mode::errored_only};
constexpr std::string_view queue_choices[] = {"catch_up", "park", "discard"};
constexpr std::string_view delete_choices[] = {"accept", "skip"};

result<command> rerun_command(map_id map, boost::json::object const& body) {
  DW_TRY(auto const which, choice_in(body, "which", rerun_choices));
  return command(rerun_sync{map, rerun_modes[which]});
}

result<command> resume_command(map_id map, boost::json::object const& body) {
  DW_TRY(auto const queue, choice_in(body, "queue", queue_choices));
  resume_map wish{map, static_cast<resume_mode>(queue)};
  if (body.contains("deletes")) {
    DW_TRY(auto const one, choice_in(body, "deletes", delete_choices));
    wish.deletes = one == 0 ? delete_choice::accept : delete_choice::skip;
  }
  if (auto const* reason = body.if_contains("reason")) {
    if (!reason->is_string())
      return error{error_code::request_invalid, "'reason' has to be a text."};
    wish.reason = reason->as_string();
  }
  return command(std::move(wish));
}

result<command> command_named(std::string_view name, map_id map, boost::json::object const& body) {
  if (name == "pause") return command(pause_map{map});
  if (name == "resume") return resume_command(map, body);
  if (name == "rerun") return rerun_command(map, body);
  if (name == "stop") return command(stop_map{map});
  if (name != "run")
    return error{error_code::unknown_path, "A map can run, rerun, pause, resume and stop."};
  run_map wish{map, run_mode::automatic};
  if (auto const* mode = body.if_contains("initial_sync")) {
    if (!mode->is_bool())
      return error{error_code::request_invalid, "'initial_sync' has to be true or false."};
    wish.mode = mode->as_bool() ? run_mode::initial_sync : run_mode::skip_initial_sync;
  }
  return command(wish);
}

enum class request_state : std::uint8_t { waiting, completed, failed, overtaken };

request_state state_of(projections::views const& state, map_id map, sequence request) {
  auto const* row = state.status.find(map);
  if (row == nullptr) return request_state::overtaken;
  if (row->pending == request) return request_state::waiting;
  if (row->answered == request) {
    return row->answered_code == 0 ? request_state::completed : request_state::failed;
  }
  return request_state::overtaken;
}

std::string_view name_of(request_state state) {
  switch (state) {
    case request_state::waiting:
      return "waiting";
    case request_state::completed:
      return "completed";
    case request_state::failed:
      return "failed";
    case request_state::overtaken:
      return "overtaken";
  }
  return "unknown";
}

async<void> wait_for(api_context& context, map_id map, sequence request, instant until) {
  while (state_of(context.views(), map, request) == request_state::waiting) {
    auto const now = context.time.now();
    if (now >= until) co_return error{error_code::timed_out, "The request goes on."};
    if (context.core.is_stopping()) co_return error{error_code::stopped};
    auto const next = std::min(now + look_again_after, until);
    DW_CO_CHECK(co_await context.time.sleep_until(next));
  }
  co_return result<void>{};
}

api_reply action_reply(api_context const& context, map_id map, sequence request) {
  auto const& state = context.views();
  auto const now = state_of(state, map, request);
  boost::json::object body;
  body["id"] = json_of(request);
  body["state"] = name_of(now);
  if (auto const* row = state.status.find(map)) {
    if (now == request_state::failed) {
      body["code"] = dualwrite::name_of(static_cast<error_code>(row->answered_code));
      body["detail"] = utf8(row->answered_detail);
    }
    body["map"] = map_json(context, map);
  }
  return json_reply(body, now == request_state::waiting ? 202 : 200);
}

}  // namespace

async<api_reply> show_status(api_context& context, api_request) {
  co_return json_reply(status_json(context));
}

async<api_reply> list_apps(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  boost::json::array items;
  auto const apps = context.views().status.apps;
  for (auto const& [id, name] : apps) {
    DW_CO_TRY(auto const lag, co_await context.core.lag(id));
    auto json = app_json(context.views(), id);
    json["capture_lag"] = lag_json(lag, context.time.now());
    DW_CO_TRY(auto const blocker, co_await context.core.waits_for(id));
    json["waits_for"] = nullptr;
    if (!blocker.empty()) json["waits_for"] = utf8(blocker);
    items.push_back(std::move(json));
  }
  co_return page_of(std::move(items), page);
}

async<api_reply> list_links(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  boost::json::array items;
  for (auto const& [id, row] : context.views().status.links)
    items.push_back(link_json(context.views(), id));
  co_return page_of(std::move(items), page);
}

async<api_reply> list_maps(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  link_id only;
  if (auto const name = request.asked("link"); !name.empty()) {
    DW_CO_TRY(only, link_called(context.views(), name));
  }
  boost::json::array items;
  for (auto const& [id, row] : context.views().status.maps) {
    if (!only || row.link == only) items.push_back(map_json(context, id));
  }
  co_return page_of(std::move(items), page);
}

async<api_reply> show_map(api_context& context, api_request request) {
  DW_CO_TRY(auto const map, map_called(context.views(), request.parts["map"]));
  co_return json_reply(map_detail_json(context, map));
}

async<api_reply> validate_map(api_context& context, api_request request) {
  DW_CO_TRY(auto const map, map_called(context.views(), request.parts["map"]));
  DW_CO_TRY(auto const found, co_await report_on(context, map));
  boost::json::array problems;
  bool is_fine = true;
  for (auto const& problem : found) {
    is_fine = is_fine && problem.weight != severity::error;
    boost::json::object one;
    one["code"] = name_of(problem.code);
    one["severity"] = name_of(problem.weight);
    one["place"] = problem.place;
    one["reason"] = utf8(problem.reason);
    one["fix"] = utf8(problem.fix);
    problems.push_back(std::move(one));
  }
  boost::json::object body;
  body["map"] = context.views().status.find(map)->name;
  body["ok"] = is_fine;
  body["problems"] = std::move(problems);
  co_return json_reply(body);
}

async<api_reply> act_on_map(api_context& context, api_request request) {
  DW_CO_TRY(auto const map, map_called(context.views(), request.parts["map"]));
  DW_CO_TRY(auto const body, request.json());
  DW_CO_TRY(auto wish, command_named(request.parts["action"], map, body));
  DW_CO_TRY(auto const seconds, request.number("timeout", 60, wait_seconds_max));
  auto actor = request.actor;
  auto id = request.command_id;
  DW_CO_TRY(auto const asked,
            co_await context.core.submit(std::move(wish), std::move(actor), std::move(id)));
  if (request.flag("wait")) {
    auto const until = context.time.now() + std::chrono::seconds(seconds);
    DW_CO_CHECK(co_await wait_for(context, map, asked, until));
  }
  co_return action_reply(context, map, asked);
}

}  // namespace dualwrite::engine
