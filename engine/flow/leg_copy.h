// The copy of a leg of an initial sync, by one of the lanes that share it: each range of keys is
// worked on by one lane at a time, chunk behind chunk.
#pragma once

#include <optional>

#include "engine/flow/chunk_ahead.h"
#include "engine/flow/target_session.h"

namespace dualwrite::engine {

// Guarantees: a chunk is in the log before it is written, and what it holds is never older than the
// capture of its table.
// Errors: those of source_app, of target_session::deliver() and of the log.
// Lifetime: one lane's.
// Threads: the engine strand, one coroutine.
class leg_copy {
 public:
  leg_copy(link_context& context, target_session& session, direction way, lane_id lane)
      : context_(context),
        session_(session),
        way_(way),
        lane_(lane),
        ahead_(context, source_of(way)) {}

  // A range of this map's open leg that no lane works on: where there is one, that of the last
  // step.
  std::optional<std::size_t> free_range(map_id map) const;
  // One step of a free range: begins or completes the leg, reads a chunk, or writes it.
  [[nodiscard]] async<void> step(map_id map, std::size_t range);

 private:
  [[nodiscard]] async<void> begin(map_id map, execution_id execution);
  [[nodiscard]] async<std::vector<std::string>> split(map_id map, std::uint64_t rows);
  [[nodiscard]] async<void> complete(map_id map, execution_id execution);
  [[nodiscard]] async<void> read_all(range_left range, bool leaves_errored);
  [[nodiscard]] async<void> read_errored(range_left range);
  [[nodiscard]] async<void> write(range_left range, projections::chunk_row read);

  link_context& context_;
  target_session& session_;
  direction way_;
  lane_id lane_;
  chunk_ahead ahead_;
  std::size_t last_range_ = 0;
};

}  // namespace dualwrite::engine
