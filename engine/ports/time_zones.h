// What the clocks of a place show, as a time of the log.
#pragma once

#include <string_view>

#include "events/instant.h"
#include "events/result.h"

namespace dualwrite::engine {

class time_zones {
 public:
  virtual ~time_zones() = default;
  // `local` is what the clocks show, counted as if it were UTC. What they never show, since they
  // are set forward over it, is the moment at which they are; of what they show twice it is the
  // first.
  // Errors: `unknown_zone`.
  [[nodiscard]] virtual result<instant> to_utc(std::string_view zone, instant local) const = 0;
};

}  // namespace dualwrite::engine
