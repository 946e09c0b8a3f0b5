#include "projections/notifications.h"

namespace dualwrite::projections {
namespace {

struct outbox_fold {
  notifications& view;
  event_view const& event;

  void set(rule_id id, auto const& e) {
    auto& rule = view.rules[id];
    rule.name = e.name;
    rule.recipients = e.notify;
    rule.cooldown_us = e.cooldown_us;
  }
  void operator()(AlertRuleCreated const& e) {
    rule_id const id{event.at.value};
    view.rules[id].link = e.link;
    set(id, e);
  }
  void operator()(AlertRuleChanged const& e) {
    if (view.rules.contains(e.rule)) set(e.rule, e);
  }
  void operator()(AlertRuleDeleted const& e) { view.rules.erase(e.rule); }
  void operator()(AlertMuted const& e) {
    if (view.rules.contains(e.rule)) view.rules[e.rule].muted_until = e.until;
  }

  bool is_muted(notified_rule const& rule) const { return event.recorded_at < rule.muted_until; }
  bool is_cooling(notified_rule const& rule) const {
    if (rule.told_at == instant{}) return false;
    auto const since = static_cast<std::uint64_t>((event.recorded_at - rule.told_at).count());
    return since < rule.cooldown_us;
  }
  void owe(rule_id id, notified_rule const& rule, message_kind kind, sequence thread) {
    for (auto& recipient : split_recipients(rule.recipients)) {
      view.due[{event.at, std::move(recipient)}] = {
          id, rule.link, rule.name, kind, thread, event.recorded_at, 0, {}, {}, {}};
    }
  }
  void operator()(AlertFired const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    auto& rule = found->second;
    if (is_muted(rule) || is_cooling(rule)) return;
    owe(e.rule, rule, message_kind::fired, rule.thread);
    rule.told_at = event.recorded_at;
    if (!rule.thread) rule.thread = event.at;
  }
  void operator()(AlertResolved const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    auto& rule = found->second;
    auto const thread = std::exchange(rule.thread, {});
    if (thread && !is_muted(rule)) owe(e.rule, rule, message_kind::resolved, thread);
  }
  void operator()(AlertTested const& e) {
    auto const found = view.rules.find(e.rule);
    if (found != view.rules.end()) owe(e.rule, found->second, message_kind::test, {});
  }

  void operator()(NotificationSent const& e) {
    view.failing_since = {};
    if (view.due.erase({e.about, std::string(e.recipient)}) > 0) ++view.sent;
  }
  void operator()(NotificationFailed const& e) {
    auto const found = view.due.find({e.about, std::string(e.recipient)});
    if (found == view.due.end()) return;
    if (e.given_up) {
      view.due.erase(found);
      ++view.given_up;
      if (view.due.empty()) view.failing_since = {};
      return;
    }
    if (view.failing_since == instant{}) view.failing_since = event.recorded_at;
    auto& message = found->second;
    message.attempts = e.attempt;
    message.next_at = e.next_at;
    message.code = e.code;
    message.reply = e.reply;
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

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
