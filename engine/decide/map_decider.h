// Commands about links, maps and their errors: what they lead to, or why they are refused. And the
// ends of what they began, whose counts are true only at the moment of the append.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/decide/alert_commands.h"
#include "engine/decide/conflict_inbox.h"
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
  definition_owner owner = definition_owner::hand;
};
struct create_map {
  link_id link;
  std::string name;
  std::string definition;
  definition_owner owner = definition_owner::hand;
};
struct change_map {
  map_id map;
  std::string definition;  // its name is the map's
};
struct rename_app {
  app_id app;
  std::string name;
};
struct rename_link {
  link_id link;
  std::string name;
};
struct rename_map {
  map_id map;
  std::string name;
};
struct delete_map {
  map_id map;
};
struct delete_link {
  link_id link;
};
// One of them is named.
struct change_owner {
  link_id link;
  map_id map;
  rule_id rule;
  plan_id plan;
  definition_owner owner = definition_owner::hand;
};
struct run_map {
  map_id map;
  run_mode mode = run_mode::automatic;
};
struct pause_map {
  map_id map;
};
// An initial sync that has ended, again: all of it, all but what had failed, or only that.
struct rerun_sync {
  map_id map;
  run_mode which = run_mode::initial_sync;
};
struct resume_map {
  map_id map;
  resume_mode mode = resume_mode::in_order;
  std::string reason{};                         // why the queue is given up, where it is
  delete_choice deletes = delete_choice::none;  // of a mass delete that is held
};
struct stop_map {
  map_id map;
};
struct retry_records {
  map_id map;
  std::vector<sequence> records;  // empty: all of them
};
struct cancel_retry {
  sequence request;
};
struct amended_value {
  std::string column, text;
  bool is_null = false;
};
// Values of the target's that take the place of a parked record's own.
struct amend_record {
  map_id map;
  sequence record;
  std::vector<amended_value> values;  // none: its own again
};
struct delete_records {
  map_id map;
  std::vector<sequence> records;
};
// Of several maps: all or none of it.
struct retry_in_maps {
  std::vector<retry_records> parts;
};
struct delete_in_maps {
  std::vector<delete_records> parts;
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
                             create_alert_rule,
                             change_map,
                             rename_app,
                             rename_link,
                             rename_map,
                             delete_map,
                             delete_link,
                             change_owner,
                             change_alert_rule,
                             delete_alert_rule,
                             test_alert_rule,
                             mute_alert_rule,
                             switch_alert_rule,
                             plan_maintenance,
                             change_maintenance,
                             delete_maintenance,
                             rerun_sync,
                             cancel_retry,
                             amend_record,
                             resolve_conflict,
                             retry_in_maps,
                             delete_in_maps>;

// As in CommandRefused: "pause_map".
[[nodiscard]] std::string_view name_of(command const& wish);

// Errors: those of decide_alert_command; `unknown_map`, `unknown_app`, `unknown_link`,
// `unknown_rule`, `unknown_plan`, `illegal_transition`, `name_taken`, `unknown_record`,
// `retry_while_paused`, `invalid_definition`, `still_used`, `unknown_operation`, `reason_missing`,
// `amendment_invalid`, `conflict_moved`, `mass_delete_held`.
[[nodiscard]] result<drafts> decide(projections::views const& state,
                                    command const& wish,
                                    origin const& from);

// The end of a stop: what is queued or parked is given up, and named. `reason` other than admin or
// rule needs no request.
[[nodiscard]] result<drafts> decide_stopped(projections::views const& state,
                                            map_id map,
                                            stop_reason reason,
                                            std::string_view detail);

}  // namespace dualwrite::engine
