// Commands about alert rules and maintenance plans.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "events/codec.h"
#include "events/result.h"
#include "projections/views.h"

namespace dualwrite::engine {

struct create_alert_rule {
  link_id link;
  alert_terms terms;
  definition_owner owner = definition_owner::hand;
};
struct change_alert_rule {
  rule_id rule;
  alert_terms terms;
};
struct switch_alert_rule {
  rule_id rule;
  bool enabled = true;
};
struct delete_alert_rule {
  rule_id rule;
};
// A message to each of its recipients.
struct test_alert_rule {
  rule_id rule;
};
struct mute_alert_rule {
  rule_id rule;
  instant until;  // one that has passed: no longer muted
};
struct plan_maintenance {
  link_id link;
  maintenance_terms terms;
  definition_owner owner = definition_owner::hand;
};
struct change_maintenance {
  plan_id plan;
  maintenance_terms terms;
};
struct delete_maintenance {
  plan_id plan;
};

using alert_command = std::variant<create_alert_rule,
                                   change_alert_rule,
                                   switch_alert_rule,
                                   delete_alert_rule,
                                   test_alert_rule,
                                   mute_alert_rule,
                                   plan_maintenance,
                                   change_maintenance,
                                   delete_maintenance>;

// Errors: `unknown_rule`, `unknown_plan`, `unknown_link`, `unknown_map` for a map that is none of
// the link, `name_taken`, `invalid_definition`, `nobody_to_notify`, `action_in_progress`.
[[nodiscard]] result<std::vector<encoded_event>> decide_alert_command(
    projections::views const& state, alert_command const& wish, origin const& from);

}  // namespace dualwrite::engine
