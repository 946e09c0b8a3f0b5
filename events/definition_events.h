// What apps, links, maps and alert rules are.
#pragma once

#include <string_view>
#include <vector>

#include "events/event_types.h"
#include "events/faults.h"
#include "events/fields.h"
#include "events/ids.h"
#include "events/record.h"

namespace dualwrite {

struct AppRegistered {
  std::string_view name, connector;
  DW_FIELDS(name, connector);
};
struct LinkCreated {
  std::string_view name;
  app_id left, right;
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(name, left, right, owner);
};
struct MapCreated {
  link_id link;
  std::string_view name, definition;
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(link, name, definition, owner);
};
struct MapChanged {
  map_id map;
  std::uint32_t version = 0;
  std::string_view definition;
  DW_FIELDS(map, version, definition);
};
struct MapDeleted {
  map_id map;
  DW_FIELDS(map);
};
// The columns of a table as the app describes them; record images refer to it by its sequence.
struct SchemaObserved {
  app_id app;
  std::string_view table;
  blob schema;
  DW_FIELDS(app, table, schema);
};

struct AlertRuleCreated {
  link_id link;
  std::string_view name;
  std::vector<fault_class> classes;
  std::uint32_t count = 0;
  std::uint64_t within_us = 0;
  alert_action action = alert_action::none;
  std::string_view notify;  // mail addresses, with commas between them
  definition_owner owner = definition_owner::hand;
  std::uint64_t cooldown_us = 0;
  bool disabled = false;
  DW_FIELDS(link, name, classes, count, within_us, action, notify, owner, cooldown_us, disabled);
};
struct AlertRuleDeleted {
  rule_id rule;
  DW_FIELDS(rule);
};

struct AppRenamed {
  app_id app;
  std::string_view name;
  DW_FIELDS(app, name);
};
struct LinkRenamed {
  link_id link;
  std::string_view name;
  DW_FIELDS(link, name);
};
// A link without maps goes.
struct LinkDeleted {
  link_id link;
  DW_FIELDS(link);
};
// The same definition under another name: its version stays.
struct MapRenamed {
  map_id map;
  std::string_view name, definition;
  DW_FIELDS(map, name, definition);
};
struct AlertRuleChanged {
  rule_id rule;
  std::string_view name;
  std::vector<fault_class> classes;
  std::uint32_t count = 0;
  std::uint64_t within_us = 0;
  alert_action action = alert_action::none;
  std::string_view notify;
  std::uint64_t cooldown_us = 0;
  bool disabled = false;
  DW_FIELDS(rule, name, classes, count, within_us, action, notify, cooldown_us, disabled);
};
// Of one of the three.
struct OwnerChanged {
  link_id link;
  map_id map;
  rule_id rule;
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(link, map, rule, owner);
};

}  // namespace dualwrite
