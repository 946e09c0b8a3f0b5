#include "engine/cli/command_table.h"

#include <algorithm>

#include "engine/cli/cli_actions.h"

namespace dualwrite::engine {
namespace {

constexpr std::size_t any_number = 1000;

constexpr cli_option options[] = {
    {"config", "FILE", "The configuration file (default: dualwrite.yaml, where there is one)."},
    {"server", "URL", "Where the server is (default: $DUALWRITE_SERVER, or what the file says)."},
    {"token",
     "TOKEN",
     "What to be let in by (default: $DUALWRITE_TOKEN, or data_dir/admin.token)."},
    {"output", "FORMAT", "text, json, jsonl or csv; -o for short."},
    {"timeout", "SECONDS", "How long to wait (default: 60)."},
    {"wait", "", "Wait until it is done."},
    {"yes", "", "Do not ask."},
    {"dry-run", "", "Only say what would be done."},
    {"link", "LINK", "Only maps of this link."},
    {"all", "", "All of them."},
    {"map", "MAP", "Only this map, or LINK/MAP."},
    {"initial-sync", "", "Copy both sides first, even if that was done."},
    {"skip-initial-sync", "", "Copy nothing, go on from where it was."},
    {"class", "CLASS", "Only errors of this class."},
    {"code", "CODE", "Only errors with this code of the app."},
    {"text", "TEXT", "Only errors whose text has this in it."},
    {"limit", "COUNT", "At most so many (default: 100)."},
    {"from", "SEQUENCE", "Begin at this event."},
    {"type", "TYPE", "Only events of this type."},
    {"backward", "", "Newest first."},
    {"follow", "", "Go on until it has ended."},
    {"data-dir", "FOLDER", "Check the log in this folder, without a server."},
    {"prune", "", "Delete what the file made once and names no more."},
    {"help", "", "Show help; -h for short."},
};

constexpr cli_command commands[] = {
    {"serve",
     "",
     "Keep the apps in step, and answer clients.",
     "config",
     "dualwrite serve --config dualwrite.yaml",
     0,
     0,
     run_serve},
    {"demo",
     "[FOLDER]",
     "Two small applications, made and kept in step.",
     "",
     "dualwrite demo",
     0,
     1,
     run_demo},
    {"status",
     "",
     "How everything is, at a glance.",
     "client",
     "dualwrite status",
     0,
     0,
     run_status},
    {"config validate",
     "[FILE]",
     "Everything that is wrong with a configuration file.",
     "config",
     "dualwrite config validate dualwrite.yaml",
     0,
     1,
     run_config_validate},
    {"config schema",
     "",
     "The JSON Schema of the configuration file.",
     "",
     "dualwrite config schema > dualwrite.schema.json",
     0,
     0,
     run_config_schema},
    {"config plan",
     "",
     "What the server's file would change.",
     "client prune",
     "dualwrite config plan",
     0,
     0,
     run_config_plan},
    {"config apply",
     "",
     "Make the server's definitions those of its file.",
     "client prune yes dry-run",
     "dualwrite config apply --yes",
     0,
     0,
     run_config_apply},
    {"map list",
     "",
     "The table maps and how they are.",
     "client link",
     "dualwrite map list",
     0,
     0,
     run_map_list},
    {"map show",
     "MAP",
     "One table map, with its counts.",
     "client",
     "dualwrite map show customers",
     1,
     1,
     run_map_show},
    {"map validate",
     "MAP…",
     "Everything that keeps a map from running.",
     "client link all",
     "dualwrite map validate customers",
     0,
     any_number,
     run_map_validate},
    {"map run",
     "MAP…",
     "Start keeping a map in step.",
     "client link all wait initial-sync skip-initial-sync dry-run yes",
     "dualwrite map run customers --wait",
     0,
     any_number,
     run_map_action},
    {"map pause",
     "MAP…",
     "Go on capturing, but write nothing.",
     "client link all wait dry-run yes",
     "dualwrite map pause customers --wait",
     0,
     any_number,
     run_map_action},
    {"map resume",
     "MAP…",
     "Catch up, in order, and go on.",
     "client link all wait dry-run yes",
     "dualwrite map resume customers --wait",
     0,
     any_number,
     run_map_action},
    {"map stop",
     "MAP…",
     "End a map; what is queued is given up.",
     "client link all wait dry-run yes",
     "dualwrite map stop customers --yes",
     0,
     any_number,
     run_map_action},
    {"activity list",
     "[MAP]",
     "What happened to the maps, newest first.",
     "client limit",
     "dualwrite activity list customers",
     0,
     1,
     run_activity_list},
    {"activity show",
     "ID",
     "One entry, with its events.",
     "client",
     "dualwrite activity show 42",
     1,
     1,
     run_activity_show},
    {"sync list",
     "[MAP]",
     "Initial syncs, newest first.",
     "client limit",
     "dualwrite sync list",
     0,
     1,
     run_sync_list},
    {"sync show",
     "ID",
     "One initial sync with both directions.",
     "client follow",
     "dualwrite sync show 42 --follow",
     1,
     1,
     run_sync_show},
    {"error list",
     "",
     "Records that failed and wait for you.",
     "client map class code text limit",
     "dualwrite error list --map customers",
     0,
     0,
     run_error_list},
    {"error show",
     "ID",
     "One failed record, with both images.",
     "client map",
     "dualwrite error show 42",
     1,
     1,
     run_error_show},
    {"error retry",
     "ID…",
     "Try records again.",
     "client all map class code text dry-run yes",
     "dualwrite error retry --all --map customers",
     0,
     any_number,
     run_error_action},
    {"error delete",
     "ID…",
     "Give records up.",
     "client all map class code text dry-run yes",
     "dualwrite error delete 42 --yes",
     0,
     any_number,
     run_error_action},
    {"event list",
     "",
     "Events of the log.",
     "client from backward map type limit",
     "dualwrite event list --backward --limit 20",
     0,
     0,
     run_event_list},
    {"event show",
     "SEQUENCE",
     "One event, with its records.",
     "client",
     "dualwrite event show 42",
     1,
     1,
     run_event_show},
    {"event tail",
     "",
     "Events as they come.",
     "client from",
     "dualwrite event tail -o jsonl",
     0,
     0,
     run_event_tail},
    {"event verify",
     "",
     "Check every byte of the log.",
     "client data-dir from",
     "dualwrite event verify --data-dir ./data",
     0,
     0,
     run_event_verify},
    {"completion",
     "",
     "A script that completes command lines in bash.",
     "",
     "dualwrite completion > /etc/bash_completion.d/dualwrite",
     0,
     0,
     run_completion},
    {"help", "[COMMAND…]", "This.", "", "dualwrite help map run", 0, 3, run_help},
};

constexpr std::string_view client_options = "config server token output timeout";

cli_option const* option_named(std::string_view name) {
  for (auto const& one : options) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

void add_options(std::string_view names, std::vector<cli_option const*>& found) {
  while (!names.empty()) {
    auto const end = std::min(names.find(' '), names.size());
    auto const name = names.substr(0, end);
    if (name == "client") {
      add_options(client_options, found);
    } else {
      found.push_back(option_named(name));
    }
    names.remove_prefix(std::min(end + 1, names.size()));
  }
}

}  // namespace

std::span<cli_command const> cli_commands() {
  return commands;
}
std::span<cli_option const> cli_options() {
  return options;
}

std::vector<cli_option const*> options_of(cli_command const& command) {
  std::vector<cli_option const*> found;
  add_options(command.options, found);
  return found;
}

std::string command_line::get(std::string const& option, std::string otherwise) const {
  auto const found = options.find(option);
  return found == options.end() ? std::move(otherwise) : found->second;
}

}  // namespace dualwrite::engine
