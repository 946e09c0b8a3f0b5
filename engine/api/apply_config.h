// Brings the log's definitions to those of the configuration file.
#pragma once

#include "engine/config/reconcile.h"
#include "engine/flow/engine.h"

namespace dualwrite::engine {

// Gives the steps as they were planned; those that do not act are told only.
// Errors: those of decide_step(); the steps before the one that failed are done.
[[nodiscard]] async<std::vector<plan_step>> make_so(engine& core,
                                                    server_config config,
                                                    reconcile_wish wish,
                                                    std::string actor);

}  // namespace dualwrite::engine
