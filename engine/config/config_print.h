// A configuration as YAML: what load_config() reads back as it was.
#pragma once

#include <string>

#include "engine/config/server_config.h"

namespace dualwrite::engine {

// Secrets as the file named them, never what they stand for. What has its default is left out.
[[nodiscard]] std::string print_config(server_config const& config);
// One item of a link's maps.
[[nodiscard]] std::string print_map(map_config const& map);

}  // namespace dualwrite::engine
