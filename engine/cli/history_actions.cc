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
    {"ROWS", "rows", true},
    {"ERRORS", "failed", true},
};
constexpr table_column error_columns[] = {
    {"ID", "id", true},
    {"MAP", "map"},
    {"DIRECTION", "direction"},
    {"KEY", "key"},
    {"CLASS", "class"},
    {"CODE", "code"},
    {"TEXT", "text"},
    {"TRIES", "attempts", true},
};
constexpr std::string_view error_options[] = {"map", "class", "code", "text"};
constexpr std::string_view map_option[] = {"map"};

std::string of_map(std::string target, command_line const& line) {
  if (!line.arguments.empty()) target += "?map=" + escape(line.arguments[0]);
  return target;
}

boost::json::object chosen(command_line const& line) {
  boost::json::object body;
  for (auto const option : error_options) {
    auto const said = line.get(std::string(option));
    if (!said.empty()) body[option] = said;
  }
  if (line.arguments.empty()) {
    body["all"] = true;
    return body;
  }
  boost::json::array ids;
  for (auto const& id : line.arguments) ids.push_back(boost::json::value(id));
  body["ids"] = std::move(ids);
  return body;
}

}  // namespace

exit_code run_activity_list(command_line const& line) {
  return list_items(line, of_map("/api/v1/activity", line), activity_columns);
}

exit_code run_activity_show(command_line const& line) {
  return show_item(line, "/api/v1/activity/" + escape(line.arguments[0]), activity_columns);
}

exit_code run_sync_list(command_line const& line) {
  return list_items(line, of_map("/api/v1/syncs", line), sync_columns);
}

exit_code run_sync_show(command_line const& line) {
  auto const target = "/api/v1/syncs/" + escape(line.arguments[0]);
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

exit_code run_error_list(command_line const& line) {
  return list_items(line, with_query("/api/v1/errors", line, error_options), error_columns);
}

exit_code run_error_show(command_line const& line) {
  return show_item(line,
                   with_query("/api/v1/errors/" + escape(line.arguments[0]), line, map_option),
                   error_columns);
}

exit_code run_error_action(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  std::string const verb(line.command->words.substr(6));
  auto const target = "/api/v1/errors/" + verb;
  auto body = chosen(line);
  bool const gives_up = verb == "delete" && !line.has("yes");
  if (line.has("dry-run") || gives_up) {
    body["dry_run"] = true;
    auto const counted = client->post(target, body);
    if (!counted) return tell(counted.error());
    if (line.has("dry-run")) {
      print_item(*counted, {}, line);
      return exit_code::fine;
    }
    auto const question =
        fmt::format("{} records will be given up, and their keys may differ. Delete?",
                    text_at(*counted, "matched"));
    if (!agreed(line, question)) return exit_code::refused;
    body.erase("dry_run");
  }
  auto const done = client->post(target, body);
  if (!done) return tell(done.error());
  if (line.get("output", "text") == "text") {
    fmt::print(stderr, "{} records: {} is asked for.\n", text_at(*done, "matched"), verb);
  } else {
    print_item(*done, {}, line);
  }
  return exit_code::fine;
}

}  // namespace dualwrite::engine
