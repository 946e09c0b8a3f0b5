// The outbox: which messages are owed to whom, and how its channels fare.
#pragma once

#include <compare>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

enum class message_kind : std::uint8_t {
  fired = 0,
  resolved = 1,
  test = 2,
  announced = 3,  // the rest are about maintenance
  begun = 4,
  ended = 5,
};

// One message: what it is about, and where it goes.
struct message_address {
  sequence about;
  message_channel channel = message_channel::mail;
  std::string recipient;  // an address, or the name of a web hook
  DW_FIELDS(about, channel, recipient);
  friend auto operator<=>(message_address const&, message_address const&) = default;
};

struct message_row {
  rule_id rule;  // or
  plan_id plan;
  link_id link;
  std::string topic;  // the name of either
  message_kind kind = message_kind::fired;
  sequence thread;  // the message that this one follows, by what that was about; none for the first
  instant owed_at;
  std::uint32_t attempts = 0;
  instant next_at;          // zero: at once
  std::string code, reply;  // of the last attempt
  DW_FIELDS(rule, plan, link, topic, kind, thread, owed_at, attempts, next_at, code, reply);
};

// Who hears of a rule or a plan.
struct notified_row {
  link_id link;
  std::string name;
  std::string mails, webhooks;  // with commas between them
  DW_FIELDS(link, name, mails, webhooks);
};
struct notified_rule {
  notified_row to;
  bool acts = false;
  std::uint64_t cooldown_us = 0;
  instant muted_until;
  instant told_at;  // when the last message about a firing was owed
  // Incidents that people were told of, with the firing that the first message was about.
  std::map<sequence, sequence> told;
  DW_FIELDS(to, acts, cooldown_us, muted_until, told_at, told);
};
struct notified_plan {
  notified_row to;
  sequence thread;  // the announcement of the time that comes or is under way
  DW_FIELDS(to, thread);
};

// The mail server has no name, a web hook its own.
using channel_name = std::pair<message_channel, std::string>;
struct channel_row {
  instant failing_since;  // one waits since then that was tried, and none went out
  bool failed = false;    // ChannelFailed says so
  std::string code, reply;
  DW_FIELDS(failing_since, failed, code, reply);
};

// Fed by the events of rules and plans, AlertFired, AlertResolved, AlertTested, Maintenance…, and
// the notifications. A firing owes no message where its rule is muted or cools down; where it did
// nothing that the one before it had not done already; and, during maintenance of its link, where
// it did nothing at all. A resolution owes one only where people were told of the firing.
struct notifications {
  static constexpr std::string_view name = "notifications";
  static constexpr int version = 2;

  std::map<rule_id, notified_rule> rules;
  std::map<plan_id, notified_plan> plans;
  std::map<link_id, std::set<plan_id>> resting;  // links with maintenance under way
  std::map<message_address, message_row> due;
  std::map<channel_name, channel_row> channels;
  std::uint64_t sent = 0;
  std::uint64_t given_up = 0;
  DW_FIELDS(rules, plans, resting, due, channels, sent, given_up);

  void fold(event_view const& event);
};

// The items of a list with commas, without the spaces around them.
[[nodiscard]] std::vector<std::string> split_recipients(std::string_view list);
// The channel of a message.
[[nodiscard]] channel_name channel_of(message_channel channel, std::string_view recipient);

}  // namespace dualwrite::projections
