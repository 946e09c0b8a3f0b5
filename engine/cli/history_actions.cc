#include <fmt/format.h>
#include <chrono>
#include <thread>

#include "engine/api/api_request.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/progress_bar.h"
#include "engine/cli/talk.h"

namespace dualwrite::engine {
namespace {

constexpr table_column activity_columns[] = {{"ID", "id", true},
                                             {"AT", "at"},
                                             {"MAP", "map"},
                                             {"WHAT", "text"},
                                             {"BY", "actor"},
                                             {"COUNT", "count", true}};
constexpr table_column sync_columns[] = {
    {"ID", "id", true},
    {"MAP", "map"},
    {"STATE", "state"},
    {"STARTED", "started"},
    {"FINISHED", "finished"},
    {"WHICH", "which"},
    {"ROWS", "rows", true},
    {"INSERTED", "inserted", true},
    {"UPDATED", "updated", true},
    {"ERRORS", "failed", true},
    {"OPEN", "errors_open", true},
};
constexpr table_column chunk_columns[] = {
    {"DIRECTION", "direction"},
    {"CHUNK", "chunk", true},
    {"STATE", "state"},
    {"ROWS", "rows", true},
    {"INSERTED", "inserted", true},
    {"UPDATED", "updated", true},
    {"UNCHANGED", "unchanged", true},
    {"KEPT", "kept", true},
    {"FAILED", "failed", true},
};
constexpr table_column failed_row_columns[] = {
    {"ID", "id", true},
    {"DIRECTION", "direction"},
    {"KEY", "key"},
    {"COLUMN", "column"},
    {"VALUE", "value"},
    {"CODE", "code"},
    {"TEXT", "text"},
    {"STATE", "state"},
};

constexpr table_column event_columns[] = {{"SEQUENCE", "sequence", true},
                                          {"AT", "recorded_at"},
                                          {"TYPE", "type"},
                                          {"ACTOR", "actor"},
                                          {"DATA", "data"}};
constexpr std::string_view activity_options[] = {
    "link", "since", "until", "type", "actor", "text", "filter"};

std::string activity_target(command_line const& line) {
  std::string names;
  for (auto const& name : line.arguments) names += (names.empty() ? "" : ",") + name;
  std::string target = "/api/v1/activity";
  if (!names.empty()) target += "?map=" + escape(names);
  return with_query(std::move(target), line, activity_options);
}

std::string of_map(std::string target, command_line const& line) {
  if (!line.arguments.empty()) target += "?map=" + escape(line.arguments[0]);
  return target;
}

}  // namespace

exit_code run_activity_list(command_line const& line) {
  return list_items(line, activity_target(line), activity_columns);
}

exit_code run_activity_export(command_line const& line) {
  return list_items(as_download(line, "jsonl"), activity_target(line), activity_columns);
}

exit_code run_activity_show(command_line const& line) {
  auto const target = "/api/v1/activity/" + escape(line.arguments[0]);
  if (line.has("log"))
    return list_items(as_download(line, "jsonl"), target + "/log", event_columns);
  return show_item(line, target, activity_columns);
}

exit_code run_sync_list(command_line const& line) {
  return list_items(line, of_map("/api/v1/syncs", line), sync_columns);
}

exit_code run_sync_show(command_line const& line) {
  auto const target = "/api/v1/syncs/" + escape(line.arguments[0]);
  if (line.has("chunks")) return list_items(line, target + "/chunks", chunk_columns);
  if (line.has("errors")) return list_items(line, target + "/errors", failed_row_columns);
  if (!line.has("follow")) return show_item(line, target, sync_columns);
  auto client = client_for(line);
  if (!client) return tell(client.error());
  progress_bar bar("initial sync " + line.arguments[0]);
  while (true) {
    auto const sync = client->get(target);
    if (!sync) return tell(sync.error());
    if (text_at(*sync, "state") != "running") {
      bar.clear();
      print_item(*sync, sync_columns, line);
      return text_at(*sync, "state") == "failed" ? exit_code::record_errors : exit_code::fine;
    }
    bar.show(*sync);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace dualwrite::engine
