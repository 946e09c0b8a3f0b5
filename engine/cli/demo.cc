#include <fmt/format.h>
#include <filesystem>
#include <iostream>
#include <thread>

#include "engine/cli/cli_actions.h"
#include "engine/cli/demo/demo_apps.h"
#include "engine/cli/server.h"
#include "engine/cli/talk.h"
#include "engine/config/load.h"

namespace dualwrite::engine {
namespace {

namespace fs = std::filesystem;

constexpr char const* config_file = "dualwrite.yaml";

// How the reader of this calls the program.
std::string own_path() {
  std::error_code failed;
  auto const path = fs::read_symlink("/proc/self/exe", failed);
  return failed ? "dualwrite" : path.string();
}

void say_what_next() {
  fmt::print(stderr,
             "\nNow, in another terminal:\n"
             "  cd {0}\n"
             "  sqlite3 erp.db \"UPDATE customer SET name = 'Somebody New' WHERE number = 1\"\n"
             "  sqlite3 crm.db \"SELECT fullname FROM account WHERE accountnumber = 1\"\n"
             "  sqlite3 erp.db \"UPDATE customer SET email = 'unknown' WHERE number = 2\"\n"
             "  {1} error list\n"
             "  {1} map list\n"
             "  {1} event tail\n"
             "Ctrl-C ends it; the same command goes on where it was.\n",
             fs::current_path().string(),
             own_path());
}

bool was_run(command_line const& line) {
  auto client = client_for(line);
  if (!client) return false;
  auto const maps = client->get("/api/v1/maps");
  return maps && text_at(maps->at("items").at(0), "status") != "not_running";
}

// A client of the server beside it, as a user is one.
void run_maps() {
  auto const run = parse_command_line({"map", "run", "--all", "--wait", "--config", config_file});
  auto const list = parse_command_line({"map", "list", "--config", config_file});
  auto const& line = was_run(*list) ? *list : *run;
  auto const ended = line.command->run(line);
  std::cout.flush();
  if (ended == exit_code::fine) say_what_next();
}

}  // namespace

exit_code run_demo(command_line const& line) {
  fs::path const folder = line.arguments.empty() ? "dualwrite-demo" : line.arguments[0];
  auto const made = demo::make_apps(folder);
  if (!made) return tell(made.error());
  std::error_code failed;
  fs::current_path(folder, failed);
  if (failed) return tell({error_code::folder_refused, folder.string() + ": " + failed.message()});
  std::string warnings;
  auto config = load_config_file(config_file, process_secrets(), warnings);
  if (!config) return tell(config.error());
  server running(std::move(*config), config_file);
  auto const opened = running.open();
  if (!opened) return tell(opened.error());
  std::jthread client;
  auto const ended = running.run([&client](std::string const& address) {
    fmt::print(stderr, "dualwrite is ready at {}.\n", address);
    client = std::jthread(run_maps);
  });
  if (!ended) return tell(ended.error());
  return exit_code::fine;
}

}  // namespace dualwrite::engine
