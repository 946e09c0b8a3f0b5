// How much waits for a map, held to the limits of its definition.
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

}  // namespace dualwrite
