// What the commands do. Data goes to stdout, talk to stderr.
#pragma once

#include "engine/cli/command_table.h"
#include "engine/cli/table_text.h"

namespace dualwrite::engine {

exit_code run_serve(command_line const& line);
exit_code run_demo(command_line const& line);
exit_code run_status(command_line const& line);

exit_code run_config_validate(command_line const& line);
exit_code run_config_schema(command_line const& line);
exit_code run_config_plan(command_line const& line);
exit_code run_config_apply(command_line const& line);

exit_code run_app_list(command_line const& line);
exit_code run_app_detach(command_line const& line);
exit_code run_map_list(command_line const& line);
exit_code run_map_show(command_line const& line);
exit_code run_map_queue(command_line const& line);
exit_code run_map_drift(command_line const& line);
exit_code run_map_validate(command_line const& line);
exit_code run_map_action(command_line const& line);

exit_code run_activity_list(command_line const& line);
exit_code run_activity_export(command_line const& line);
exit_code run_activity_show(command_line const& line);
exit_code run_sync_list(command_line const& line);
exit_code run_sync_show(command_line const& line);
exit_code run_sync_rerun(command_line const& line);

exit_code run_error_list(command_line const& line);
exit_code run_error_show(command_line const& line);
exit_code run_error_groups(command_line const& line);
exit_code run_error_export(command_line const& line);
exit_code run_error_action(command_line const& line);
exit_code run_error_amend(command_line const& line);

exit_code run_conflict_list(command_line const& line);
exit_code run_conflict_show(command_line const& line);
exit_code run_conflict_resolve(command_line const& line);

exit_code run_operation_list(command_line const& line);
exit_code run_operation_show(command_line const& line);
exit_code run_operation_cancel(command_line const& line);

exit_code run_alert_list(command_line const& line);
exit_code run_alert_show(command_line const& line);
exit_code run_alert_history(command_line const& line);
exit_code run_alert_test(command_line const& line);
exit_code run_alert_backtest(command_line const& line);
exit_code run_alert_mute(command_line const& line);
exit_code run_alert_apply(command_line const& line);
exit_code run_alert_delete(command_line const& line);
exit_code run_alert_enable(command_line const& line);
exit_code run_alert_disable(command_line const& line);

exit_code run_maintenance_list(command_line const& line);

exit_code run_event_list(command_line const& line);
exit_code run_event_show(command_line const& line);
exit_code run_event_tail(command_line const& line);
exit_code run_event_export(command_line const& line);
exit_code run_event_verify(command_line const& line);
exit_code run_event_head(command_line const& line);
exit_code run_event_prove(command_line const& line);

exit_code run_replay_rebuild(command_line const& line);
exit_code run_replay_prepare(command_line const& line);

exit_code run_backup(command_line const& line);
exit_code run_restore(command_line const& line);

exit_code run_completion(command_line const& line);
exit_code run_help(command_line const& line);

// How rules are listed.
[[nodiscard]] std::span<table_column const> alert_columns();

}  // namespace dualwrite::engine
