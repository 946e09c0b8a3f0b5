#include "engine/decide/alert_backtest.h"

namespace dualwrite::engine {
namespace {

constexpr rule_id tested{~std::uint64_t{0}};

stored_event as_stored(encoded_event const& event, instant when) {
  return {sequence{}, event.span, when, event.stream, event.bytes};
}

// What binds maps to the rule.
bool is_life_of_maps(event_view const& event) {
  return event.as<MapCreated>() != nullptr || event.as<MapDeleted>() != nullptr ||
         event.as<InitialSyncStarted>() != nullptr || event.as<MapResumed>() != nullptr ||
         event.as<MapStopped>() != nullptr;
}

}  // namespace

alert_backtest::alert_backtest(link_id link, alert_terms terms) {
  auto& row = windows_.rules[tested];
  row.link = link;
  row.terms = std::move(terms);
  row.terms.disabled = false;
}

// Errors of one outcome were submitted together: a rule fires once for them, behind the last.
void alert_backtest::fold(event_view const& event) {
  auto const submission = event.from.cause ? event.from.cause : event.at;
  if (submission != submission_) settle();
  submission_ = submission;
  now_ = event.recorded_at;
  if (is_life_of_maps(event)) return windows_.fold(event);
  auto const error = windows_.error_of(event);
  if (!error) return;
  bool counts = false;
  windows_.each_window(*error, [&](projections::alert_counter const& one) {
    counts = true;
    bool const clear = one.window->falls_below(one.version->terms) <= event.recorded_at;
    if (clear) one.window->armed = true;
  });
  if (!counts) return;
  ++errors_;
  windows_.fold(event);
  for (auto& fired : decide_alerts(windows_, none_, event, turn_)) {
    auto const view = decode(as_stored(fired.front(), event.recorded_at));
    auto const& body = *view->as<AlertFired>();
    firings_.push_back({event.at, event.recorded_at, body.map, body.count});
    owed_.push_back(std::move(fired.front()));
  }
}

void alert_backtest::settle() {
  for (auto const& fired : owed_) {
    windows_.fold(*decode(as_stored(fired, now_)));
    // Whether it was clear in between is told by the window alone.
    windows_.rules.at(tested).incidents.clear();
  }
  owed_.clear();
  turn_ = {};
}

}  // namespace dualwrite::engine
