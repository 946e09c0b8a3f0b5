// What apps, links, maps and alert rules are.
#pragma once

#include <string_view>
#include <vector>

#include "events/alert_rule.h"
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

struct AlertRuleCreated : alert_terms_view {
  link_id link;
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(link,
            name,
            classes,
            count,
            within_us,
            action,
            notify,
            owner,
            cooldown_us,
            disabled,
            subject,
            maps,
            ways,
            per_map,
            webhooks,
            at_once,
            resume_after_us);
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
struct AlertRuleChanged : alert_terms_view {
  rule_id rule;
  DW_FIELDS(rule,
            name,
            classes,
            count,
            within_us,
            action,
            notify,
            cooldown_us,
            disabled,
            subject,
            maps,
            ways,
            per_map,
            webhooks,
            at_once,
            resume_after_us);
};
// Of one of them.
struct OwnerChanged {
  link_id link;
  map_id map;
  rule_id rule;
  definition_owner owner = definition_owner::hand;
  plan_id plan;
  DW_FIELDS(link, map, rule, owner, plan);
};

}  // namespace dualwrite
