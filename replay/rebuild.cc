#include "replay/rebuild.h"

namespace dualwrite::replay {

result<projections::views> rebuild(event_log const& log, projections::views from, sequence until) {
  auto const cursor = log.read({from.checkpoint + 1, false, std::nullopt});
  while (true) {
    DW_TRY(auto const stored, cursor->next());
    if (!stored || stored->last() > until) return from;
    DW_TRY(auto const event, decode(*stored));
    from.fold(event);
  }
}

}  // namespace dualwrite::replay
