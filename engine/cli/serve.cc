#include <fmt/format.h>
#include <cstdio>

#include "engine/cli/cli_actions.h"
#include "engine/cli/server.h"
#include "engine/cli/talk.h"
#include "engine/config/load.h"

namespace dualwrite::engine {
namespace {

void greet(std::string const& address, std::string const& config, std::string const& data_dir) {
  auto const option =
      config == "dualwrite.yaml" ? std::string() : fmt::format(" --config {}", config);
  fmt::print(stderr,
             "dualwrite is ready at {0} (token in {1}/admin.token).\n"
             "Next:\n"
             "  dualwrite status{2}\n"
             "  dualwrite map run --all --wait{2}\n"
             "  dualwrite event tail{2}\n",
             address,
             data_dir,
             option);
}

}  // namespace

exit_code run_serve(command_line const& line) {
  auto const path = line.get("config", "dualwrite.yaml");
  std::string warnings;
  auto config = load_config_file(path, process_secrets(), warnings);
  if (!warnings.empty()) fmt::print(stderr, "{}", warnings);
  if (!config) return tell(config.error());
  auto const data_dir = config->data_dir;
  server running(std::move(*config), path);
  auto const opened = running.open();
  if (!opened) return tell(opened.error());
  auto const ended =
      running.run([&](std::string const& address) { greet(address, path, data_dir); });
  if (!ended) return tell(ended.error());
  return exit_code::fine;
}

}  // namespace dualwrite::engine
