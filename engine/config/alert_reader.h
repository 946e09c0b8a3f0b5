// Alert rules, maintenance plans and web hooks of a configuration file, to values.
#pragma once

#include "engine/config/map_reader.h"

namespace dualwrite::engine {

// Faulty and absent members read as nothing.
[[nodiscard]] alert_config read_alert(checked_object const& from);
[[nodiscard]] maintenance_config read_maintenance(checked_object const& from,
                                                  problem_list& problems);

// What of a link's rules and plans does not fit the rest of the file: maps that the link does not
// have, web hooks that the file does not have, mail without a mail server, what cannot be resumed
// since it is not paused, and rules that cannot fire at the pace of retries.
void check_recipients(checked_object const& rule,
                      checked_object const& file,
                      problem_list& problems);
void check_maps(checked_object const& rule, link_config const& link, problem_list& problems);
void check_resume(checked_object const& rule, problem_list& problems);
void check_pace(alert_terms const& terms,
                checked_object const& rule,
                flow_options const& engine,
                problem_list& problems);

}  // namespace dualwrite::engine
