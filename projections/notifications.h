// The outbox: which messages about alert rules are owed to whom.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

enum class message_kind : std::uint8_t { fired = 0, resolved = 1, test = 2 };

struct message_row {
  rule_id rule;
  link_id link;
  std::string rule_name;
  message_kind kind = message_kind::fired;
  sequence thread;  // the message that this one follows, by what that was about; none for the first
  instant owed_at;
  std::uint32_t attempts = 0;
  instant next_at;          // zero: at once
  std::string code, reply;  // of the last attempt
  DW_FIELDS(rule, link, rule_name, kind, thread, owed_at, attempts, next_at, code, reply);
};

struct notified_rule {
  link_id link;
  std::string name;
  std::string recipients;  // with commas between them
  std::uint64_t cooldown_us = 0;
  instant muted_until;
  instant told_at;  // when the last message about a firing was owed
  sequence thread;  // the first firing since it was clear that people are told of
  DW_FIELDS(link, name, recipients, cooldown_us, muted_until, told_at, thread);
};

// Fed by the rules' events, AlertFired, AlertResolved, AlertTested and the notifications. A firing
// of a muted rule, or of one that is cooling down, owes no message; a resolution owes one only
// where people were told of the firing.
struct notifications {
  static constexpr std::string_view name = "notifications";
  static constexpr int version = 1;

  std::map<rule_id, notified_rule> rules;
  // By what it is about, and its recipient.
  std::map<std::pair<sequence, std::string>, message_row> due;
  std::uint64_t sent = 0;
  std::uint64_t given_up = 0;
  instant failing_since;  // one waits since then that was tried, and none went out
  DW_FIELDS(rules, due, sent, given_up, failing_since);

  void fold(event_view const& event);
};

// The addresses of a list with commas.
[[nodiscard]] std::vector<std::string> split_recipients(std::string_view list);

}  // namespace dualwrite::projections
