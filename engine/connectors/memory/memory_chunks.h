// Rows of an application in memory in the order of a key.
#pragma once

#include <vector>

#include "engine/connectors/memory/memory_app.h"

namespace dualwrite::engine {

// Without the position that it was read at.
[[nodiscard]] chunk chunk_of(memory_table const& table, chunk_request const& request);

[[nodiscard]] std::vector<row_values> split_keys(memory_table const& table,
                                                 split_request const& wish);

}  // namespace dualwrite::engine
