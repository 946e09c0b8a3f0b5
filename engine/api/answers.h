// What the routes do. Each gives its reply, or the error that becomes a problem document.
#pragma once

#include "engine/api/api_context.h"

namespace dualwrite::engine {

async<api_reply> show_status(api_context& context, api_request request);
async<api_reply> list_apps(api_context& context, api_request request);
async<api_reply> list_links(api_context& context, api_request request);

async<api_reply> list_maps(api_context& context, api_request request);
async<api_reply> show_map(api_context& context, api_request request);
async<api_reply> validate_map(api_context& context, api_request request);
async<api_reply> list_queue(api_context& context, api_request request);
async<api_reply> list_drift(api_context& context, api_request request);
async<api_reply> act_on_map(api_context& context, api_request request);

async<api_reply> list_activity(api_context& context, api_request request);
async<api_reply> show_activity(api_context& context, api_request request);
async<api_reply> list_activity_log(api_context& context, api_request request);
async<api_reply> list_executions(api_context& context, api_request request);
async<api_reply> show_execution(api_context& context, api_request request);
async<api_reply> list_chunks(api_context& context, api_request request);
async<api_reply> list_execution_errors(api_context& context, api_request request);

async<api_reply> list_errors(api_context& context, api_request request);
async<api_reply> show_error(api_context& context, api_request request);
async<api_reply> list_error_groups(api_context& context, api_request request);
async<api_reply> amend_error(api_context& context, api_request request);
async<api_reply> retry_errors(api_context& context, api_request request);
async<api_reply> delete_errors(api_context& context, api_request request);

async<api_reply> list_conflicts(api_context& context, api_request request);
async<api_reply> show_conflict(api_context& context, api_request request);
async<api_reply> decide_conflict(api_context& context, api_request request);

async<api_reply> list_operations(api_context& context, api_request request);
async<api_reply> show_operation(api_context& context, api_request request);
async<api_reply> list_operation_records(api_context& context, api_request request);
async<api_reply> cancel_operation(api_context& context, api_request request);

async<api_reply> list_alerts(api_context& context, api_request request);
async<api_reply> show_alert(api_context& context, api_request request);
async<api_reply> list_alert_history(api_context& context, api_request request);
async<api_reply> test_alert(api_context& context, api_request request);
async<api_reply> backtest_alert(api_context& context, api_request request);
async<api_reply> mute_alert(api_context& context, api_request request);
async<api_reply> apply_alert(api_context& context, api_request request);
async<api_reply> delete_alert(api_context& context, api_request request);
async<api_reply> enable_alert(api_context& context, api_request request);
async<api_reply> disable_alert(api_context& context, api_request request);
async<api_reply> list_maintenance(api_context& context, api_request request);

async<api_reply> list_events(api_context& context, api_request request);
async<api_reply> show_event(api_context& context, api_request request);
async<api_reply> verify_log(api_context& context, api_request request);
async<api_reply> show_head(api_context& context, api_request request);
async<api_reply> show_proof(api_context& context, api_request request);

async<api_reply> make_backup(api_context& context, api_request request);
async<api_reply> rebuild_views(api_context& context, api_request request);

async<api_reply> plan_config(api_context& context, api_request request);
async<api_reply> apply_config(api_context& context, api_request request);

async<api_reply> live(api_context& context, api_request request);
async<api_reply> ready(api_context& context, api_request request);
async<api_reply> metrics(api_context& context, api_request request);
async<api_reply> show_open_api(api_context& context, api_request request);

}  // namespace dualwrite::engine
