#include "projections/notifications.h"

#include <algorithm>

namespace dualwrite::projections {
namespace {

struct outbox_fold {
  notifications& view;
  event_view const& event;

  static void set(notified_row& to, auto const& e) {
    to.name = e.name;
    to.mails = e.notify;
    to.webhooks = e.webhooks;
  }
  static void set(notified_rule& rule, auto const& e) {
    set(rule.to, e);
    rule.acts = e.action != alert_action::none;
    rule.cooldown_us = e.cooldown_us;
  }
  void operator()(AlertRuleCreated const& e) {
    auto& rule = view.rules[rule_id{event.at.value}];
    rule.to.link = e.link;
    set(rule, e);
  }
  void operator()(AlertRuleChanged const& e) {
    if (view.rules.contains(e.rule)) set(view.rules[e.rule], e);
  }
  void operator()(AlertRuleDeleted const& e) { view.rules.erase(e.rule); }
  void operator()(AlertMuted const& e) {
    if (view.rules.contains(e.rule)) view.rules[e.rule].muted_until = e.until;
  }

  void owe(notified_row const& to, message_row row) {
    row.link = to.link;
    row.topic = to.name;
    row.owed_at = event.recorded_at;
    for (auto& one : split_recipients(to.mails))
      view.due[{event.at, message_channel::mail, std::move(one)}] = row;
    for (auto& one : split_recipients(to.webhooks))
      view.due[{event.at, message_channel::webhook, std::move(one)}] = row;
  }
  void owe(rule_id id, notified_rule const& rule, message_kind kind, sequence thread) {
    message_row row;
    row.rule = id;
    row.kind = kind;
    row.thread = thread;
    owe(rule.to, std::move(row));
  }

  bool is_muted(notified_rule const& rule) const { return event.recorded_at < rule.muted_until; }
  bool is_cooling(notified_rule const& rule) const {
    if (rule.told_at == instant{}) return false;
    auto const since = static_cast<std::uint64_t>((event.recorded_at - rule.told_at).count());
    return since < rule.cooldown_us;
  }
  // Whether people know all of it already, or expect it.
  bool is_no_news(notified_rule const& rule, AlertFired const& e) const {
    if (e.asked > 0) return false;
    auto const incident = e.incident ? e.incident : event.at;
    return (rule.acts && rule.told.contains(incident)) || view.resting.contains(rule.to.link);
  }
  void operator()(AlertFired const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    auto& rule = found->second;
    if (is_muted(rule) || is_cooling(rule) || is_no_news(rule, e)) return;
    auto const incident = e.incident ? e.incident : event.at;
    auto const told = rule.told.find(incident);
    owe(e.rule, rule, message_kind::fired, told == rule.told.end() ? sequence{} : told->second);
    rule.told_at = event.recorded_at;
    rule.told.insert({incident, event.at});
  }
  void operator()(AlertResolved const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    auto& rule = found->second;
    auto const told = rule.told.extract(e.fired);
    if (!told.empty() && !is_muted(rule)) owe(e.rule, rule, message_kind::resolved, told.mapped());
  }
  void operator()(AlertTested const& e) {
    auto const found = view.rules.find(e.rule);
    if (found != view.rules.end()) owe(e.rule, found->second, message_kind::test, {});
  }

  void operator()(MaintenancePlanned const& e) {
    auto& plan = view.plans[plan_id{event.at.value}];
    plan.to.link = e.link;
    set(plan.to, e);
  }
  void operator()(MaintenanceChanged const& e) {
    if (view.plans.contains(e.plan)) set(view.plans[e.plan].to, e);
  }
  void operator()(MaintenanceDeleted const& e) {
    rest(e.plan, false);
    view.plans.erase(e.plan);
  }
  // The messages about one time of a plan follow each other.
  void tell(plan_id id, message_kind kind) {
    auto const found = view.plans.find(id);
    if (found == view.plans.end()) return;
    auto& plan = found->second;
    message_row row;
    row.plan = id;
    row.kind = kind;
    row.thread = plan.thread;
    owe(plan.to, std::move(row));
    if (!plan.thread) plan.thread = event.at;
    if (kind == message_kind::ended) plan.thread = {};
  }
  void rest(plan_id id, bool begins) {
    auto const found = view.plans.find(id);
    if (found == view.plans.end()) return;
    auto const link = found->second.to.link;
    if (begins) return void(view.resting[link].insert(id));
    auto const open = view.resting.find(link);
    if (open == view.resting.end()) return;
    open->second.erase(id);
    if (open->second.empty()) view.resting.erase(open);
  }
  void operator()(MaintenanceAnnounced const& e) {
    if (view.plans.contains(e.plan)) view.plans[e.plan].thread = {};
    tell(e.plan, message_kind::announced);
  }
  void operator()(MaintenanceBegun const& e) {
    rest(e.plan, true);
    tell(e.plan, message_kind::begun);
  }
  void operator()(MaintenanceEnded const& e) {
    rest(e.plan, false);
    tell(e.plan, message_kind::ended);
  }

  void operator()(NotificationSent const& e) {
    view.channels.erase(channel_of(e.channel, e.recipient));
    if (view.due.erase({e.about, e.channel, std::string(e.recipient)}) > 0) ++view.sent;
  }
  void operator()(NotificationFailed const& e) {
    auto const found = view.due.find({e.about, e.channel, std::string(e.recipient)});
    if (found == view.due.end()) return;
    auto const channel = channel_of(e.channel, e.recipient);
    if (e.given_up) {
      view.due.erase(found);
      ++view.given_up;
      bool const waits = std::any_of(view.due.begin(), view.due.end(), [&](auto const& one) {
        return channel_of(one.first.channel, one.first.recipient) == channel;
      });
      auto const state = view.channels.find(channel);
      if (state != view.channels.end() && !waits && !state->second.failed)
        view.channels.erase(state);
      return;
    }
    auto& state = view.channels[channel];
    if (state.failing_since == instant{}) state.failing_since = event.recorded_at;
    state.code = e.code;
    state.reply = e.reply;
    auto& message = found->second;
    message.attempts = e.attempt;
    message.next_at = e.next_at;
    message.code = e.code;
    message.reply = e.reply;
  }
  void operator()(ChannelFailed const& e) {
    auto const found = view.channels.find({e.channel, std::string(e.name)});
    if (found != view.channels.end()) found->second.failed = true;
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

channel_name channel_of(message_channel channel, std::string_view recipient) {
  return {channel, channel == message_channel::mail ? std::string() : std::string(recipient)};
}

void notifications::fold(event_view const& event) {
  std::visit(outbox_fold{*this, event}, event.body);
}

std::vector<std::string> split_recipients(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    auto const comma = list.find(',');
    auto one = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    auto const first = one.find_first_not_of(' ');
    if (first == std::string_view::npos) continue;
    one = one.substr(first, one.find_last_not_of(' ') - first + 1);
    out.emplace_back(one);
  }
  return out;
}

}  // namespace dualwrite::projections
