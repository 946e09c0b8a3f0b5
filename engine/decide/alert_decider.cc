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
                    std::vector<encoded_event>& out) {
  auto const reason = fmt::format("rule {}: {} errors", rule.name, rule.count);
  for (auto const& [map, row] : status.maps) {
    if (row.link != rule.link) continue;
    auto const stream = stream_id{stream_kind::map, map.value};
    if (rule.action == alert_action::pause && concerns(row, event_type::PauseRequested)) {
      out.push_back(draft(stream, row.link, PauseRequested{map, id, reason}, from));
    }
    if (rule.action == alert_action::stop && concerns(row, event_type::StopRequested)) {
      out.push_back(draft(stream, row.link, StopRequested{map, id, reason}, from));
    }
  }
}

}  // namespace

std::vector<encoded_event> decide_alerts(projections::alert_windows const& windows,
                                         projections::map_status const& status,
                                         event_view const& latest) {
  std::vector<encoded_event> out;
  if (!is_error(latest)) return out;
  for (auto const& [id, rule] : windows.rules) {
    if (!rule.armed || !rule.crossed() || rule.errors.back() != latest.recorded_at) continue;
    origin const crossing{{}, latest.at, latest.at, {}};
    auto const count = static_cast<std::uint32_t>(rule.errors.size());
    out.push_back(draft({stream_kind::rule, id.value}, rule.link, AlertFired{id, count}, crossing));
    origin const by_firing{{}, latest.at, first_of_submission, {}};
    request_action(id, rule, status, by_firing, out);
  }
  return out;
}

}  // namespace dualwrite::engine
