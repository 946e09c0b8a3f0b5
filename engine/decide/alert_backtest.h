// What an alert rule would have done if it had been there all along: the same fold over the same
// log.
#pragma once

#include <vector>

#include "events/codec.h"
#include "projections/alert_windows.h"

namespace dualwrite::engine {

struct would_have_fired {
  sequence at;  // the error that crossed the threshold
  instant when;
  std::uint32_t count = 0;
};

// Guarantees: for a rule with an action that was never changed it gives the firings that happened.
// Where the action would have kept errors from coming, those that came are counted all the same.
// Costs: memory for the firings, none for the errors.
class alert_backtest {
 public:
  explicit alert_backtest(projections::alert_row rule);

  // Every event of the log, in order.
  void fold(event_view const& event);
  // After the last event.
  void end() { fire(); }

  std::vector<would_have_fired> const& firings() const { return firings_; }
  std::uint64_t errors() const { return errors_; }

 private:
  projections::alert_row& rule() { return windows_.rules.begin()->second; }
  void fire();

  projections::alert_windows windows_;
  std::vector<would_have_fired> firings_;
  std::uint64_t errors_ = 0;
  sequence submission_;  // what the errors at hand came with
  bool crossed_ = false;
};

}  // namespace dualwrite::engine
