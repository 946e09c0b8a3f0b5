// The time zone database of the machine.
#pragma once

#include "engine/ports/time_zones.h"

namespace dualwrite::engine {

// Threads: any.
class system_time_zones final : public time_zones {
 public:
  [[nodiscard]] result<instant> to_utc(std::string_view zone, instant local) const override;
};

}  // namespace dualwrite::engine
