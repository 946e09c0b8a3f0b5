// Commands about links, maps and their errors: what they lead to, or why they are refused. And the ends of what they began,
// whose counts are true only at the moment of the append.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "events/codec.h"
#include "events/result.h"
#include "projections/views.h"

namespace dualwrite::engine {

using drafts = std::vector<encoded_event>;

struct register_app {
  std::string name, connector;
};
struct create_link {
  std::string name;
  app_id left, right;
};
struct create_map {
  link_id link;
  std::string name;
  std::string definition;
};
struct run_map {
  map_id map;
  run_mode mode = run_mode::automatic;
};
struct pause_map {
  map_id map;
};
struct resume_map {
  map_id map;
};
struct stop_map {
  map_id map;
};
struct retry_records {
  map_id map;
  std::vector<sequence> records;  // empty: all of them
};
struct delete_records {
  map_id map;
  std::vector<sequence> records;
};
struct create_alert_rule {
  link_id link;
  std::string name;
  std::vector<fault_class> classes;
  std::uint32_t count = 1;
  duration within{};
  alert_action action = alert_action::none;
};

using command = std::variant<register_app,
                             create_link,
                             create_map,
                             run_map,
                             pause_map,
                             resume_map,
                             stop_map,
                             retry_records,
                             delete_records,
                             create_alert_rule>;

// Errors: `unknown_map`, `illegal_transition`, `name_taken`, `unknown_record`, `retry_while_paused`.
[[nodiscard]] result<drafts> decide(projections::views const& state, command const& wish, origin const& from);

// The end of a stop: what is queued or parked is given up, and named. `reason` other than admin or rule needs no request.
[[nodiscard]] result<drafts> decide_stopped(projections::views const& state,
                                            map_id map,
                                            stop_reason reason,
                                            std::string_view detail);

}  // namespace dualwrite::engine
