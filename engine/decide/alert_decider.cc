#include "engine/decide/alert_decider.h"

#include <fmt/format.h>

namespace dualwrite::engine {
namespace {

using projections::map_state;

bool is_error(event_view const& event) {
  if (auto const* parked = event.as<RecordParked>()) return parked->state == park_state::failed;
  if (auto const* failed = event.as<RetryFailed>()) return failed->state == park_state::failed;
  return event.as<AttemptFailed>() != nullptr;
}

// Resuming, Running and Initializing maps can be stopped in their work; the others do none.
bool concerns(projections::map_row const& map, event_type request) {
  bool const works = map.state == map_state::running || map.state == map_state::resuming ||
                     map.state == map_state::initializing;
  return works && map.pending_kind != request && map.pending_kind != event_type::StopRequested;
}

void request_action(rule_id id,
                    projections::alert_row const& rule,
                    projections::map_status const& status,
                    origin const& from,
                    std::set<map_id>& asked,
                    std::vector<encoded_event>& out) {
  auto const reason = fmt::format("rule {}: {} errors", rule.name, rule.count);
  auto const request =
      rule.action == alert_action::stop ? event_type::StopRequested : event_type::PauseRequested;
  for (auto const& [map, row] : status.maps) {
    if (row.link != rule.link || !concerns(row, request) || !asked.insert(map).second) continue;
    auto const stream = stream_id{stream_kind::map, map.value};
    if (rule.action == alert_action::stop) {
      out.push_back(draft(stream, row.link, StopRequested{map, id, reason}, from));
    } else {
      out.push_back(draft(stream, row.link, PauseRequested{map, id, reason}, from));
    }
  }
}

}  // namespace

std::vector<std::vector<encoded_event>> decide_alerts(projections::alert_windows const& windows,
                                                      projections::map_status const& status,
                                                      event_view const& latest,
                                                      alert_turn& turn) {
  std::vector<std::vector<encoded_event>> out;
  if (!is_error(latest)) return out;
  for (auto const& [id, rule] : windows.rules) {
    if (!rule.armed || !rule.crossed() || rule.errors.back() != latest.recorded_at) continue;
    if (!turn.fired.insert(id).second) continue;
    auto& events = out.emplace_back();
    origin const crossing{{}, latest.at, latest.at, {}};
    auto const count = static_cast<std::uint32_t>(rule.errors.size());
    stream_id const stream{stream_kind::rule, id.value};
    events.push_back(
        draft(stream, rule.link, AlertFired{id, count, rule.errors.front()}, crossing));
    origin const by_firing{{}, latest.at, first_of_submission, {}};
    if (rule.action != alert_action::none)
      request_action(id, rule, status, by_firing, turn.asked, events);
  }
  return out;
}

}  // namespace dualwrite::engine
