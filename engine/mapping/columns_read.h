// The columns that a map reads of a table, as far as its definition says.
#pragma once

#include <string>
#include <vector>

#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {

// Of the table of this side: by name, each once, in their order. What an expression that cannot be
// read would need is not among them.
[[nodiscard]] std::vector<std::string> columns_read(map_definition const& definition, side of);

}  // namespace dualwrite::engine
