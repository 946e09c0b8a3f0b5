// What waits for a map, held to the limits and the guard of its definition.
#pragma once

#include "events/event_types.h"
#include "events/fields.h"
#include "events/ids.h"

namespace dualwrite {

struct QueueLevelChanged {
  map_id map;
  std::uint32_t percent = 0;  // of the limit: 0, 50, 80, 95 or 100
  queue_measure measure = queue_measure::records;
  std::uint64_t measured = 0, limit = 0;  // of age: microseconds
  DW_FIELDS(map, percent, measure, measured, limit);
};
// The map is stopped, and its records are no longer kept from this sequence on.
struct QueueOverflowed {
  map_id map;
  sequence from;
  DW_FIELDS(map, from);
};
// Deletes towards one side are more than the map's guard lets through. The records from `first` to
// `last` wait, and the map is paused until somebody says what becomes of their deletes.
struct MassDeleteFound {
  map_id map;
  direction way = direction::left_to_right;
  std::uint64_t deletes = 0;  // within the guard's span, with those that were written before
  std::uint64_t rows = 0;     // of the target's table before them; zero where it was not asked
  std::uint64_t limit = 0;
  sequence first, last;
  DW_FIELDS(map, way, deletes, rows, limit, first, last);
};

}  // namespace dualwrite
