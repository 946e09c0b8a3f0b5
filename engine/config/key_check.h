// Holds a tree against the table of keys.
#pragma once

#include <set>

#include "engine/config/config_keys.h"
#include "engine/config/yaml_tree.h"

namespace dualwrite::engine {

// Values that are not what their key needs: nothing is read from them.
using faulty_nodes = std::set<yaml_node const*>;

// Unknown, repeated and missing keys, values of the wrong type or form. What is not in `faulty`
// afterwards is as its rule says.
[[nodiscard]] faulty_nodes check_keys(yaml_node const& root,
                                      object_rule const& rule,
                                      problem_list& problems);

}  // namespace dualwrite::engine
