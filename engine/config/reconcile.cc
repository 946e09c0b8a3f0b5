#include "engine/config/reconcile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
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
  std::set<plan_id> plans{};

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
      if (auto const* other = link_with(link)) {
        return add(plan_action::refused,
                   plan_thing::link,
                   link.name,
                   fmt::format("the link {} has one of its apps, and an app is in one link only: "
                               "add its database as another app, under another name.",
                               *other));
      }
      add(plan_action::create, plan_thing::link, link.name);
    } else {
      links.insert(id);
      auto const& row = state.status.links.at(id);
      adopt(plan_thing::link, link.name, row.owner);
      if (find_app(state, config, link.left) != row.left ||
          find_app(state, config, link.right) != row.right) {
        add(plan_action::refused,
            plan_thing::link,
            link.name,
            fmt::format("it ties {} and {}, and a link keeps its apps: give it another name.",
                        app_name(row.left),
                        app_name(row.right)));
      }
    }
    for (auto const& map : link.maps) plan_map(id, link.name, map);
    for (auto const& alert : link.alerts)
      plan_named(plan_thing::rule, id, alert, state.alerts.rules, rules);
    for (auto const& one : link.maintenance)
      plan_named(plan_thing::plan, id, one, state.maintenance.plans, plans);
  }
  // The name of the link that has an app of this one, which is not there yet.
  std::string const* link_with(link_config const& link) const {
    for (auto const app :
         {find_app(state, config, link.left), find_app(state, config, link.right)}) {
      for (auto const& [id, row] : state.status.links) {
        if (app && (row.left == app || row.right == app)) return &row.name;
      }
    }
    return nullptr;
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

  // Rules and maintenance plans: their names are unique over all links.
  template <class Id, class Row, class Config>
  void plan_named(plan_thing thing,
                  link_id link,
                  Config const& wanted,
                  std::map<Id, Row> const& rows,
                  std::set<Id>& named) {
    auto id = find_named(rows, wanted.terms.name);
    if (!id && !wanted.was.empty()) {
      id = find_named(rows, wanted.was);
      if (id) add(plan_action::rename, thing, wanted.was, {}, wanted.terms.name);
    }
    if (!id) return add(plan_action::create, thing, wanted.terms.name);
    named.insert(id);
    auto const& row = rows.at(id);
    if (row.link != link) {
      return add(plan_action::refused,
                 thing,
                 wanted.terms.name,
                 fmt::format("a {} of this name belongs to another link: give it another name.",
                             name_of(thing)));
    }
    adopt(thing, wanted.terms.name, row.owner);
    auto const places = difference(state, row, wanted);
    if (places.empty()) return;
    add(plan_action::change, thing, wanted.terms.name, fmt::format("{}", fmt::join(places, ", ")));
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
  template <class Id, class Row>
  void leave_named(plan_thing thing,
                   std::map<Id, Row> const& rows,
                   std::set<Id> const& named,
                   std::set<link_id>& used) {
    for (auto const& [id, row] : rows) {
      if (named.contains(id) || !leave(thing, row.terms.name, row.owner, {})) used.insert(row.link);
    }
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
    leave_named(plan_thing::rule, state.alerts.rules, rules, used);
    leave_named(plan_thing::plan, state.maintenance.plans, plans, used);
    for (auto const& [id, row] : state.status.links) {
      if (links.contains(id)) continue;
      leave(plan_thing::link,
            row.name,
            row.owner,
            used.contains(id) ? "it still has maps or rules." : "");
    }
  }
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

}  // namespace dualwrite::engine
