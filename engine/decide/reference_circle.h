// Parked rows of one direction that refer to each other in a circle, so that none of them can be
// written first: a department and its head, who belongs to it. They are written in one batch, those
// that others need at first without what is not there yet.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/ports/target_app.h"
#include "events/ids.h"
#include "events/table_schema.h"

namespace dualwrite::engine {

// A parked record that waits for another one.
struct waiting_row {
  map_id map;
  sequence record;
  sequence waits_for;
};

struct circle_member {
  map_id map;
  sequence record;
  std::set<sequence> refers_to;  // records of the circle, as far as that is known
};
using reference_circle = std::vector<circle_member>;

// Which circles there are, and which of them were tried. An application names one missing row at a
// time, so what a row refers to is learned try by try, and a circle is tried again when a reference
// was learned. What was learned is only kept in memory: after a restart it is found out again.
// Threads: the engine strand.
class reference_circles {
 public:
  // Those that were not tried as they are. All rows that lead to each other by references that are
  // known are one circle; one of which a row waits for another one outside is not worth a try.
  [[nodiscard]] std::vector<reference_circle> untried(std::span<waiting_row const> rows) const;
  // It was refused.
  void tried(reference_circle const& circle);
  // Of which references are known that nobody waits for just now.
  [[nodiscard]] std::set<sequence> members_tried() const;
  // The record is tried alone: what was learned of it may be true no more.
  void forget(map_id map, sequence record);

 private:
  std::map<std::pair<map_id, sequence>, std::set<sequence>> tried_;
};

// A member's row as it is to be in the end, and the places of the members that it refers to.
struct circle_row {
  target_write write;
  table_schema const* schema = nullptr;  // of its table
  std::set<std::size_t> refers_to{};
};
// Where among the writes a row is written; and, if it is, where it is written before that without
// all that it refers to.
struct place_in_writes {
  std::optional<std::size_t> first{};
  std::size_t last = 0;
};
// Appends the writes of a circle: one group, to be written or refused as a whole. A row that is
// needed before all that it refers to is there is written with NULL in the columns that have the
// missing rows' key values, and then as it is. Where none of these takes NULL it is written as it
// is: its constraints may be checked later. Gives the place of each row.
[[nodiscard]] std::vector<place_in_writes> write_circle(std::span<circle_row const> rows,
                                                        std::uint32_t group,
                                                        std::vector<target_write>& to);

}  // namespace dualwrite::engine
