// What alert rules did, and who was told.
#pragma once

#include <string_view>

#include "events/event_types.h"
#include "events/fields.h"
#include "events/ids.h"
#include "events/instant.h"

namespace dualwrite {

struct AlertFired {
  rule_id rule;
  std::uint32_t count = 0;     // of errors
  instant since;               // of the first of them; when the state began, for the other subjects
  map_id map;                  // of a rule that counts per map
  std::uint32_t version = 0;   // of the rule
  sequence incident;           // the first firing since the rule was last clear; none: this one
  std::uint32_t asked = 0;     // maps that are asked to pause or stop
  std::uint64_t measured = 0;  // queued records, or microseconds; zero for errors
  DW_FIELDS(rule, count, since, map, version, incident, asked, measured);
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
  message_channel channel = message_channel::mail;
  DW_FIELDS(rule, about, recipient, attempt, reply, channel);
};
struct NotificationFailed {
  rule_id rule;
  sequence about;
  std::string_view recipient;
  std::uint32_t attempt = 0;
  bool given_up = false;
  std::string_view code, reply;
  instant next_at;  // when it is tried again
  message_channel channel = message_channel::mail;
  DW_FIELDS(rule, about, recipient, attempt, given_up, code, reply, next_at, channel);
};
// Nothing has gone out by a channel for a while, and something waits.
struct ChannelFailed {
  message_channel channel = message_channel::mail;
  std::string_view name;  // of a web hook
  instant since;
  std::string_view code, reply;  // of the last attempt
  DW_FIELDS(channel, name, since, code, reply);
};
struct ChannelRecovered {
  message_channel channel = message_channel::mail;
  std::string_view name;
  DW_FIELDS(channel, name);
};

// Whether the apps answer again for which a rule paused maps. Where they do, the maps are asked to
// resume in the same commit.
struct AppsProbed {
  rule_id rule;
  sequence incident;  // the firing that began it
  bool answered = false;
  app_id app;  // that did not answer
  std::string_view code, text;
  instant next_at;  // when they are asked again
  DW_FIELDS(rule, incident, answered, app, code, text, next_at);
};

}  // namespace dualwrite
