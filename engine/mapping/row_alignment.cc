#include "engine/mapping/row_alignment.h"

#include <algorithm>

namespace dualwrite::engine {

row_alignment::row_alignment(table_schema const& was, table_schema const& is) {
  for (std::size_t i = 0; i < is.columns.size(); ++i) {
    from_.push_back(was.column_named(is.columns[i].name));
    // A row that is shorter lacks its last columns as it is.
    bool const at_its_place = from_[i] ? *from_[i] == i : i >= was.columns.size();
    same_ = same_ && at_its_place;
  }
}

row_values row_alignment::operator()(row_values row) const {
  if (same_ || row.empty()) return row;
  row_values out(from_.size(), value::unchanged());
  for (std::size_t i = 0; i < from_.size(); ++i) {
    if (from_[i] && *from_[i] < row.size()) out[i] = std::move(row[*from_[i]]);
  }
  return out;
}

bool row_alignment::lacks(std::vector<std::size_t> const& columns) const {
  return std::any_of(
      columns.begin(), columns.end(), [this](std::size_t column) { return !from_[column]; });
}

}  // namespace dualwrite::engine
