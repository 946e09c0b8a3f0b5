#include "tests/simulation/alert_check.h"

#include <fmt/format.h>
#include <algorithm>

namespace dualwrite::simulation {
namespace {

template <class Event>
bool is_error(Event const& e) {
  return e.state == park_state::failed || (e.state == park_state::conflict && e.against);
}

}  // namespace

std::string alert_check::fold(event_view const& event) {
  // All that follows from a commit's errors is in that commit, and a later one has a later time.
  if (event.recorded_at > commit_) {
    if (auto const wrong = missing(); !wrong.empty()) return wrong;
  }
  commit_ = event.recorded_at;
  if (auto const* e = event.as<AlertRuleCreated>()) {
    if (e->subject != alert_subject::errors) return {};
    rules_[rule_id{event.at.value}] = {
        e->link, e->classes, e->count, static_cast<std::int64_t>(e->within_us), e->action, {}, {}};
    if (e->at_once) bind_started(rule_id{event.at.value});
  } else if (auto const* parked = event.as<RecordParked>()) {
    if (is_error(*parked)) error_at(event, maps_[parked->map].link, parked->map, parked->kind);
  } else if (auto const* retried = event.as<RetryFailed>()) {
    if (is_error(*retried)) error_at(event, maps_[retried->map].link, retried->map, retried->kind);
  } else if (auto const* attempt = event.as<AttemptFailed>()) {
    error_at(event, attempt->link, {}, attempt->kind);
  } else if (auto const* firing = event.as<AlertFired>()) {
    return rules_.contains(firing->rule) ? fired(event, firing->rule) : std::string();
  } else if (auto const* pause = event.as<PauseRequested>()) {
    if (rules_.contains(pause->rule)) {
      auto wrong = requested(event, pause->map, pause->rule);
      if (!wrong.empty()) return wrong;
    }
  }
  follow_maps(event);
  return {};
}

void alert_check::error_at(event_view const& event, link_id link, map_id map, fault_class kind) {
  for (auto& [id, counted] : rules_) {
    auto const& classes = counted.classes;
    bool const counts = std::find(classes.begin(), classes.end(), kind) != classes.end();
    bool const holds = map ? counted.bound.contains(map) : !counted.bound.empty();
    if (counted.link != link || !counts || !holds) continue;
    counted.errors.push_back(event.recorded_at);
    auto const within =
        std::count_if(counted.errors.begin(), counted.errors.end(), [&](instant one) {
          return (event.recorded_at - one).count() < counted.within_us;
        });
    bool const fires_already =
        std::any_of(expected_.begin(), expected_.end(), [&, rule = id](expected const& one) {
          return one.rule == rule && !one.fired;
        });
    if (within < counted.count || fires_already) continue;
    expected one{event.at, id, {}, false};
    for (auto const bound : counted.bound) {
      auto const& state = maps_[bound];
      if (state.works && state.asked == event_type::none) one.requests.insert(bound);
    }
    expected_.push_back(std::move(one));
  }
}

std::string alert_check::fired(event_view const& event, rule_id id) {
  for (auto& one : expected_) {
    if (one.rule != id || one.cause != event.from.cause) continue;
    if (std::exchange(one.fired, true)) return "a rule fires twice for one crossing";
    // A rule that has acted begins to count anew.
    rules_[id].errors.clear();
    return {};
  }
  return fmt::format("rule {} fires, but {} did not cross it", id.value, event.from.cause.value);
}

std::string alert_check::requested(event_view const& event, map_id map, rule_id id) {
  for (auto& one : expected_) {
    if (one.rule == id && one.fired && one.requests.erase(map) == 1) return {};
  }
  return fmt::format(
      "a rule asks for a pause of map {} at {}, which it must not", map.value, event.at.value);
}

std::string alert_check::missing() const {
  for (auto const& one : expected_) {
    if (!one.fired) return fmt::format("{} crossed a rule that did not fire", one.cause.value);
    // Of several rules that cross at once the first asks for all.
    bool const all_asked = std::all_of(one.requests.begin(), one.requests.end(), [&](map_id map) {
      auto const state = maps_.find(map);
      return state->second.asked != event_type::none || !state->second.works;
    });
    if (!all_asked) return fmt::format("{} fired a rule that asked for nothing", one.cause.value);
  }
  return {};
}

void alert_check::bind(map_id map) {
  maps_[map].started = true;
  for (auto& [id, one] : rules_) {
    if (one.link == maps_[map].link) one.bound.insert(map);
  }
}
void alert_check::bind_started(rule_id id) {
  for (auto const& [map, state] : maps_) {
    if (state.link == rules_[id].link && state.started) rules_[id].bound.insert(map);
  }
}
// What was counted goes with the last map.
void alert_check::unbind(map_id map) {
  maps_[map].started = false;
  for (auto& [id, one] : rules_) {
    if (one.bound.erase(map) > 0 && one.bound.empty()) one.errors.clear();
  }
}

void alert_check::follow_maps(event_view const& event) {
  if (expected_.size() > 64) expected_.pop_front();
  auto const works = [&](map_id map, bool yes) {
    maps_[map].works = yes;
    maps_[map].asked = event_type::none;
  };
  if (auto const* made = event.as<MapCreated>()) maps_[map_id{event.at.value}].link = made->link;
  if (auto const* e = event.as<InitialSyncStarted>()) works(e->map, true);
  if (auto const* e = event.as<InitialSyncStarted>()) bind(e->map);
  if (auto const* e = event.as<MapResumed>()) works(e->map, true);
  if (auto const* e = event.as<MapResumed>()) bind(e->map);
  if (auto const* e = event.as<MapPaused>()) works(e->map, false);
  if (auto const* e = event.as<MapStopped>()) works(e->map, false);
  if (auto const* e = event.as<MapStopped>()) unbind(e->map);
  if (auto const* e = event.as<InitialSyncCompleted>()) {
    if (e->state != end_state::succeeded) works(e->map, false);
  }
  if (auto const* e = event.as<PauseRequested>()) maps_[e->map].asked = event_type::PauseRequested;
  if (auto const* e = event.as<StopRequested>()) maps_[e->map].asked = event_type::StopRequested;
}

}  // namespace dualwrite::simulation
