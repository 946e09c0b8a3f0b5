// What alert rules did, and who was told.
#pragma once

#include <string_view>

#include "events/fields.h"
#include "events/ids.h"
#include "events/instant.h"

namespace dualwrite {

struct AlertFired {
  rule_id rule;
  std::uint32_t count = 0;
  instant since;  // when the first of the errors that it counts was recorded
  DW_FIELDS(rule, count, since);
};
struct AlertResolved {
  rule_id rule;
  sequence fired;  // the first firing since the rule was last clear
  DW_FIELDS(rule, fired);
};
// Somebody wants to see that its messages arrive.
struct AlertTested {
  rule_id rule;
  DW_FIELDS(rule);
};
// Its messages are not sent until then; it acts as before. A time that has passed: they are sent
// again.
struct AlertMuted {
  rule_id rule;
  instant until;
  DW_FIELDS(rule, until);
};

// One message to one recipient.
struct NotificationSent {
  rule_id rule;
  sequence about;  // the firing, resolution or test
  std::string_view recipient;
  std::uint32_t attempt = 0;
  std::string_view reply;  // the server's last word
  DW_FIELDS(rule, about, recipient, attempt, reply);
};
struct NotificationFailed {
  rule_id rule;
  sequence about;
  std::string_view recipient;
  std::uint32_t attempt = 0;
  bool given_up = false;
  std::string_view code, reply;
  instant next_at;  // when it is tried again
  DW_FIELDS(rule, about, recipient, attempt, given_up, code, reply, next_at);
};

}  // namespace dualwrite
