// The log's time: it advances by a monotonic clock and comes nearer to the wall clock bit by bit,
// so that neither a step of that nor its corrections make it jump or go back.
#pragma once

#include "events/instant.h"

namespace dualwrite::engine {

// Pure: both clocks are arguments. A span of the monotonic clock is counted from any fixed moment.
class slewed_time {
 public:
  // Begins at the wall's time, but not before `floor`.
  slewed_time(duration monotonic, instant wall, instant floor);

  instant at(duration monotonic) const;
  // How long the monotonic clock takes until then, at the present pace.
  duration until(duration monotonic, instant when) const;
  // Runs faster or slower, by a twentieth at most, towards the wall clock from here on. True where
  // that has been set by more than a minute since it was asked the last time.
  [[nodiscard]] bool follow(duration monotonic, instant wall);

 private:
  duration from_;          // since when, by the monotonic clock,
  instant then_;           // it goes on from here
  std::int64_t pace_ = 0;  // so much faster, in millionths
  duration off_{};         // how far the wall clock was ahead when it was last asked
};

}  // namespace dualwrite::engine
