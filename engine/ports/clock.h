// Time and chance, as arguments: the engine has no other.
#pragma once

#include "engine/ports/async.h"
#include "events/instant.h"

namespace dualwrite::engine {

// Guarantees: now() never goes back.
// Threads: called on the engine strand only.
class clock {
 public:
  virtual ~clock() = default;
  [[nodiscard]] virtual instant now() const = 0;
  // Returns at or after `when`; ends early, with success, where the waiting coroutine is cancelled.
  [[nodiscard]] virtual async<void> sleep_until(instant when) = 0;
};

class random_source {
 public:
  virtual ~random_source() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

}  // namespace dualwrite::engine
