#include "replay/view_snapshot.h"

#include "events/assert.h"

namespace dualwrite::replay {

result<snapshot> take_snapshot(event_log const& log,
                               projections::views const& state,
                               digest const& program) {
  auto head = log.head();
  if (state.checkpoint) {
    DW_TRY(head, log.head_at(state.checkpoint));
    DW_ASSERT(head.at == state.checkpoint);
  }
  return snapshot{program, {head.log, state.checkpoint, head.chain, {}}, projections::save(state)};
}

result<projections::views> views_from(event_log const& log,
                                      std::optional<snapshot> const& saved,
                                      digest const& program) {
  projections::views const none;
  bool const usable =
      saved && saved->program == program && saved->head.at && !(saved->head.at > log.head().at);
  if (!usable) return none;
  DW_TRY(auto const known, log.head_at(saved->head.at));
  bool const same = known.at == saved->head.at && known.chain == saved->head.chain &&
                    known.log == saved->head.log;
  if (!same) return none;
  auto read = projections::load<projections::views>(saved->state);
  if (!read || read->checkpoint != saved->head.at) return none;
  read->parked.reindex();
  return std::move(*read);
}

}  // namespace dualwrite::replay
