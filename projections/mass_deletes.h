// What the guards against mass deletes hold, and what was decided of it.
#pragma once

#include <map>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"
#include "projections/delivery.h"

namespace dualwrite::projections {

struct held_deletes {
  sequence found;  // by this event
  instant at;
  std::uint64_t deletes = 0, rows = 0, limit = 0;  // as in MassDeleteFound
  sequence first, last;
  DW_FIELDS(found, at, deletes, rows, limit, first, last);
};
// Of all deletes that waited when it was said.
struct decided_deletes {
  sequence first, last;
  delete_choice choice = delete_choice::none;
  DW_FIELDS(first, last, choice);
};

// Fed by MassDeleteFound and ResumeRequested; ends with the queue, when the map is stopped.
struct mass_deletes {
  std::map<map_way, held_deletes> held;
  std::map<map_way, std::vector<decided_deletes>> decided;
  DW_FIELDS(held, decided);

  void fold(event_view const& event);
  // None where nothing is held.
  held_deletes const* of(map_way which) const;
  bool holds(map_id map) const;
  // What was said of this record's delete.
  delete_choice choice_for(map_way of, sequence record) const;
};

}  // namespace dualwrite::projections
