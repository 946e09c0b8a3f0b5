// The keys of alert rules, maintenance plans and web hooks.
#pragma once

#include "engine/config/config_keys.h"

namespace dualwrite::engine {

extern object_rule const alert_rule;
extern object_rule const maintenance_rule;
extern object_rule const webhook_rule;
// An alert rule by itself, outside of a file: with the name of its link.
extern object_rule const single_alert_rule;

}  // namespace dualwrite::engine
