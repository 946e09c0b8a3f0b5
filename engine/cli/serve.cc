#include <fmt/format.h>
#include <cstdio>

#include "engine/cli/cli_actions.h"
#include "engine/cli/server_process.h"
#include "engine/cli/talk.h"
#include "engine/config/load.h"

namespace dualwrite::engine {

exit_code run_serve(command_line const& line) {
  auto const path = line.get("config", "dualwrite.yaml");
  std::string warnings;
  auto config = load_config_file(path, process_secrets(), warnings);
  if (!warnings.empty()) fmt::print(stderr, "{}", warnings);
  if (!config) return tell(config.error());
  server_process server(std::move(*config), path);
  auto const opened = server.open();
  if (!opened) return tell(opened.error());
  auto const ended = server.run();
  if (!ended) return tell(ended.error());
  return exit_code::fine;
}

}  // namespace dualwrite::engine
