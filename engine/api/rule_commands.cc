#include <fmt/format.h>

#include "engine/api/answers.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/config/load.h"
#include "engine/config/named_things.h"

namespace dualwrite::engine {
namespace {

// What a file manages is changed in the file.
result<rule_id> own_rule(projections::views const& state, std::string_view name) {
  DW_TRY(auto const id, rule_called(state, name));
  if (state.alerts.rules.at(id).owner == definition_owner::file)
    return error{error_code::managed_by_file, fmt::format("rule {}", name)};
  return id;
}

result<void> webhooks_are_known(api_context const& context, std::string_view names) {
  for (auto const& one : projections::split_recipients(names)) {
    auto const& known = context.webhooks;
    if (std::find(known.begin(), known.end(), one) == known.end())
      return error{error_code::webhook_unknown, one};
  }
  return {};
}

// The command that makes the rule of the request's body, or changes the one of its name.
result<command> wish_in(api_context const& context, std::string const& text) {
  auto const loaded = load_rule(text);
  if (!loaded.rule)
    return error{error_code::invalid_definition, format_problems(loaded.problems, "rule")};
  DW_CHECK(webhooks_are_known(context, loaded.rule->terms.webhooks));
  auto const& state = context.views();
  DW_TRY(auto const link, link_called(state, loaded.link));
  DW_TRY(auto terms, terms_for(state, link, *loaded.rule));
  auto const known = find_named(state.alerts.rules, terms.name);
  if (!known) return command{create_alert_rule{link, std::move(terms)}};
  DW_TRY(auto const id, own_rule(state, terms.name));
  if (state.alerts.rules.at(id).link != link)
    return error{error_code::name_taken, "a rule of this name belongs to another link"};
  return command{change_alert_rule{id, std::move(terms)}};
}

async<api_reply> submit_wish(api_context& context, api_request const& request, command wish) {
  auto actor = request.actor;
  auto command_id = request.command_id;
  DW_CO_TRY(auto const at,
            co_await context.core.submit(std::move(wish), std::move(actor), std::move(command_id)));
  boost::json::object body;
  body["id"] = json_of(at);
  co_return json_reply(body);
}

}  // namespace

// The keys of a rule in a configuration file, and `link`; as JSON or as YAML.
async<api_reply> apply_alert(api_context& context, api_request request) {
  DW_CO_TRY(auto wish, wish_in(context, request.body));
  co_return co_await submit_wish(context, request, std::move(wish));
}

async<api_reply> delete_alert(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, own_rule(context.views(), request.parts["rule"]));
  command wish = delete_alert_rule{id};
  co_return co_await submit_wish(context, request, std::move(wish));
}

async<api_reply> enable_alert(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, own_rule(context.views(), request.parts["rule"]));
  command wish = switch_alert_rule{id, true};
  co_return co_await submit_wish(context, request, std::move(wish));
}

async<api_reply> disable_alert(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, own_rule(context.views(), request.parts["rule"]));
  command wish = switch_alert_rule{id, false};
  co_return co_await submit_wish(context, request, std::move(wish));
}

}  // namespace dualwrite::engine
