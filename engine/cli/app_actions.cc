#include <fmt/format.h>

#include "engine/cli/app_detach.h"
#include "engine/cli/cli_actions.h"
#include "engine/cli/talk.h"
#include "engine/config/load.h"

namespace dualwrite::engine {

exit_code run_app_detach(command_line const& line) {
  std::string warnings;
  auto const path = line.get("config", "dualwrite.yaml");
  auto const config = load_config_file(path, process_secrets(), warnings);
  if (!config) return tell(config.error());
  auto const& app = line.arguments[0];
  auto work = app_detach::prepare(*config, app);
  if (!work) return tell(work.error());
  auto const what = fmt::format(
      "What this log has put into {} goes; a map that is run again has to copy its tables.", app);
  if (line.has("dry-run")) {
    fmt::print(stderr, "{}\n", what);
    return exit_code::fine;
  }
  if (!agreed(line, what)) return exit_code::refused;
  auto const done = work->run();
  if (!done) return tell(done.error());
  fmt::print(stderr, "{} is detached.\n", app);
  return exit_code::fine;
}

}  // namespace dualwrite::engine
