// Holds a batch back that deletes more rows than the guards of its maps let through.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "engine/decide/outcome.h"
#include "engine/flow/link_context.h"

namespace dualwrite::engine {

// Counts the deletes of one direction, as far as nobody decided about them: what was written within
// a guard's span, and what is about to be. A new start of the engine begins to count anew.
// Threads: the engine strand.
class delete_guard {
 public:
  delete_guard(link_context& context, direction way) : context_(context), way_(way) {}

  // Whether the batch may be written. Where not, what was found is in the log, and the maps are
  // about to pause.
  // Errors: those of the target, where its table has to be counted.
  [[nodiscard]] async<bool> lets_pass(planned_batch const& batch);
  void wrote(planned_batch const& batch);

 private:
  struct share {
    std::uint64_t deletes = 0;
    sequence first, last;
  };
  using written = std::deque<std::pair<instant, std::uint64_t>>;
  // A table that was counted not long ago, to be asked again only where it matters.
  struct table_size {
    instant at;
    std::uint64_t rows = 0;
  };

  std::map<map_id, share> deletes_in(planned_batch const& batch) const;
  std::uint64_t written_within(map_id map, duration span);
  [[nodiscard]] async<std::optional<MassDeleteFound>> judge(map_id map, share batch);

  link_context& context_;
  direction way_;
  std::map<map_id, written> written_;
  std::map<map_id, table_size> sizes_;
};

}  // namespace dualwrite::engine
