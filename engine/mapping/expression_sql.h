// Checked expressions as SQL for the sandbox.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/mapping/expression_syntax.h"

namespace dualwrite::engine {

// A SELECT of one value. Columns and literals are parameters, so that no text of an expression is
// ever text of SQL.
struct sandbox_query {
  std::string sql;
  std::vector<std::pair<int, std::size_t>> columns;  // parameter, column of the row
  std::vector<std::pair<int, value>> literals;       // parameter, value
};

[[nodiscard]] sandbox_query to_sql(node const& tree);

}  // namespace dualwrite::engine
