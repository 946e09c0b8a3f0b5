#include <fmt/format.h>

#include "engine/config/named_things.h"
#include "engine/config/reconcile.h"

namespace dualwrite::engine {
namespace {

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
      case plan_thing::plan:
        return maintenance_wish();
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
        return command{change_owner{id, {}, {}, {}, new_owner()}};
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
        return command{change_owner{{}, id, {}, {}, new_owner()}};
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
    auto const id = find_named(state_.alerts.rules, step_.name);
    switch (step_.action) {
      case plan_action::remove:
        return command{delete_alert_rule{id}};
      case plan_action::adopt:
      case plan_action::release:
        return command{change_owner{{}, {}, id, {}, new_owner()}};
      case plan_action::rename: {
        DW_TRY(auto terms, renamed(state_.alerts.rules, id, error_code::unknown_rule));
        return command{change_alert_rule{id, std::move(terms)}};
      }
      default:
        break;
    }
    DW_TRY(auto wanted, wanted_of(&link_config::alerts));
    auto& [link, terms] = wanted;
    if (step_.action == plan_action::change)
      return command{change_alert_rule{id, std::move(terms)}};
    return command{create_alert_rule{link, std::move(terms), definition_owner::file}};
  }

  result<command> maintenance_wish() const {
    auto const id = find_named(state_.maintenance.plans, step_.name);
    switch (step_.action) {
      case plan_action::remove:
        return command{delete_maintenance{id}};
      case plan_action::adopt:
      case plan_action::release:
        return command{change_owner{{}, {}, {}, id, new_owner()}};
      case plan_action::rename: {
        DW_TRY(auto terms, renamed(state_.maintenance.plans, id, error_code::unknown_plan));
        return command{change_maintenance{id, std::move(terms)}};
      }
      default:
        break;
    }
    DW_TRY(auto wanted, wanted_of(&link_config::maintenance));
    auto& [link, terms] = wanted;
    if (step_.action == plan_action::change)
      return command{change_maintenance{id, std::move(terms)}};
    return command{plan_maintenance{link, std::move(terms), definition_owner::file}};
  }

  // What the log has, under the name that the step wants.
  template <class Rows, class Id>
  auto renamed(Rows const& rows, Id id, error_code otherwise) const
      -> result<decltype(rows.at(id).terms)> {
    auto const found = rows.find(id);
    if (found == rows.end()) return error{otherwise, step_.name};
    auto terms = found->second.terms;
    terms.name = step_.target;
    return terms;
  }
  // What the file says under the step's name, with the link that it is for.
  template <class Config>
  auto wanted_of(std::vector<Config> link_config::*list) const
      -> result<std::pair<link_id, decltype(Config::terms)>> {
    for (auto const& link : config_.links) {
      for (auto const& one : link.*list) {
        if (one.terms.name != step_.name) continue;
        auto const id = find_link(state_, link.name);
        if (!id) return error{error_code::unknown_link, link.name};
        DW_TRY(auto terms, terms_for(state_, id, one));
        return std::pair{id, std::move(terms)};
      }
    }
    return refuse();
  }

  projections::views const& state_;
  server_config const& config_;
  plan_step const& step_;
};

}  // namespace

result<drafts> decide_step(projections::views const& state,
                           server_config const& config,
                           plan_step const& step,
                           origin const& from) {
  if (!step.acts()) return drafts{};
  DW_TRY(auto const wish, step_decider(state, config, step).wish());
  return decide(state, wish, from);
}

}  // namespace dualwrite::engine
