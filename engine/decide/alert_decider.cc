#include "engine/decide/alert_decider.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "events/duration_text.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;

// So much of what an app said goes into a request's reason; the whole is in the error's event.
constexpr std::size_t sample_bytes_max = 200;

// Resuming, Running and Initializing maps can be stopped in their work; the others do none.
bool concerns(projections::map_row const& map, event_type request) {
  bool const works = map.state == map_state::running || map.state == map_state::resuming ||
                     map.state == map_state::initializing;
  return works && map.pending_kind != request && map.pending_kind != event_type::StopRequested;
}

void request_action(rule_id id,
                    projections::alert_row const& rule,
                    projections::map_status const& status,
                    std::string const& reason,
                    origin const& from,
                    std::set<map_id>& asked,
                    std::vector<encoded_event>& out) {
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

std::string reason_of(projections::alert_row const& rule, projections::counted_error const& last) {
  return fmt::format("rule {}: {}; the last: {} {}",
                     rule.name,
                     condition_text(rule),
                     last.code,
                     last.text.substr(0, sample_bytes_max));
}

}  // namespace

std::string condition_text(projections::alert_row const& rule) {
  std::vector<std::string_view> names;
  for (auto const one : rule.classes) names.push_back(name_of(one));
  return fmt::format("{} {} errors within {}",
                     rule.count,
                     fmt::join(names, " or "),
                     print_duration(duration(static_cast<duration::rep>(rule.within_us))));
}

std::vector<std::vector<encoded_event>> decide_alerts(projections::alert_windows const& windows,
                                                      projections::map_status const& status,
                                                      event_view const& latest,
                                                      alert_turn& turn) {
  std::vector<std::vector<encoded_event>> out;
  auto const error = windows.error_of(latest);
  if (!error) return out;
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
      request_action(id, rule, status, reason_of(rule, *error), by_firing, turn.asked, events);
  }
  return out;
}

}  // namespace dualwrite::engine
