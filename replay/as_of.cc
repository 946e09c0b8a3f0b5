#include "replay/as_of.h"

#include "events/codec.h"

namespace dualwrite::replay {

result<projections::map_status> status_as_of(event_log const& log, sequence at) {
  if (at > log.head().at) return error{error_code::sequence_not_found, {}, at};
  projections::map_status status;
  auto const cursor = log.read({sequence{1}, false, std::nullopt});
  while (true) {
    DW_TRY(auto const stored, cursor->next());
    if (!stored || stored->at > at) return status;
    DW_TRY(auto const event, decode(*stored));
    status.fold(event);
  }
}

result<projections::map_status> status_as_of(event_log const& log, instant when) {
  DW_TRY(auto const behind, log.first_at(instant{when.us + 1}));
  return status_as_of(log, behind - 1);
}

}  // namespace dualwrite::replay
