#include "engine/config/reconcile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "engine/config/definition_difference.h"
#include "engine/config/named_things.h"
#include "engine/decide/map_transitions.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;

struct planner {
  projections::views const& state;
  server_config const& config;
  reconcile_wish wish;
  std::vector<plan_step> steps{};
  // What the file names, by id.
  std::set<link_id> links{};
  std::set<map_id> maps{};
  std::set<rule_id> rules{};

  void add(plan_action action,
           plan_thing thing,
           std::string name,
           std::string detail = {},
           std::string target = {}) {
    steps.push_back({action, thing, std::move(name), std::move(detail), std::move(target)});
  }
  void adopt(plan_thing thing, std::string const& name, definition_owner owner) {
    if (owner != definition_owner::file) add(plan_action::adopt, thing, name);
  }

  void plan_app(app_config const& app) {
    auto id = find_app(state, app.name);
    if (!id && !app.was.empty()) {
      id = find_app(state, app.was);
      if (id) add(plan_action::rename, plan_thing::app, app.was, {}, app.name);
    }
    if (!id) return add(plan_action::create, plan_thing::app, app.name);
    auto const known = state.status.connectors.find(id);
    if (known == state.status.connectors.end() || known->second == app.connector()) return;
    add(plan_action::refused,
        plan_thing::app,
        app.name,
        fmt::format("its connector is {}, and an app keeps its connector: give it another name.",
                    known->second));
  }

  void plan_link(link_config const& link) {
    auto id = find_link(state, link.name);
    if (!id && !link.was.empty()) {
      id = find_link(state, link.was);
      if (id) add(plan_action::rename, plan_thing::link, link.was, {}, link.name);
    }
    if (!id) {
      add(plan_action::create, plan_thing::link, link.name);
    } else {
      links.insert(id);
      auto const& row = state.status.links.at(id);
      adopt(plan_thing::link, link.name, row.owner);
      if (known_app(link.left) != row.left || known_app(link.right) != row.right) {
        add(plan_action::refused,
            plan_thing::link,
            link.name,
            fmt::format("it ties {} and {}, and a link keeps its apps: give it another name.",
                        app_name(row.left),
                        app_name(row.right)));
      }
    }
    for (auto const& map : link.maps) plan_map(id, link.name, map);
    for (auto const& alert : link.alerts) plan_rule(id, alert);
  }
  // The app of this name, or of the name that it had before.
  app_id known_app(std::string const& name) const {
    if (auto const id = find_app(state, name)) return id;
    auto const* app = config.find_app(name);
    return app == nullptr || app->was.empty() ? app_id{} : find_app(state, app->was);
  }
  std::string app_name(app_id id) const {
    auto const found = state.status.apps.find(id);
    return found == state.status.apps.end() ? std::string() : found->second;
  }

  void plan_map(link_id link, std::string const& link_name, map_config const& map) {
    auto const name = fmt::format("{}/{}", link_name, map.definition.name);
    auto id = find_map(state, link, map.definition.name);
    if (!id && !map.was.empty()) {
      id = find_map(state, link, map.was);
      if (id) {
        add(plan_action::rename,
            plan_thing::map,
            fmt::format("{}/{}", link_name, map.was),
            {},
            map.definition.name);
      }
    }
    if (!id) return add(plan_action::create, plan_thing::map, name);
    maps.insert(id);
    auto const& row = *state.status.find(id);
    adopt(plan_thing::map, name, row.owner);
    auto const places = difference(row.definition, map.definition);
    if (places.empty()) return;
    auto const what = fmt::format("{}", fmt::join(places, ", "));
    bool const rests =
        (row.state == map_state::idle || row.state == map_state::holding) && !row.pending;
    bool const may_change = is_allowed(row, map_action::edit);
    if (may_change && (rests || wish.apply))
      return add(plan_action::change, plan_thing::map, name, what);
    auto const status = projections::status_name(row.state);
    if (wish.apply) {
      return add(plan_action::refused,
                 plan_thing::map,
                 name,
                 fmt::format("{}; the map is {} and cannot be changed just now.", what, status));
    }
    add(plan_action::differs,
        plan_thing::map,
        name,
        fmt::format(
            "{}; the map is {} and keeps its definition until `config apply`.", what, status));
  }

