// Points in time and spans of it, in whole microseconds, UTC. The log never stores anything
// coarser, finer or local.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace dualwrite {

using duration = std::chrono::duration<std::int64_t, std::micro>;

// Microseconds since 1970-01-01T00:00:00Z, signed.
struct instant {
  std::int64_t us = 0;

  friend constexpr auto operator<=>(instant, instant) = default;
  friend constexpr instant operator+(instant at, duration by) { return {at.us + by.count()}; }
  friend constexpr instant operator-(instant at, duration by) { return {at.us - by.count()}; }
  friend constexpr duration operator-(instant later, instant earlier) {
    return duration{later.us - earlier.us};
  }
};

}  // namespace dualwrite
