// The columns that a map reads of a table, as far as its definition says.
#pragma once

#include <string>
#include <vector>

#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {

// Of the table of this side: by name, each once, in their order. What an expression that cannot be
// read would need is not among them.
[[nodiscard]] std::vector<std::string> columns_read(map_definition const& definition, side of);

// Those whose values before a change or a removal have to be known: that the filter reads, which
// tells whether the other side has the row; and expressions over several columns, which need all of
// them where one has changed.
[[nodiscard]] std::vector<std::string> columns_known_before(map_definition const& definition,
                                                            side of);

}  // namespace dualwrite::engine
