#include <fmt/format.h>
#include <chrono>
#include <thread>

#include "engine/api/api_request.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"

namespace dualwrite::engine {
namespace {

constexpr table_column error_columns[] = {
    {"ID", "id", true},
    {"MAP", "map"},
    {"DIRECTION", "direction"},
    {"KEY", "key"},
    {"STATE", "state"},
    {"CLASS", "class"},
    {"CODE", "code"},
    {"TEXT", "text"},
    {"TRIES", "attempts", true},
    {"BEHIND", "waiting_behind", true},
};
constexpr table_column group_columns[] = {
    {"COUNT", "count", true},
    {"MAP", "map"},
    {"DIRECTION", "direction"},
    {"CODE", "code"},
    {"TEXT", "text"},
    {"CAUSE", "cause"},
    {"FIX", "fix"},
    {"SAMPLE", "sample", true},
};
constexpr table_column export_columns[] = {
    {"ID", "id"},
    {"LINK", "link"},
    {"MAP", "map"},
    {"DIRECTION", "direction"},
    {"KEY", "key"},
    {"STATE", "state"},
    {"CLASS", "class"},
    {"CODE", "code"},
    {"TEXT", "text"},
    {"COLUMN", "column"},
    {"ATTEMPTS", "attempts"},
    {"FIRST FAILED", "first_failed"},
    {"LAST FAILED", "last_failed"},
    {"OPERATION", "record.operation"},
    {"BEFORE", "record.before"},
    {"AFTER", "record.after"},
};
constexpr table_column operation_columns[] = {
    {"ID", "id", true},
    {"KIND", "kind"},
    {"MAP", "map"},
    {"STATE", "state"},
    {"BY", "actor"},
    {"ASKED", "asked"},
    {"RECORDS", "records", true},
    {"LEFT", "left", true},
    {"SUCCEEDED", "succeeded", true},
    {"FAILED", "failed", true},
};
constexpr table_column result_columns[] = {{"ID", "id", true}, {"RESULT", "result"}};

constexpr std::string_view filter_options[] = {"map",
                                               "link",
                                               "direction",
                                               "class",
                                               "code",
                                               "column",
                                               "text",
                                               "state",
                                               "filter",
                                               "waiting",
                                               "ended"};
constexpr std::string_view map_option[] = {"map"};

boost::json::object chosen(command_line const& line) {
  boost::json::object body;
  for (auto const option : filter_options) {
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

// Looks at the operations until all are finished, and prints them.
exit_code await_operations(http_client& client,
                           boost::json::array const& ids,
                           command_line const& line) {
  auto const until = std::chrono::steady_clock::now() +
                     std::chrono::seconds(std::stoll(line.get("timeout", "60")));
  boost::json::array done;
  std::uint64_t failed = 0;
  for (auto const& id : ids) {
    auto const target = "/api/v1/operations/" + std::string(id.as_string());
    while (true) {
      auto const operation = client.get(target);
      if (!operation) return tell(operation.error());
      if (text_at(*operation, "state") != "running") {
        failed += std::stoull(text_at(*operation, "failed"));
        done.push_back(*operation);
        break;
      }
      if (std::chrono::steady_clock::now() >= until)
        return tell(error{error_code::timed_out, "The retry goes on by itself."});
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  print_items(done, operation_columns, line);
  return failed == 0 ? exit_code::fine : exit_code::record_errors;
}

}  // namespace

exit_code run_error_list(command_line const& line) {
  return list_items(line, with_query("/api/v1/errors", line, filter_options), error_columns);
}

exit_code run_error_groups(command_line const& line) {
  return list_items(line, with_query("/api/v1/errors/groups", line, filter_options), group_columns);
}

exit_code run_error_export(command_line const& line) {
  auto const target = with_query("/api/v1/errors?images=1", line, filter_options);
  return list_items(as_download(line, "csv"), target, export_columns);
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
  if (line.has("wait")) return await_operations(*client, done->at("operations").as_array(), line);
  if (line.get("output", "text") == "text") {
    fmt::print(stderr, "{} records: {} is asked for.\n", text_at(*done, "matched"), verb);
  } else {
    print_item(*done, {}, line);
  }
  return exit_code::fine;
}

exit_code run_error_amend(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  boost::json::object values;
  for (std::size_t i = 1; i < line.arguments.size(); ++i) {
    auto const& said = line.arguments[i];
    auto const equals = said.find('=');
    if (equals == std::string::npos) {
      return tell(
          error{error_code::request_invalid, fmt::format("'{}' has to be COLUMN=VALUE.", said)});
    }
    values[said.substr(0, equals)] = said.substr(equals + 1);
  }
  for (auto rest = line.get("null"); !rest.empty();) {
    auto const comma = std::min(rest.find(','), rest.size());
    values[rest.substr(0, comma)] = nullptr;
    rest.erase(0, comma + 1);
  }
  boost::json::object body;
  body["values"] = std::move(values);
  if (line.has("map")) body["map"] = line.get("map");
  auto const target = "/api/v1/errors/" + escape(line.arguments[0]) + "/amend";
  auto const amended = client->post(target, body);
  if (!amended) return tell(amended.error());
  print_item(*amended, error_columns, line);
  return exit_code::fine;
}

exit_code run_operation_list(command_line const& line) {
  return list_items(line, "/api/v1/operations", operation_columns);
}

exit_code run_operation_show(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const target = "/api/v1/operations/" + escape(line.arguments[0]);
  auto operation = client->get(target);
  if (!operation) return tell(operation.error());
  auto const records = all_items(*client, target + "/records", line);
  if (!records) return tell(records.error());
  if (line.get("output", "text") == "text") {
    print_item(*operation, operation_columns, line);
    print_items(*records, result_columns, line);
    return exit_code::fine;
  }
  operation->as_object()["results"] = *records;
  print_item(*operation, operation_columns, line);
  return exit_code::fine;
}

exit_code run_operation_cancel(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const target = "/api/v1/operations/" + escape(line.arguments[0]) + "/cancel";
  auto const cancelled = client->post(target, boost::json::object{});
  if (!cancelled) return tell(cancelled.error());
  print_item(*cancelled, operation_columns, line);
  return exit_code::fine;
}

}  // namespace dualwrite::engine
