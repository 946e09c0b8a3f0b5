#include "engine/api/route_table.h"

#include "engine/api/answers.h"

namespace dualwrite::engine {
namespace {

constexpr auto anybody = access_role::nobody;
constexpr auto viewer = access_role::viewer;
constexpr auto operates = access_role::operates;
constexpr auto admin = access_role::admin;

constexpr route table[] = {
    {"GET", "/livez", anybody, "live", "Whether the process answers.", "", live},
    {"GET", "/readyz", anybody, "ready", "Whether the engine works.", "", ready},
    {"GET", "/metrics", viewer, "metrics", "Figures in Prometheus' text format.", "", metrics},
    {"GET", "/api/v1/openapi.json", anybody, "show_open_api", "This document.", "", show_open_api},
    {"GET",
     "/api/v1/status",
     viewer,
     "show_status",
     "Engine, links and maps at a glance.",
     "",
     show_status},
    {"GET", "/api/v1/apps", viewer, "list_apps", "The apps.", "", list_apps},
    {"GET", "/api/v1/links", viewer, "list_links", "The links.", "", list_links},
    {"GET", "/api/v1/maps", viewer, "list_maps", "The table maps.", "link", list_maps},
    {"GET",
     "/api/v1/maps/{map}",
     viewer,
     "show_map",
     "One table map with its definition.",
     "",
     show_map},
    {"GET",
     "/api/v1/maps/{map}/queue",
     viewer,
     "list_queue",
     "What was captured and waits to be delivered, oldest first.",
     "key limit cursor",
     list_queue},
    {"GET",
     "/api/v1/maps/{map}/drift",
     viewer,
     "list_drift",
     "Keys that the sides may differ in, since a record of theirs was given up.",
     "",
     list_drift},
    {"POST",
     "/api/v1/maps/{map}/validate",
     viewer,
     "validate_map",
     "Everything that keeps the map from running.",
     "",
     validate_map},
    {"POST",
     "/api/v1/maps/{map}/{action}",
     operates,
     "act_on_map",
     "run, rerun, pause, resume or stop.",
     "wait timeout",
     act_on_map},
    {"GET",
     "/api/v1/activity",
     viewer,
     "list_activity",
     "What happened to the maps, newest first.",
     "map limit cursor",
     list_activity},
    {"GET",
     "/api/v1/activity/{id}",
     viewer,
     "show_activity",
     "One entry, with the events behind it.",
     "",
     show_activity},
    {"GET",
     "/api/v1/syncs",
     viewer,
     "list_executions",
     "Initial syncs, newest first.",
     "map limit cursor",
     list_executions},
    {"GET",
     "/api/v1/syncs/{id}",
     viewer,
     "show_execution",
     "One initial sync with its legs.",
     "",
     show_execution},
    {"GET",
     "/api/v1/syncs/{id}/chunks",
     viewer,
     "list_chunks",
     "The chunks of one initial sync; of the last one of a map, and of those that it completes.",
     "limit cursor",
     list_chunks},
    {"GET",
     "/api/v1/syncs/{id}/errors",
     viewer,
     "list_execution_errors",
     "Every row that one initial sync could not write, and what became of it.",
     "limit cursor",
     list_execution_errors},
    {"GET",
     "/api/v1/errors",
     viewer,
     "list_errors",
     "Catch-up errors.",
     "map link direction class code text column state filter waiting ended images limit cursor",
     list_errors},
    {"GET",
     "/api/v1/errors/groups",
     viewer,
     "list_error_groups",
     "Catch-up errors by kind, with what they mean and what to do.",
     "map link direction class code text column state filter waiting ended",
     list_error_groups},
    {"GET",
     "/api/v1/errors/{id}",
     viewer,
     "show_error",
     "One catch-up error with both images.",
     "map",
     show_error},
    {"POST",
     "/api/v1/errors/retry",
     operates,
     "retry_errors",
     "Tries again the errors that the body names, or all that match.",
     "",
     retry_errors},
    {"POST",
     "/api/v1/errors/delete",
     operates,
     "delete_errors",
     "Gives up the errors that the body names, or all that match.",
     "",
     delete_errors},
    {"POST",
     "/api/v1/errors/{id}/amend",
     operates,
     "amend_error",
     "Values that take the place of the record's own when it is retried.",
     "",
     amend_error},
    {"GET",
     "/api/v1/operations",
     viewer,
     "list_operations",
     "What people asked to be done with errors, newest first.",
     "limit cursor",
     list_operations},
    {"GET",
     "/api/v1/operations/{id}",
     viewer,
     "show_operation",
     "One of them, and how far it has come.",
     "",
     show_operation},
    {"GET",
     "/api/v1/operations/{id}/records",
     viewer,
     "list_operation_records",
     "What became of each of its records.",
     "limit cursor",
     list_operation_records},
    {"POST",
     "/api/v1/operations/{id}/cancel",
     operates,
     "cancel_operation",
     "Leaves alone what it has not tried yet.",
     "",
     cancel_operation},
    {"GET", "/api/v1/alerts", viewer, "list_alerts", "The alert rules.", "", list_alerts},
    {"GET",
     "/api/v1/alerts/{rule}",
     viewer,
     "show_alert",
     "One alert rule, and what it counts just now.",
     "",
     show_alert},
    {"GET",
     "/api/v1/alerts/{rule}/history",
     viewer,
     "list_alert_history",
     "When it fired, who was told, what was changed; newest first.",
     "limit cursor",
     list_alert_history},
    {"POST",
     "/api/v1/alerts/{rule}/test",
     operates,
     "test_alert",
     "Sends a message to each of its recipients.",
     "",
     test_alert},
    {"POST",
     "/api/v1/alerts/{rule}/backtest",
     viewer,
     "backtest_alert",
     "When it would have fired on what the log holds.",
     "",
     backtest_alert},
    {"POST",
     "/api/v1/alerts/{rule}/mute",
     operates,
     "mute_alert",
     "Sends none of its messages for so many seconds; it acts as before.",
     "",
     mute_alert},
    {"GET",
     "/api/v1/events",
     viewer,
     "list_events",
     "Events of the log.",
     "from backward stream map type limit cursor",
     list_events},
    {"GET",
     "/api/v1/events/stream",
     viewer,
     "stream_events",
     "Events as they come (server-sent events; the id is the sequence).",
     "from",
     nullptr},
    {"GET",
     "/api/v1/events/{sequence}",
     viewer,
     "show_event",
     "One event with its records.",
     "",
     show_event},
    {"POST",
     "/api/v1/verify",
     viewer,
     "verify_log",
     "Reads the whole log and checks its chain.",
     "from",
     verify_log},
    {"POST",
     "/api/v1/config/plan",
     viewer,
     "plan_config",
     "What the configuration file would change.",
     "prune",
     plan_config},
    {"POST", "/api/v1/config/apply", admin, "apply_config", "Makes it so.", "prune", apply_config},
};

std::string_view take_segment(std::string_view& path) {
  if (path.empty()) return {};
  path.remove_prefix(1);
  auto const end = path.find('/');
  auto const segment = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  return segment;
}

using path_parts = std::map<std::string, std::string>;

result<bool> matches(std::string_view pattern, std::string_view path, path_parts& parts) {
  while (!pattern.empty() && !path.empty()) {
    auto const wanted = take_segment(pattern);
    auto const given = take_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty()) return false;
      DW_TRY(auto plain, unescape(given, false));
      parts[std::string(wanted.substr(1, wanted.size() - 2))] = std::move(plain);
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<route const> routes() {
  return table;
}

result<route const*> find_route(api_request& request) {
  bool other_method = false;
  for (auto const& one : table) {
    path_parts parts;
    DW_TRY(bool const fits, matches(one.pattern, request.path, parts));
    if (!fits) continue;
    if (one.method != request.method) {
      other_method = true;
      continue;
    }
    request.parts = std::move(parts);
    return &one;
  }
  return error{other_method ? error_code::method_not_allowed : error_code::unknown_path,
               request.method + " " + request.path};
}

}  // namespace dualwrite::engine
