// The way on with a log that is damaged, or older than what its apps hold: another log, which
// begins as that one did.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/config/server_config.h"
#include "events/store/event_log.h"

namespace dualwrite::engine {

struct fork_report {
  verify_report log;
  std::vector<std::string> gaps;  // one line for each lane of each app
};

// Makes `folder` from the log in `from` as far as it is sound. The lanes of the former log are
// opened once more in each app: what the apps hold of it that the log does not is named in
// LogForked, and once the folder is there whoever still works with it is fenced off. Every map is
// stopped and needs an initial sync.
// Errors: those of fork_log(). An app that cannot be reached is named as such.
// Threads: blocks its own until all apps have answered.
[[nodiscard]] result<fork_report> fork_by_config(std::filesystem::path const& from,
                                                 std::filesystem::path const& folder,
                                                 server_config const& config);

}  // namespace dualwrite::engine
