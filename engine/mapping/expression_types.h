// What the parts of an expression are: types from the columns upwards, and a fault where two do not
// go together.
#pragma once

#include <optional>
#include <span>

#include "engine/mapping/expression_syntax.h"
#include "events/table_schema.h"

namespace dualwrite::engine {

// Gives every node of the tree its type and every column its index. Literals take the type of what
// they meet; a whole number that meets a decimal becomes one by a cast put above it. Nothing else
// is converted unless the author says so.
[[nodiscard]] std::optional<expression_fault> check_types(node_ptr& tree,
                                                          std::span<column_schema const> columns);

// An explicit cast. More than converting: a decimal becomes the nearest float, a float the decimal
// that it is printed as, a timestamp the day it lies in.
[[nodiscard]] bool is_castable(value_type from, value_type to);
[[nodiscard]] result<value> cast_value(value const& what, column_schema const& to);

}  // namespace dualwrite::engine
