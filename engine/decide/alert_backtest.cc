#include "engine/decide/alert_backtest.h"

namespace dualwrite::engine {

alert_backtest::alert_backtest(projections::alert_row rule) {
  rule.errors.clear();
  rule.armed = true;
  rule.disabled = false;
  rule.open = {};
  windows_.rules[rule_id{1}] = std::move(rule);
}

// Errors of one outcome were submitted together: a rule fires once for them, behind the last.
void alert_backtest::fold(event_view const& event) {
  auto const submission = event.from.cause ? event.from.cause : event.at;
  if (submission != submission_) fire();
  submission_ = submission;
  auto& mine = rule();
  auto const error = windows_.error_of(event);
  if (!error) {
    if (event.as<MapCreated>() != nullptr) windows_.fold(event);
    return;
  }
  if (error->link != mine.link || !mine.counts(error->kind)) return;
  if (!mine.armed && mine.falls_below() <= event.recorded_at) mine.armed = true;
  windows_.fold(event);
  ++errors_;
  if (!mine.armed || !mine.crossed() || crossed_) return;
  crossed_ = true;
  firings_.push_back({event.at, event.recorded_at, static_cast<std::uint32_t>(mine.errors.size())});
}

void alert_backtest::fire() {
  if (!crossed_) return;
  crossed_ = false;
  rule().armed = false;
  if (rule().action == alert_action::none) return;
  rule().errors.clear();
  rule().armed = true;
}

}  // namespace dualwrite::engine
