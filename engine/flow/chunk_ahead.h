// Reads the next chunk of a copy while the one before it is written, so that both apps work at a
// time.
#pragma once

#include <memory>
#include <optional>

#include "engine/flow/copy_chunk.h"
#include "engine/flow/target_session.h"

namespace dualwrite::engine {

// Guarantees: what was read ahead is given once, and only to who would read the same: the same
// execution, by the same schemas, while the same app is captured. One chunk is held.
// Errors: those of source_app; one that reading ahead meets is left for the next read to meet.
// Lifetime: one lane's.
// Threads: the engine strand, one coroutine.
class chunk_ahead {
 public:
  chunk_ahead(link_context& context, side of) : context_(context), side_(of) {}

  [[nodiscard]] async<chunk> read(range_left range);
  // Gives what came of `work`, when the reading has ended as well.
  [[nodiscard]] async<delivery_end> read_beside(async<delivery_end> work, range_left range);

 private:
  struct portion {
    range_left range;
    std::shared_ptr<compiled_map const> map;
    chunk rows{};
    std::uint64_t opening = 0;
  };
  [[nodiscard]] async<portion> read_now(range_left range);

  link_context& context_;
  side side_;
  std::optional<portion> kept_;
};

}  // namespace dualwrite::engine
