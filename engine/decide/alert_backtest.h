// What an alert rule would have done if it had been there all along: the same fold and decider over
// the same log.
#pragma once

#include <vector>

#include "engine/decide/alert_decider.h"
#include "events/codec.h"
#include "projections/alert_windows.h"

namespace dualwrite::engine {

struct would_have_fired {
  sequence at;  // the error that crossed the threshold
  instant when;
  map_id map;  // of a rule that counts per map
  std::uint32_t count = 0;
};

// Guarantees: for a rule with an action that was never changed it gives the firings that happened.
// Where the action would have kept errors from coming, those that came are counted all the same.
// Costs: memory for the firings, none for the errors.
class alert_backtest {
 public:
  // It is taken to be there before the first event, so that every map is bound to it at its start.
  alert_backtest(link_id link, alert_terms terms);

  // Every event of the log, in order.
  void fold(event_view const& event);
  // After the last event.
  void end() { settle(); }

  std::vector<would_have_fired> const& firings() const { return firings_; }
  std::uint64_t errors() const { return errors_; }

 private:
  void settle();

  projections::alert_windows windows_;
  projections::map_status const none_;
  alert_turn turn_;
  std::vector<would_have_fired> firings_;
  std::vector<encoded_event> owed_;  // firings of the submission at hand
  std::uint64_t errors_ = 0;
  sequence submission_;  // what the errors at hand came with
  instant now_;
};

}  // namespace dualwrite::engine
