// Everything that runs for one link: sessions with both targets, captures of both sides, lanes, and
// the supervisor.
#pragma once

#include <memory>
#include <vector>

#include "engine/flow/app_breaker.h"
#include "engine/flow/capture_runner.h"
#include "engine/flow/catch_up_lane.h"
#include "engine/flow/main_lane.h"
#include "engine/flow/map_supervisor.h"
#include "engine/flow/nursery.h"
#include "engine/flow/target_session.h"

namespace dualwrite::engine {

// Guarantees: nothing is captured or written before it is known what every lane had done, and what
// was handed out is remembered as it was before the engine ended.
// Lifetime: outlives the nursery's children.
// Threads: the engine strand.
class link_runner {
 public:
  explicit link_runner(std::unique_ptr<link_context> context);
  void start(nursery& children);
  link_context& context() { return *context_; }

 private:
  [[nodiscard]] async<void> prepare(nursery& children);
  [[nodiscard]] result<void> remember(direction way);
  [[nodiscard]] result<void> remember(direction way,
                                      lane_id lane,
                                      batch_number number,
                                      projections::batch_row const& row);

  std::unique_ptr<link_context> context_;
  std::vector<std::unique_ptr<app_breaker>> breakers_;
  std::vector<std::unique_ptr<target_session>> sessions_;
  std::vector<std::unique_ptr<capture_runner>> captures_;
  std::vector<std::unique_ptr<main_lane>> mains_;
  std::vector<std::unique_ptr<catch_up_lane>> catch_ups_;
  std::unique_ptr<map_supervisor> supervisor_;
};

}  // namespace dualwrite::engine
