// A checked tree to server_config: what one thing of the file says about another.
#pragma once

#include "engine/config/load.h"
#include "engine/config/map_reader.h"

namespace dualwrite::engine {

// Names that are taken or unknown, apps that share a file, secrets that are not there; and all of
// read_map().
[[nodiscard]] server_config read_file_tree(checked_object const& from,
                                           std::string_view file_name,
                                           secret_lookup const& secrets,
                                           problem_list& problems);

}  // namespace dualwrite::engine
