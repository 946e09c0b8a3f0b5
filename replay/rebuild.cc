#include "replay/rebuild.h"

namespace dualwrite::replay {
namespace {

template <class Fold>
result<projections::views> fold_behind(event_log const& log,
                                       projections::views from,
                                       sequence until,
                                       Fold const& fold) {
  auto const cursor = log.read({from.checkpoint + 1, false, std::nullopt});
  while (true) {
    DW_TRY(auto const stored, cursor->next());
    if (!stored || stored->last() > until) return from;
    DW_TRY(auto const event, decode(*stored));
    fold(from, event);
  }
}

}  // namespace

result<projections::views> rebuild(event_log const& log, projections::views from, sequence until) {
  auto const fold = [](projections::views& into, event_view const& event) { into.fold(event); };
  return fold_behind(log, std::move(from), until, fold);
}

result<projections::views> rebuild_only(projections::view_set which,
                                        event_log const& log,
                                        projections::views from,
                                        sequence until) {
  auto const fold = [which](projections::views& into, event_view const& event) {
    projections::fold_only(which, into, event);
  };
  return fold_behind(log, std::move(from), until, fold);
}

}  // namespace dualwrite::replay
