#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <chrono>
#include <iostream>
#include <thread>

#include "engine/api/api_request.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/progress_bar.h"
#include "engine/cli/talk.h"

namespace dualwrite::engine {
namespace {

constexpr table_column app_columns[] = {
    {"APP", "name"},
    {"CONNECTOR", "connector"},
    {"AWAY SINCE", "away.since"},
    {"ASKED", "away.attempts", true},
    {"IT SAYS", "away.text"},
    {"BEHIND, BYTES", "capture_lag.bytes", true},
    {"BEHIND, SECONDS", "capture_lag.seconds", true},
    {"WRITING WAITS FOR", "waits_for"},
};
constexpr table_column map_columns[] = {
    {"MAP", "name"},
    {"LINK", "link"},
    {"STATUS", "status"},
    {"QUEUED", "queued", true},
    {"ERRORS", "parked", true},
    {"LAST MOVEMENT", "last_movement"},
    {"LAST ERROR", "last_error.text"},
    {"REASON", "reason"},
};
constexpr table_column drift_columns[] = {
    {"DIRECTION", "direction"},
    {"WHAT", "what"},
    {"KEY", "key"},
    {"RECORD", "record", true},
    {"TO", "to", true},
};
constexpr table_column queue_columns[] = {
    {"ID", "id", true},
    {"CAPTURED", "captured_at"},
    {"DIRECTION", "direction"},
    {"KEY", "key"},
    {"OPERATION", "operation"},
    {"BEFORE", "before"},
    {"AFTER", "after"},
};
constexpr table_column problem_columns[] = {{"MAP", "map"},
                                            {"SEVERITY", "severity"},
                                            {"CODE", "code"},
                                            {"PLACE", "place"},
                                            {"REASON", "reason"},
                                            {"FIX", "fix"}};
constexpr std::string_view link_option[] = {"link"};

std::string map_target(std::string const& name) {
  return "/api/v1/maps/" + escape(name);
}

// The maps that a command is about: those named, or those of --link, or all.
result<std::vector<std::string>> chosen_maps(http_client& client, command_line const& line) {
  if (!line.arguments.empty()) return line.arguments;
  DW_TRY(auto const maps, whole_list(client, with_query("/api/v1/maps", line, link_option)));
  std::vector<std::string> names;
  for (auto const& one : maps) names.push_back(text_at(one, "link") + "/" + text_at(one, "name"));
  return names;
}

// What an action came to, while it is looked at: every so often, until it is not waiting any more.
result<boost::json::value> await_action(http_client& client,
                                        std::string const& name,
                                        std::string const& id,
                                        command_line const& line) {
  auto const until = std::chrono::steady_clock::now() +
                     std::chrono::seconds(std::stoll(line.get("timeout", "60")));
  progress_bar bar(name);
  while (true) {
    DW_TRY(auto map, client.get(map_target(name)));
    bool const waits =
        text_at(map, "last_action.id") == id && text_at(map, "last_action.state") == "waiting";
    if (!waits) {
      bar.clear();
      return map;
    }
    if (std::chrono::steady_clock::now() >= until) {
      bar.clear();
      return error{error_code::timed_out, name + " goes on by itself."};
    }
    auto const execution = text_at(map, "execution");
    if (text_at(map, "status") == "initializing" && !execution.empty()) {
      if (auto const sync = client.get("/api/v1/syncs/" + execution)) bar.show(*sync);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// How a map's action ended. A run that ends in Not running left errors behind; one that was not to
// try them again is completed all the same.
exit_code outcome_of(boost::json::value const& map,
                     std::string const& verb,
                     std::string const& id) {
  bool const mine = text_at(map, "last_action.id") == id;
  auto const name = text_at(map, "name");
  if (mine && text_at(map, "last_action.state") == "failed") {
    auto const code = error_code_named(text_at(map, "last_action.code"));
    return tell(error{code, name + ": " + text_at(map, "last_action.detail")});
  }
  if (!mine)
    return tell(
        error{error_code::illegal_transition, name + ": another action overtook this one."});
  bool const copies = verb == "run" || verb == "rerun";
  if (copies && text_at(map, "status") == "not_running" && text_at(map, "completed") == "yes") {
    fmt::print(stderr,
               "{}: the initial sync is completed but for what had failed; set it running with: "
               "dualwrite map run {}\n",
               name,
               name);
    return exit_code::fine;
  }
  if (copies && text_at(map, "status") == "not_running") {
    fmt::print(stderr,
               "{}: the initial sync ended with errors; see: dualwrite error list --map {}\n",
               name,
               name);
    return exit_code::record_errors;
  }
  return exit_code::fine;
}

boost::json::object action_body(command_line const& line) {
  boost::json::object body;
  if (line.has("initial-sync")) body["initial_sync"] = true;
  if (line.has("skip-initial-sync")) body["initial_sync"] = false;
  if (line.has("without-errors")) body["which"] = "without_errors";
  if (line.has("errored-only")) body["which"] = "errored_only";
  if (line.has("queue")) body["queue"] = line.get("queue");
  if (line.has("accept-deletes")) body["deletes"] = "accept";
  if (line.has("skip-deletes")) body["deletes"] = "skip";
  if (line.has("reason")) body["reason"] = line.get("reason");
  return body;
}

bool may_stop(http_client& client,
              std::vector<std::string> const& names,
              command_line const& line) {
  std::uint64_t lost = 0;
  for (auto const& name : names) {
    auto const map = client.get(map_target(name));
    if (map) lost += std::stoull(text_at(*map, "queued")) + std::stoull(text_at(*map, "parked"));
  }
  return agreed(line, fmt::format("{} queued and failed records will be given up. Stop?", lost));
}

struct acted_on {
  boost::json::array maps{};
  exit_code worst = exit_code::fine;
};

// All are asked for before any is waited for: maps that refer to each other are to be copied
// together.
acted_on act_on(http_client& client,
                std::vector<std::string> const& names,
                std::string const& verb,
                command_line const& line) {
  acted_on done;
  std::vector<std::pair<std::string, std::string>> waiting;  // names, and the actions
  for (auto const& name : names) {
    auto const asked = client.post(map_target(name) + "/" + verb, action_body(line));
    if (!asked) {
      done.worst = tell(error{asked.error().code, name + ": " + asked.error().detail});
    } else if (line.has("wait")) {
      waiting.emplace_back(name, text_at(*asked, "id"));
    } else {
      fmt::print(stderr, "{}: {} is asked for.\n", name, verb);
      done.maps.push_back(asked->at("map"));
    }
  }
  for (auto const& [name, id] : waiting) {
    auto const map = await_action(client, name, id, line);
    if (!map) {
      done.worst = tell(map.error());
      continue;
    }
    auto const ended = outcome_of(*map, verb, id);
    if (ended != exit_code::fine) done.worst = ended;
    done.maps.push_back(*map);
  }
  return done;
}

}  // namespace

exit_code run_status(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const status = client->get("/api/v1/status");
  if (!status) return tell(status.error());
  if (line.get("output", "text") != "text") {
    print_item(*status, map_columns, line);
    return exit_code::fine;
  }
  std::cout << fmt::format("dualwrite {} is {}; {} records queued, {} errors, log at {}.\n\n",
                           text_at(*status, "version"),
                           text_at(*status, "state"),
                           text_at(*status, "queued"),
                           text_at(*status, "parked"),
                           text_at(*status, "head"));
  print_items(status->at("maps").as_array(), map_columns, line);
  for (auto const& channel : status->at("messages").at("channels").as_array()) {
    std::cout << fmt::format("\nNo message went out by {} {} since {}: {} {}\n",
                             text_at(channel, "channel"),
                             text_at(channel, "name"),
                             text_at(channel, "failing_since"),
                             text_at(channel, "code"),
                             text_at(channel, "reply"));
  }
  return exit_code::fine;
}

exit_code run_app_list(command_line const& line) {
  return list_items(line, "/api/v1/apps", app_columns);
}

exit_code run_map_list(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const maps = whole_list(*client, with_query("/api/v1/maps", line, link_option));
  if (!maps) return tell(maps.error());
  print_items(*maps, map_columns, line);
  return exit_code::fine;
}

exit_code run_map_show(command_line const& line) {
  return show_item(line, map_target(line.arguments[0]), map_columns);
}

exit_code run_map_queue(command_line const& line) {
  constexpr std::string_view key_option[] = {"key"};
  auto const target = with_query(map_target(line.arguments[0]) + "/queue", line, key_option);
  return list_items(line, target, queue_columns);
}

exit_code run_map_drift(command_line const& line) {
  return list_items(line, map_target(line.arguments[0]) + "/drift", drift_columns);
}

exit_code run_map_validate(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const names = chosen_maps(*client, line);
  if (!names) return tell(names.error());
  boost::json::array problems;
  bool is_fine = true;
  for (auto const& name : *names) {
    auto const report = client->post(map_target(name) + "/validate", boost::json::object{});
    if (!report) return tell(report.error());
    is_fine = is_fine && report->at("ok").as_bool();
    for (auto const& one : report->at("problems").as_array()) {
      auto problem = one.as_object();
      problem["map"] = name;
      problems.push_back(std::move(problem));
    }
  }
  if (line.get("output", "text") != "text" || !problems.empty())
    print_items(problems, problem_columns, line);
  if (!is_fine) return exit_code::config_invalid;
  fmt::print(stderr, "Nothing keeps {} from running.\n", names->size() == 1 ? "it" : "them");
  return exit_code::fine;
}

exit_code run_sync_rerun(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const& name = line.arguments[0];
  if (line.has("without-errors") && line.has("errored-only")) {
    return tell(
        error{error_code::request_invalid, "Either --without-errors or --errored-only: not both."});
  }
  if (line.has("dry-run")) {
    fmt::print(stderr, "Would copy {} again.\n", name);
    return exit_code::fine;
  }
  auto const done = act_on(*client, {name}, "rerun", line);
  if (!done.maps.empty()) print_item(done.maps[0], map_columns, line);
  return done.worst;
}

exit_code run_map_action(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  auto const names = chosen_maps(*client, line);
  if (!names) return tell(names.error());
  std::string const verb(line.command->words.substr(4));
  if (line.has("dry-run")) {
    for (auto const& name : *names) fmt::print(stderr, "Would {} {}.\n", verb, name);
    return exit_code::fine;
  }
  if (verb == "stop" && !may_stop(*client, *names, line)) return exit_code::refused;
  auto const done = act_on(*client, *names, verb, line);
  bool const one = line.arguments.size() == 1 && line.get("output", "text") != "text";
  if (one && done.maps.size() == 1) {
    print_item(done.maps[0], map_columns, line);
  } else if (!done.maps.empty()) {
    print_items(done.maps, map_columns, line);
  }
  return done.worst;
}

}  // namespace dualwrite::engine
