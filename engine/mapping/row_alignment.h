// Rows that were captured when their table looked different, brought to how it looks now.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "events/table_schema.h"
#include "events/value.h"

namespace dualwrite::engine {

// Columns keep their names, not their places. One that the row was captured without is *unchanged*:
// nothing is known of it.
class row_alignment {
 public:
  row_alignment(table_schema const& was, table_schema const& is);

  [[nodiscard]] row_values operator()(row_values row) const;
  // Whether rows were captured without one of these columns of now.
  [[nodiscard]] bool lacks(std::vector<std::size_t> const& columns) const;

 private:
  bool same_ = true;
  std::vector<std::optional<std::size_t>> from_;  // for each column of now, its place then
};

}  // namespace dualwrite::engine
