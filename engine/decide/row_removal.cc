#include "engine/decide/row_removal.h"

#include <algorithm>

namespace dualwrite::engine {

void plan_removal(delivery_plan& plan, target_write& write, compiled_map const& map, side target) {
  write.kind = write_kind::remove;
  if (map.removal_in(target) != removal::mark) return;
  auto mark = map.removal_mark(target);
  write.kind = write_kind::update;
  write.columns = std::move(mark.columns);
  write.values = std::move(mark.values);
  plan.marks_removal = plan.may_miss = true;
}

void clear_mark(target_write& write, compiled_map const& map, side target) {
  if (map.removal_in(target) != removal::mark) return;
  auto const mark = map.removal_mark(target);
  for (std::size_t i = 0; i < mark.columns.size(); ++i) {
    bool const is_written =
        std::find(write.columns.begin(), write.columns.end(), mark.columns[i]) !=
        write.columns.end();
    if (is_written) continue;
    bool const is_number = mark.values[i].type() == value_type::int64;
    write.columns.push_back(mark.columns[i]);
    write.values.push_back(is_number ? value::of_int64(0) : value::of_boolean(false));
  }
}

bool is_removal(target_write const& write, compiled_map const& map, side target) {
  if (write.kind == write_kind::remove) return true;
  auto const mark = map.removal_mark(target);
  return !mark.columns.empty() && write.columns == mark.columns && write.values == mark.values;
}

}  // namespace dualwrite::engine
