#include <fmt/format.h>
#include <filesystem>

#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"
#include "engine/cli/view_keeper.h"
#include "engine/config/load.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite::engine {
namespace {

namespace fs = std::filesystem;

constexpr table_column rebuilt_columns[] = {{"VIEW", "view"}, {"DIFFERED", "differed"}};

// The log as the server's backup has it: no two programs may have one log open.
struct backup_of_log {
  explicit backup_of_log(fs::path const& data_dir) : folder(data_dir / "log-to-prepare") {
    remove();
  }
  ~backup_of_log() { remove(); }
  backup_of_log(backup_of_log const&) = delete;
  backup_of_log& operator=(backup_of_log const&) = delete;

  fs::path folder;

 private:
  void remove() const {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

result<sequence> prepare(command_line const& line) {
  std::string warnings;
  auto const path = line.get("config", "dualwrite.yaml");
  DW_TRY(auto const config, load_config_file(path, process_secrets(), warnings));
  DW_TRY(auto client, client_for(line));
  DW_TRY(auto const program, digest_of_program());
  auto const data_dir = fs::absolute(config.data_dir).lexically_normal();
  backup_of_log const taken(data_dir);
  boost::json::object const body{{"folder", taken.folder.string()}};
  DW_CHECK(client.post("/api/v1/backups", body));
  DW_TRY(auto const opened, rocks_event_log::open(taken.folder, {}));
  return save_views_of(*opened.log, snapshot_path(data_dir, program), program);
}

}  // namespace

exit_code run_replay_rebuild(command_line const& line) {
  auto client = client_for(line);
  if (!client) return tell(client.error());
  boost::json::object body;
  if (!line.arguments.empty())
    body["views"] = boost::json::array(line.arguments.begin(), line.arguments.end());
  auto const made = client->post("/api/v1/views/rebuild", body);
  if (!made) return tell(made.error());
  print_items(made->at("items").as_array(), rebuilt_columns, line);
  return exit_code::fine;
}

exit_code run_replay_prepare(command_line const& line) {
  auto const until = prepare(line);
  if (!until) return tell(until.error());
  fmt::print(stderr,
             "This program's views are folded up to event {}. Stop the server and start it with "
             "this program.\n",
             until->value);
  return exit_code::fine;
}

}  // namespace dualwrite::engine
