#include "projections/alert_windows.h"

#include <algorithm>

namespace dualwrite::projections {
namespace {

struct alert_fold {
  alert_windows& view;
  event_view const& event;

  void count(link_id link, fault_class kind) {
    for (auto& [id, rule] : view.rules) {
      if (rule.link != link || !rule.counts(kind)) continue;
      rule.errors.push_back(event.recorded_at);
      while (rule.errors.size() > rule.count) rule.errors.pop_front();
      // A rule without an action fires again only after its count has fallen below the threshold.
      if (!rule.crossed()) rule.armed = true;
    }
  }
  void operator()(MapCreated const& e) { view.links[map_id{event.at.value}] = e.link; }
  void operator()(AlertRuleCreated const& e) {
    alert_row row;
    row.link = e.link;
    row.name = e.name;
    row.classes = e.classes;
    row.count = e.count;
    row.within_us = e.within_us;
    row.action = e.action;
    row.notify = e.notify;
    row.owner = e.owner;
    row.cooldown_us = e.cooldown_us;
    row.disabled = e.disabled;
    view.rules[rule_id{event.at.value}] = std::move(row);
  }
  // What it had counted stays, unless it counts otherwise now.
  void operator()(AlertRuleChanged const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    auto& row = found->second;
    bool const same = row.classes == e.classes && row.count == e.count &&
                      row.within_us == e.within_us && row.action == e.action &&
                      row.disabled == e.disabled;
    row.name = e.name;
    row.notify = e.notify;
    row.cooldown_us = e.cooldown_us;
    if (same) return;
    row.classes = e.classes;
    row.count = e.count;
    row.within_us = e.within_us;
    row.action = e.action;
    row.disabled = e.disabled;
    row.errors.clear();
    row.armed = true;
  }
  void operator()(OwnerChanged const& e) {
    if (view.rules.contains(e.rule)) view.rules[e.rule].owner = e.owner;
  }
  void operator()(AlertRuleDeleted const& e) { view.rules.erase(e.rule); }
  void operator()(AlertFired const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    auto& rule = found->second;
    ++rule.fired;
    rule.last_firing = event.at;
    if (!rule.open) rule.open = event.at;
    rule.armed = false;
    if (rule.action == alert_action::none) return;
    rule.errors.clear();
    rule.armed = true;
  }
  void operator()(AlertResolved const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    found->second.open = {};
    found->second.armed = true;
  }
  void operator()(AlertMuted const& e) {
    if (view.rules.contains(e.rule)) view.rules[e.rule].muted_until = e.until;
  }
  void operator()(PauseRequested const& e) { hold(e.rule, e.map); }
  void operator()(StopRequested const& e) { hold(e.rule, e.map); }
  void operator()(MapStarted const& e) { let_go(e.map); }
  void operator()(CaughtUp const& e) { let_go(e.map); }
  void operator()(MapDeleted const& e) { let_go(e.map); }
  void hold(rule_id rule, map_id map) {
    if (view.rules.contains(rule)) view.rules[rule].held.insert(map);
  }
  void let_go(map_id map) {
    for (auto& [id, rule] : view.rules) rule.held.erase(map);
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

bool alert_row::crossed() const {
  if (count == 0 || errors.size() < count) return false;
  return static_cast<std::uint64_t>((errors.back() - errors.front()).count()) < within_us;
}

instant alert_row::falls_below() const {
  if (count == 0 || errors.size() < count) return {};
  return errors.front() + duration(static_cast<duration::rep>(within_us));
}

bool alert_row::counts(fault_class kind) const {
  return !disabled && std::find(classes.begin(), classes.end(), kind) != classes.end();
}

void alert_windows::fold(event_view const& event) {
  alert_fold step{*this, event};
  if (auto const error = error_of(event)) {
    step.count(error->link, error->kind);
  } else {
    std::visit(step, event.body);
  }
}

std::optional<counted_error> alert_windows::error_of(event_view const& event) const {
  auto const of_record = [&](auto const& failed) -> std::optional<counted_error> {
    if (failed.state != park_state::failed) return std::nullopt;
    auto const link = links.find(failed.map);
    if (link == links.end()) return std::nullopt;
    return counted_error{link->second, failed.map, failed.kind, failed.code, failed.text};
  };
  if (auto const* parked = event.as<RecordParked>()) return of_record(*parked);
  if (auto const* retried = event.as<RetryFailed>()) return of_record(*retried);
  if (auto const* attempt = event.as<AttemptFailed>())
    return counted_error{attempt->link, {}, attempt->kind, attempt->code, attempt->text};
  return std::nullopt;
}

}  // namespace dualwrite::projections
