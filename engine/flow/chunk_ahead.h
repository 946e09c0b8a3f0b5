// Reads the next chunk of a copy while the one before it is written, so that both apps work at a
// time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/flow/link_context.h"
#include "engine/flow/target_session.h"

namespace dualwrite::engine {

// Guarantees: what was read ahead is given once, and only to who would read the same: the same
// execution, by the same schemas, from a source that has been captured since. One chunk is held.
// Errors: those of source_app; one that reading ahead meets is left for the next read to meet.
// Lifetime: one lane's.
// Threads: the engine strand, one coroutine.
class chunk_ahead {
 public:
  chunk_ahead(link_context& context, side of) : context_(context), side_(of) {}

  // The rows behind the key `after`.
  [[nodiscard]] async<chunk> read(map_id map, execution_id execution, std::string after);
  // Gives what came of `work`, when the reading has ended as well.
  [[nodiscard]] async<delivery_end> read_beside(async<delivery_end> work,
                                                map_id map,
                                                execution_id execution,
                                                std::string after);

 private:
  struct portion {
    execution_id execution;
    std::shared_ptr<compiled_map const> map;
    std::string after;
    chunk rows{};
  };
  [[nodiscard]] async<portion> read_now(map_id map, execution_id execution, std::string after);
  bool is_captured_since(chunk const& rows) const;

  link_context& context_;
  side side_;
  std::optional<portion> kept_;
};

}  // namespace dualwrite::engine