  void plan_rule(link_id link, alert_config const& alert) {
    auto id = find_rule(state, alert.name);
    if (!id && !alert.was.empty()) {
      id = find_rule(state, alert.was);
      if (id) add(plan_action::rename, plan_thing::rule, alert.was, {}, alert.name);
    }
    if (!id) return add(plan_action::create, plan_thing::rule, alert.name);
    rules.insert(id);
    auto const& row = state.alerts.rules.at(id);
    if (row.link != link) {
      return add(plan_action::refused,
                 plan_thing::rule,
                 alert.name,
                 "a rule of this name belongs to another link: give it another name.");
    }
    adopt(plan_thing::rule, alert.name, row.owner);
    auto const places = difference(row, alert);
    if (places.empty()) return;
    add(plan_action::change,
        plan_thing::rule,
        alert.name,
        fmt::format("{}", fmt::join(places, ", ")));
  }

  // What is not in the file: let go, deleted, or only told.
  bool leave(plan_thing thing,
             std::string const& name,
             definition_owner owner,
             std::string const& hinders) {
    bool const was_in_file = owner != definition_owner::hand;
    if (wish.prune && was_in_file) {
      add(hinders.empty() ? plan_action::remove : plan_action::refused, thing, name, hinders);
      return hinders.empty();
    }
    if (owner == definition_owner::file) {
      add(plan_action::release, thing, name);
    } else {
      add(plan_action::unmanaged,
          thing,
          name,
          was_in_file ? "the file named it once" : "made by hand");
    }
    return false;
  }
  void plan_rest() {
    std::set<link_id> used;
    for (auto const& [id, row] : state.status.maps) {
      if (maps.contains(id)) {
        used.insert(row.link);
        continue;
      }
      bool const rests = row.state == map_state::idle && !row.pending;
      auto const hinders = rests
                               ? std::string()
                               : fmt::format("it cannot be deleted while it is {}: stop it first.",
                                             projections::status_name(row.state));
      if (!leave(plan_thing::map, name_of_map(state, row), row.owner, hinders))
        used.insert(row.link);
    }
    for (auto const& [id, row] : state.alerts.rules) {
      if (rules.contains(id) || !leave(plan_thing::rule, row.name, row.owner, {}))
        used.insert(row.link);
    }
    for (auto const& [id, row] : state.status.links) {
      if (links.contains(id)) continue;
      leave(plan_thing::link,
            row.name,
            row.owner,
            used.contains(id) ? "it still has maps or rules." : "");
    }
  }
};

class step_decider {
 public:
  step_decider(projections::views const& state, server_config const& config, plan_step const& step)
      : state_(state), config_(config), step_(step) {}

  result<command> wish() const {
    switch (step_.thing) {
      case plan_thing::app:
        return app_wish();
      case plan_thing::link:
        return link_wish();
      case plan_thing::map:
        return map_wish();
      case plan_thing::rule:
        return rule_wish();
    }
    return refuse();
  }

 private:
  error refuse() const {
    return {error_code::invalid_definition,
            fmt::format("{} {} {}", name_of(step_.action), name_of(step_.thing), step_.name)};
  }
  definition_owner new_owner() const {
    return step_.action == plan_action::adopt ? definition_owner::file : definition_owner::released;
  }

  result<command> app_wish() const {
    if (step_.action == plan_action::rename)
      return command{rename_app{find_app(state_, step_.name), step_.target}};
    auto const* app = config_.find_app(step_.name);
    if (app == nullptr || step_.action != plan_action::create) return refuse();
    return command{register_app{app->name, std::string(app->connector())}};
  }

