#include <algorithm>
#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/event_json.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"
#include "engine/config/config_keys.h"
#include "engine/decide/alert_decider.h"

namespace dualwrite::engine {
namespace {

constexpr std::uint64_t mute_seconds_max = 366ULL * 86'400;

std::string_view state_of(projections::alert_row const& rule) {
  if (rule.terms.disabled) return "disabled";
  return rule.incidents.empty() ? "clear" : "firing";
}

// How many of the errors that its windows hold are still within its span; of the fullest one.
std::uint64_t counted(projections::alert_row const& rule, instant now) {
  std::int64_t most = 0;
  for (auto const& [number, version] : rule.versions) {
    auto const within = version.terms.within();
    for (auto const& [map, window] : version.windows) {
      auto const& times = window.errors.ring;
      auto const recent = [&](instant one) { return now - one < within; };
      most = std::max<std::int64_t>(most, std::count_if(times.begin(), times.end(), recent));
    }
  }
  return static_cast<std::uint64_t>(most);
}

boost::json::array map_names(projections::views const& state, auto const& maps) {
  boost::json::array out;
  for (auto const map : maps) {
    auto const* row = state.status.find(map);
    if (row != nullptr) out.push_back(boost::json::value(row->name));
  }
  return out;
}

// Maps at work that an earlier version of the rule holds for, or none.
boost::json::array pending_maps(projections::views const& state,
                                rule_id id,
                                projections::alert_row const& rule) {
  std::vector<map_id> pending;
  for (auto const& [map, row] : state.alerts.maps) {
    if (row.link != rule.link || !row.started) continue;
    auto const bound = row.bound.find(id);
    bool const is_bound = bound != row.bound.end();
    bool const current = is_bound && bound->second == rule.version;
    if (rule.terms.covers(map) ? !current : is_bound) pending.push_back(map);
  }
  return map_names(state, pending);
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

// What the rule says, as its keys in a configuration file do.
void add_terms(boost::json::object& json,
               projections::views const& state,
               alert_terms const& terms) {
  boost::json::array classes;
  for (auto const one : terms.classes)
    classes.push_back(boost::json::value(dualwrite::name_of(one)));
  json["condition"] = condition_text(terms);
  json["errors"] = std::move(classes);
  json["count"] = terms.count;
  json["within_seconds"] = json_of(terms.within_us / 1'000'000);
  json["maps"] = map_names(state, terms.maps);
  json["direction"] = alert_way_choices()[static_cast<std::size_t>(terms.ways)];
  json["per"] = scope_choices()[terms.per_map ? 1 : 0];
  json["then"] = action_choices()[static_cast<std::size_t>(terms.action)];
  json["resume_after_seconds"] = json_of(terms.resume_after_us / 1'000'000);
  json["notify"] = terms.notify;
  json["webhooks"] = terms.webhooks;
  json["cooldown_seconds"] = json_of(terms.cooldown_us / 1'000'000);
  json["apply"] = effect_choices()[terms.at_once ? 1 : 0];
}

boost::json::object alert_json(api_context const& context, rule_id id) {
  auto const& state = context.views();
  auto const& rule = state.alerts.rules.at(id);
  boost::json::object json;
  json["id"] = json_of(id);
  json["name"] = rule.terms.name;
  json["link"] = link_name(state, rule.link);
  json["state"] = state_of(rule);
  add_terms(json, state, rule.terms);
  json["managed_by"] = rule.owner == definition_owner::file ? "file" : "hand";
  json["version"] = rule.version;
  json["pending_restart"] = pending_maps(state, id, rule);
  json["counted"] = json_of(counted(rule, context.time.now()));
  json["fired"] = json_of(rule.fired);
  std::set<map_id> held;
  for (auto const& [began, incident] : rule.incidents)
    held.insert(incident.held.begin(), incident.held.end());
  json["firing_since"] =
      rule.incidents.empty() ? boost::json::value() : json_of(rule.incidents.begin()->first);
  json["held_maps"] = map_names(state, held);
  bool const muted = rule.muted_until > context.time.now();
  json["muted_until"] = muted ? json_of(rule.muted_until) : boost::json::value();
  json["waiting"] = waiting_json(state, id);
  return json;
}

}  // namespace

async<api_reply> list_alerts(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  boost::json::array items;
  for (auto const& [id, row] : context.views().alerts.rules)
    items.push_back(alert_json(context, id));
  co_return page_of(std::move(items), page);
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
  if (!context.sends_mail && !context.views().alerts.rules.at(id).terms.notify.empty())
    co_return error{error_code::mail_not_configured,
                    "add smtp: { url: smtp://HOST, from: ADDRESS } to the file and restart."};
  command wish = test_alert_rule{id};
  auto actor = request.actor;
  auto command_id = request.command_id;
  DW_CO_TRY(auto const at,
            co_await context.core.submit(std::move(wish), std::move(actor), std::move(command_id)));
  auto const& terms = context.views().alerts.rules.at(id).terms;
  boost::json::array recipients;
  for (auto const* list : {&terms.notify, &terms.webhooks}) {
    for (auto const& one : projections::split_recipients(*list))
      recipients.push_back(boost::json::value(one));
  }
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
