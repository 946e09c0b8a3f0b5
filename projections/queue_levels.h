// How near the queues of maps are to their limits, as was said last.
#pragma once

#include <map>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

// Fed by QueueLevelChanged; ends with the queue, when the map is stopped.
struct queue_levels {
  std::map<map_id, std::uint32_t> percent;  // 50, 80, 95 or 100; none below
  DW_FIELDS(percent);

  void fold(event_view const& event);
  std::uint32_t of(map_id map) const;
};

}  // namespace dualwrite::projections