  result<command> link_wish() const {
    auto const id = find_link(state_, step_.name);
    switch (step_.action) {
      case plan_action::rename:
        return command{rename_link{id, step_.target}};
      case plan_action::remove:
        return command{delete_link{id}};
      case plan_action::adopt:
      case plan_action::release:
        return command{change_owner{id, {}, {}, new_owner()}};
      default:
        break;
    }
    auto const* link = find_link_config(config_, step_.name);
    if (link == nullptr || step_.action != plan_action::create) return refuse();
    auto const left = find_app(state_, link->left);
    auto const right = find_app(state_, link->right);
    if (!left || !right) return error{error_code::unknown_app, left ? link->right : link->left};
    return command{create_link{link->name, left, right, definition_owner::file}};
  }

  result<command> map_wish() const {
    auto const slash = step_.name.find('/');
    auto const link = find_link(state_, step_.name.substr(0, slash));
    auto const id = find_map(state_, link, step_.name.substr(slash + 1));
    if (!link) return error{error_code::unknown_link, step_.name};
    switch (step_.action) {
      case plan_action::rename:
        return command{rename_map{id, step_.target}};
      case plan_action::remove:
        return command{delete_map{id}};
      case plan_action::adopt:
      case plan_action::release:
        return command{change_owner{{}, id, {}, new_owner()}};
      default:
        break;
    }
    auto const* map = find_map_config(config_, step_.name);
    if (map == nullptr) return refuse();
    auto text = print_definition(map->definition);
    if (step_.action == plan_action::change) return command{change_map{id, std::move(text)}};
    return command{create_map{link, map->definition.name, std::move(text), definition_owner::file}};
  }

  result<command> rule_wish() const {
    auto const id = find_rule(state_, step_.name);
    switch (step_.action) {
      case plan_action::remove:
        return command{delete_alert_rule{id}};
      case plan_action::adopt:
      case plan_action::release:
        return command{change_owner{{}, {}, id, new_owner()}};
      case plan_action::rename:
        return renamed_rule(id);
      default:
        break;
    }
    auto const [link_name, alert] = find_alert_config(config_, step_.name);
    if (alert == nullptr) return refuse();
    auto const notify = fmt::format("{}", fmt::join(alert->notify, ", "));
    if (step_.action == plan_action::change) {
      return command{change_alert_rule{id,
                                       alert->name,
                                       alert->errors,
                                       alert->count,
                                       alert->within,
                                       alert->then,
                                       notify,
                                       alert->cooldown,
                                       alert->enabled}};
    }
    auto const link = find_link(state_, link_name);
    if (!link) return error{error_code::unknown_link, std::string(link_name)};
    return command{create_alert_rule{link,
                                     alert->name,
                                     alert->errors,
                                     alert->count,
                                     alert->within,
                                     alert->then,
                                     notify,
                                     definition_owner::file,
                                     alert->cooldown,
                                     alert->enabled}};
  }
  result<command> renamed_rule(rule_id id) const {
    auto const found = state_.alerts.rules.find(id);
    if (found == state_.alerts.rules.end()) return error{error_code::unknown_rule, step_.name};
    auto const& row = found->second;
    auto const within = duration(static_cast<std::int64_t>(row.within_us));
    auto const cooldown = duration(static_cast<std::int64_t>(row.cooldown_us));
    return command{change_alert_rule{id,
                                     step_.target,
                                     row.classes,
                                     row.count,
                                     within,
                                     row.action,
                                     row.notify,
                                     cooldown,
                                     !row.disabled}};
  }

  projections::views const& state_;
  server_config const& config_;
  plan_step const& step_;
};

}  // namespace

std::vector<plan_step> reconcile(projections::views const& state,
                                 server_config const& config,
                                 reconcile_wish wish) {
  planner plan{state, config, wish};
  for (auto const& app : config.apps) plan.plan_app(app);
  for (auto const& link : config.links) plan.plan_link(link);
  plan.plan_rest();
  return std::move(plan.steps);
}

result<drafts> decide_step(projections::views const& state,
                           server_config const& config,
                           plan_step const& step,
                           origin const& from) {
  if (!step.acts()) return drafts{};
  DW_TRY(auto const wish, step_decider(state, config, step).wish());
  return decide(state, wish, from);
}

}  // namespace dualwrite::engine
