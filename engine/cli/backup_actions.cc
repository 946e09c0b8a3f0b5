#include <fmt/format.h>
#include <filesystem>

#include "engine/api/event_json.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/fork.h"
#include "engine/cli/talk.h"
#include "engine/config/load.h"
#include "events/store/log_backup.h"

namespace dualwrite::engine {

exit_code run_backup(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  boost::json::object body;
  body["folder"] = std::filesystem::absolute(line.arguments[0]).lexically_normal().string();
  auto const made = client->post("/api/v1/backups", body);
  if (!made) return tell(made.error());
  print_item(*made, {}, line);
  return exit_code::fine;
}

namespace {

// By --fork as another log.
result<fork_report> make_folder(command_line const& line) {
  auto const& from = line.arguments[0];
  auto const& folder = line.arguments[1];
  if (!line.has("fork")) {
    DW_TRY(auto const report, restore_log(from, folder));
    return fork_report{report, {}};
  }
  std::string warnings;
  auto const path = line.get("config", "dualwrite.yaml");
  DW_TRY(auto const config, load_config_file(path, process_secrets(), warnings));
  return fork_by_config(from, folder, config);
}

}  // namespace

exit_code run_restore(command_line const& line) {
  auto const made = make_folder(line);
  if (!made) return tell(made.error());
  auto const& log = made->log;
  if (!log.ok) {
    return tell(error{error_code::log_corrupt,
                      fmt::format("The backup is damaged at event {}: {} Nothing was restored.",
                                  log.first_bad.value,
                                  log.reason)});
  }
  print_item(verify_json(log), {}, line);
  for (auto const& gap : made->gaps) fmt::print(stderr, "{}\n", gap);
  fmt::print(stderr,
             "{} holds a log up to event {}. Name it as data_dir in the configuration.\n",
             line.arguments[1],
             log.head.at.value);
  return exit_code::fine;
}

}  // namespace dualwrite::engine
