#include <algorithm>
#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/event_json.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"
#include "engine/config/config_keys.h"

namespace dualwrite::engine {
namespace {

constexpr std::uint64_t mute_seconds_max = 366ULL * 86'400;

std::string_view state_of(projections::alert_row const& rule) {
  if (rule.disabled) return "disabled";
  return rule.open ? "firing" : "clear";
}

// How many of the errors that it holds are still within its span.
std::uint64_t counted(projections::alert_row const& rule, instant now) {
  auto const within = duration(static_cast<duration::rep>(rule.within_us));
  return static_cast<std::uint64_t>(std::count_if(
      rule.errors.begin(), rule.errors.end(), [&](instant one) { return now - one < within; }));
}

boost::json::object waiting_json(projections::views const& state, rule_id id) {
  std::uint64_t messages = 0;
  projections::message_row const* last = nullptr;
  for (auto const& [to, row] : state.notifications.due) {
    if (row.rule != id) continue;
    ++messages;
    if (row.attempts > 0 && (last == nullptr || row.next_at > last->next_at)) last = &row;
  }
  boost::json::object json;
  json["messages"] = json_of(messages);
  if (last != nullptr) {
    json["code"] = last->code;
    json["reply"] = utf8(last->reply);
    json["next_attempt"] = json_of(last->next_at);
  }
  return json;
}

boost::json::object alert_json(api_context const& context, rule_id id) {
  auto const& state = context.views();
  auto const& rule = state.alerts.rules.at(id);
  boost::json::object json;
  json["id"] = json_of(id);
  json["name"] = rule.name;
  json["link"] = link_name(state, rule.link);
  json["state"] = state_of(rule);
  boost::json::array classes;
  for (auto const one : rule.classes)
    classes.push_back(boost::json::value(dualwrite::name_of(one)));
  json["errors"] = std::move(classes);
  json["count"] = rule.count;
  json["within_seconds"] = json_of(rule.within_us / 1'000'000);
  json["then"] = action_choices()[static_cast<std::size_t>(rule.action)];
  json["notify"] = rule.notify;
  json["cooldown_seconds"] = json_of(rule.cooldown_us / 1'000'000);
  json["counted"] = json_of(counted(rule, context.time.now()));
  json["fired"] = json_of(rule.fired);
  json["firing_since"] = rule.open ? json_of(rule.open) : boost::json::value();
  boost::json::array held;
  for (auto const map : rule.held) {
    auto const* row = state.status.find(map);
    if (row != nullptr) held.push_back(boost::json::value(row->name));
  }
  json["held_maps"] = std::move(held);
  bool const muted = rule.muted_until > context.time.now();
  json["muted_until"] = muted ? json_of(rule.muted_until) : boost::json::value();
  json["waiting"] = waiting_json(state, id);
  return json;
}

}  // namespace

async<api_reply> list_alerts(api_context& context, api_request) {
  boost::json::array items;
  for (auto const& [id, row] : context.views().alerts.rules)
    items.push_back(alert_json(context, id));
  co_return page_reply(std::move(items), 0);
}

async<api_reply> show_alert(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, rule_called(context.views(), request.parts["rule"]));
  co_return json_reply(alert_json(context, id));
}

// Firings, resolutions, messages and changes of a rule, newest first.
async<api_reply> list_alert_history(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, rule_called(context.views(), request.parts["rule"]));
  DW_CO_TRY(auto const page, page_wish::from(request));
  auto const newest = page.behind == 0 ? context.log.head().at : sequence{page.behind - 1};
  read_request const read{newest, true, stream_id{stream_kind::rule, id.value}};
  boost::json::array items;
  std::uint64_t next = 0;
  auto const cursor = context.log.read(read);
  while (items.size() < page.limit) {
    DW_CO_TRY(auto const stored, cursor->next());
    if (!stored) co_return page_reply(std::move(items), 0);
    DW_CO_TRY(auto const event, decode(*stored));
    items.push_back(event_json(event));
    next = stored->at.value;
  }
  co_return page_reply(std::move(items), next > 1 ? next : 0);
}

async<api_reply> test_alert(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, rule_called(context.views(), request.parts["rule"]));
  if (!context.sends_mail)
    co_return error{error_code::mail_not_configured,
                    "add smtp: { url: smtp://HOST, from: ADDRESS } to the file and restart."};
  command wish = test_alert_rule{id};
  auto actor = request.actor;
  auto command_id = request.command_id;
  DW_CO_TRY(auto const at,
            co_await context.core.submit(std::move(wish), std::move(actor), std::move(command_id)));
  auto const& rule = context.views().alerts.rules.at(id);
  boost::json::array recipients;
  for (auto const& one : projections::split_recipients(rule.notify))
    recipients.push_back(boost::json::value(one));
  boost::json::object body;
  body["id"] = json_of(at);
  body["recipients"] = std::move(recipients);
  co_return json_reply(body, 202);
}

// {"seconds": 7200}; zero: messages are sent again.
async<api_reply> mute_alert(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, rule_called(context.views(), request.parts["rule"]));
  DW_CO_TRY(auto const body, request.json());
  auto const* said = body.if_contains("seconds");
  auto const seconds = said != nullptr && said->is_int64() ? said->as_int64() : -1;
  if (seconds < 0 || static_cast<std::uint64_t>(seconds) > mute_seconds_max)
    co_return error{error_code::request_invalid, "'seconds' has to be from 0 to 31622400."};
  auto const now = context.time.now();
  auto const until = seconds == 0 ? instant{} : now + std::chrono::seconds(seconds);
  command wish = mute_alert_rule{id, until};
  auto actor = request.actor;
  auto command_id = request.command_id;
  DW_CO_CHECK(
      co_await context.core.submit(std::move(wish), std::move(actor), std::move(command_id)));
  co_return json_reply(alert_json(context, id));
}

}  // namespace dualwrite::engine
