#include "engine/cli/command_table.h"

#include <algorithm>

namespace dualwrite::engine {
namespace {

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
    {"text", "TEXT", "Only those whose text has this in it."},
    {"limit", "COUNT", "At most so many (default: 100)."},
    {"from", "SEQUENCE", "Begin at this event."},
    {"to", "SEQUENCE", "Up to the head at this event (default: the last)."},
    {"head", "FILE", "A signed head that the log has to hold."},
    {"stream", "STREAM", "Only this stream: system, access, link-3, map-5 or rule-9."},
    {"type", "TYPE", "Only events of this type."},
    {"correlation", "SEQUENCE", "Only the request with this sequence, and what it led to."},
    {"actor", "NAME", "Only what this one did: a token's name, or engine."},
    {"log", "", "All events behind the entry, one a line."},
    {"since", "TIME", "Only from then on: 2026-11-23T09:24:47Z, or 2h for that long ago."},
    {"until", "TIME", "Only up to then."},
    {"file", "FILE", "Write to this file; one that is there is gone on with."},
    {"format", "FORMAT", "ndjson or cloudevents (version 1.0); default: ndjson."},
    {"backward", "", "Newest first."},
    {"follow", "", "Go on until it has ended."},
    {"data-dir", "FOLDER", "Check the log in this folder, without a server."},
    {"count", "COUNT", "As if so many errors made it fire."},
    {"within", "DURATION", "As if they had to happen within this span, as 15m or 2h."},
    {"for", "DURATION", "For how long, as 30m or 2h (default: 1h); 0s ends it."},
    {"fork",
     "",
     "Go on as another log, although the apps hold more than this one: all maps are stopped."},
    {"without-errors", "", "Leave alone what had failed: only new and changed rows."},
    {"errored-only", "", "Only what had failed."},
    {"chunks", "", "Its chunks, with their counts."},
    {"errors", "", "Every row that it could not write."},
    {"queue",
     "WHAT",
     "catch_up (default), park: go live at once, the queue becomes catch-up errors; or discard."},
    {"accept-deletes", "", "Delete the rows that the guard against mass deletes holds back."},
    {"skip-deletes", "", "Leave them where they are; their keys go to the drift list."},
    {"reason", "TEXT", "Why the queue is given up."},
    {"direction", "DIRECTION", "Only this way: left_to_right or right_to_left."},
    {"column", "COLUMN", "Only errors of this column."},
    {"state", "STATE", "Only those that are failed, retrying, waiting, dependency, completed, …"},
    {"filter", "SQL", "Only where this holds, as: attempts > 1 and text like '%e-mail%'."},
    {"waiting", "", "Also those that only wait behind another."},
    {"ended", "", "Also those that were settled and are still listed."},
    {"key", "VALUE", "Only records of this key."},
    {"null", "COLUMNS", "Columns that are to be NULL, with commas between them."},
    {"keep", "SIDE", "Whose changes stay, in both apps: left or right."},
    {"prune", "", "Delete what the file made once and names no more."},
    {"help", "", "Show help; -h for short."},
};

constexpr std::string_view client_options = "config server token output timeout";

cli_option const* option_named(std::string_view name) {
  auto const all = cli_options();
  auto const found =
      std::find_if(all.begin(), all.end(), [&](cli_option const& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
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

std::span<cli_option const> cli_options() {
  return options;
}

std::vector<cli_option const*> options_of(cli_command const& command) {
  std::vector<cli_option const*> found;
  add_options(command.options, found);
  return found;
}

}  // namespace dualwrite::engine
