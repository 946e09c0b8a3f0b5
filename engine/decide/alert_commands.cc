#include "engine/decide/alert_commands.h"

#include <fmt/format.h>

#include "engine/decide/maintenance_decider.h"

namespace dualwrite::engine {
namespace {

using drafts = std::vector<encoded_event>;

// A message carries the names; a text beyond this is no name.
constexpr std::size_t recipients_bytes_max = 4'096;

// The event that carries such terms; its other members are still to be set.
template <class Event, class Terms>
Event event_with(Terms const& terms) {
  auto const viewed = terms_as<std::string_view>(terms);
  Event event;
  static_cast<std::decay_t<decltype(viewed)>&>(event) = viewed;
  return event;
}

struct alert_command_decider {
  projections::views const& state;
  origin const& from;

  template <class Event>
  drafts one(stream_id stream, link_id link, Event const& event) const {
    drafts out;
    out.push_back(draft(stream, link, event, from));
    return out;
  }
  result<projections::alert_row const*> rule(rule_id id) const {
    auto const found = state.alerts.rules.find(id);
    if (found == state.alerts.rules.end()) return error{error_code::unknown_rule};
    return &found->second;
  }
  result<projections::plan_row const*> plan(plan_id id) const {
    auto const found = state.maintenance.plans.find(id);
    if (found == state.maintenance.plans.end()) return error{error_code::unknown_plan};
    return &found->second;
  }
  template <class Event>
  result<drafts> of_rule(rule_id id, Event const& event) const {
    DW_TRY(auto const* row, rule(id));
    return one({stream_kind::rule, id.value}, row->link, event);
  }

  result<void> are_of(link_id link, std::vector<map_id> const& maps) const {
    if (!state.status.links.contains(link)) return error{error_code::unknown_link};
    for (auto const id : maps) {
      auto const* row = state.status.find(id);
      if (row == nullptr || row->link != link)
        return error{error_code::unknown_map, "it is none of the link's"};
    }
    return {};
  }
  template <class Terms>
  static result<void> are_short(Terms const& terms) {
    if (terms.notify.size() + terms.webhooks.size() <= recipients_bytes_max) return {};
    return error{error_code::invalid_definition,
                 fmt::format("the recipients take more than {} bytes", recipients_bytes_max)};
  }

  result<void> is_good(alert_terms const& terms, link_id link, rule_id except) const {
    for (auto const& [id, row] : state.alerts.rules) {
      if (row.terms.name == terms.name && id != except)
        return error{error_code::name_taken, fmt::format("rule {}", terms.name)};
    }
    DW_CHECK(are_of(link, terms.maps));
    DW_CHECK(are_short(terms));
    bool const is_span = terms.subject != alert_subject::queue;
    if ((is_span && terms.within_us == 0) || terms.count == 0)
      return error{error_code::invalid_definition, "its threshold is zero"};
    if (terms.subject == alert_subject::errors && terms.classes.empty())
      return error{error_code::invalid_definition, "it names no class of errors"};
    if (terms.resume_after_us > 0 && terms.action != alert_action::pause)
      return error{error_code::invalid_definition, "only what it pauses can be resumed"};
    return {};
  }
  result<drafts> operator()(create_alert_rule const& wish) const {
    DW_CHECK(is_good(wish.terms, wish.link, {}));
    auto event = event_with<AlertRuleCreated>(wish.terms);
    event.link = wish.link;
    event.owner = wish.owner;
    return one({stream_kind::rule, 0}, wish.link, event);
  }
  result<drafts> operator()(change_alert_rule const& wish) const {
    DW_TRY(auto const* row, rule(wish.rule));
    DW_CHECK(is_good(wish.terms, row->link, wish.rule));
    auto event = event_with<AlertRuleChanged>(wish.terms);
    event.rule = wish.rule;
    return of_rule(wish.rule, event);
  }
  result<drafts> operator()(switch_alert_rule const& wish) const {
    DW_TRY(auto const* row, rule(wish.rule));
    if (row->terms.disabled != wish.enabled) return drafts{};
    auto terms = row->terms;
    terms.disabled = !wish.enabled;
    return (*this)(change_alert_rule{wish.rule, std::move(terms)});
  }
  result<drafts> operator()(delete_alert_rule const& wish) const {
    return of_rule(wish.rule, AlertRuleDeleted{wish.rule});
  }
  result<drafts> operator()(test_alert_rule const& wish) const {
    DW_TRY(auto const* row, rule(wish.rule));
    if (row->terms.notify.empty() && row->terms.webhooks.empty())
      return error{error_code::nobody_to_notify, row->terms.name};
    return of_rule(wish.rule, AlertTested{wish.rule});
  }
  result<drafts> operator()(mute_alert_rule const& wish) const {
    return of_rule(wish.rule, AlertMuted{wish.rule, wish.until});
  }

  result<void> is_good(maintenance_terms const& terms, link_id link, plan_id except) const {
    for (auto const& [id, row] : state.maintenance.plans) {
      if (row.terms.name == terms.name && id != except)
        return error{error_code::name_taken, fmt::format("maintenance {}", terms.name)};
    }
    DW_CHECK(are_of(link, terms.maps));
    DW_CHECK(are_short(terms));
    if (terms.resume_at <= terms.pause_at)
      return error{error_code::invalid_definition, "it ends before it begins"};
    return {};
  }
  result<drafts> operator()(plan_maintenance const& wish) const {
    DW_CHECK(is_good(wish.terms, wish.link, {}));
    auto event = event_with<MaintenancePlanned>(wish.terms);
    event.link = wish.link;
    event.owner = wish.owner;
    return one({stream_kind::plan, 0}, wish.link, event);
  }
  result<drafts> operator()(change_maintenance const& wish) const {
    DW_TRY(auto const* row, plan(wish.plan));
    DW_CHECK(is_good(wish.terms, row->link, wish.plan));
    auto event = event_with<MaintenanceChanged>(wish.terms);
    event.plan = wish.plan;
    return one({stream_kind::plan, wish.plan.value}, row->link, event);
  }
  // One that is under way ends with it: its maps would rest for ever.
  result<drafts> operator()(delete_maintenance const& wish) const {
    DW_TRY(auto const* row, plan(wish.plan));
    if (row->open && !may_end(state, *row))
      return error{error_code::action_in_progress, "it is still pausing its maps"};
    auto out = end_maintenance(state, wish.plan, from);
    stream_id const stream{stream_kind::plan, wish.plan.value};
    out.push_back(draft(stream, row->link, MaintenanceDeleted{wish.plan}, from));
    return out;
  }
};

}  // namespace

result<std::vector<encoded_event>> decide_alert_command(projections::views const& state,
                                                        alert_command const& wish,
                                                        origin const& from) {
  return std::visit(alert_command_decider{state, from}, wish);
}

}  // namespace dualwrite::engine
