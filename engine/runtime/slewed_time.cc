#include "engine/runtime/slewed_time.h"

#include <algorithm>

namespace dualwrite::engine {
namespace {

constexpr std::int64_t million = 1'000'000;
constexpr std::int64_t pace_max = million / 20;
constexpr duration step_min = std::chrono::minutes(1);
// A difference is made up for within this time where the pace allows.
constexpr duration follow_time = std::chrono::minutes(1);

}  // namespace

slewed_time::slewed_time(duration monotonic, instant wall, instant floor)
    : from_(monotonic), then_(std::max(wall, floor)) {}

instant slewed_time::at(duration monotonic) const {
  auto const passed = (monotonic - from_).count();
  return then_ + duration(passed + passed / million * pace_ + passed % million * pace_ / million);
}

duration slewed_time::until(duration monotonic, instant when) const {
  auto const left = (when - at(monotonic)).count();
  if (left <= 0) return {};
  auto const pace = million + pace_;
  return duration(left / pace * million + left % pace * million / pace + 1);
}

bool slewed_time::follow(duration monotonic, instant wall) {
  auto const now = at(monotonic);
  auto const off = wall - now;
  // What its own slewing made up for is no step.
  auto const slewed = (now - then_) - (monotonic - from_);
  auto const step = off - (off_ - slewed);
  bool const stepped = step > step_min || step < -step_min;
  off_ = off;
  from_ = monotonic;
  then_ = now;
  auto const wanted = std::clamp(off, -follow_time, follow_time).count() * million;
  pace_ = std::clamp(wanted / follow_time.count(), -pace_max, pace_max);
  return stepped;
}

}  // namespace dualwrite::engine
