#include "engine/decide/alert_decider.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "events/duration_text.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;

// So much of what an app said goes into a request's reason; the whole is in the error's event.
constexpr std::size_t sample_bytes_max = 200;

std::vector<encoded_event> requests(projections::alert_row const& rule,
                                    projections::map_status const& status,
                                    firing const& what,
                                    std::set<map_id>& asked) {
  std::vector<encoded_event> out;
  auto const version = rule.versions.find(what.version);
  if (version == rule.versions.end()) return out;
  auto const& terms = version->second.terms;
  if (terms.action == alert_action::none) return out;
  bool const stops = terms.action == alert_action::stop;
  auto const reason =
      fmt::format("rule {}: {}; {}", rule.terms.name, condition_text(terms), what.detail);
  origin const by_firing{
      {}, what.cause ? what.cause : first_of_submission, first_of_submission, {}};
  for (auto const map : version->second.maps) {
    auto const* row = status.find(map);
    if (row == nullptr || (terms.per_map && map != what.map)) continue;
    auto const request = stops ? event_type::StopRequested : event_type::PauseRequested;
    if (!can_be_asked(*row, request) || !asked.insert(map).second) continue;
    stream_id const stream{stream_kind::map, map.value};
    if (stops) {
      out.push_back(draft(stream, row->link, StopRequested{map, what.rule, reason}, by_firing));
    } else {
      out.push_back(draft(stream, row->link, PauseRequested{map, what.rule, reason}, by_firing));
    }
  }
  return out;
}

}  // namespace

bool works(projections::map_row const& map) {
  return map.state == map_state::running || map.state == map_state::resuming ||
         map.state == map_state::initializing;
}

bool can_be_asked(projections::map_row const& map, event_type request) {
  return works(map) && map.pending_kind != request && map.pending_kind != event_type::StopRequested;
}

std::vector<encoded_event> fire(projections::alert_row const& rule,
                                projections::map_status const& status,
                                firing const& what,
                                std::set<map_id>& asked) {
  auto asking = requests(rule, status, what, asked);
  AlertFired fired;
  fired.rule = what.rule;
  fired.count = what.count;
  fired.since = what.since;
  fired.map = what.map;
  fired.version = what.version;
  fired.incident = rule.incident_of(what.version, what.map);
  fired.asked = static_cast<std::uint32_t>(asking.size());
  fired.measured = what.measured;
  origin const crossing{{}, what.cause, what.cause, {}};
  std::vector<encoded_event> out;
  out.push_back(draft({stream_kind::rule, what.rule.value}, rule.link, fired, crossing));
  for (auto& one : asking) out.push_back(std::move(one));
  return out;
}

std::string condition_text(alert_terms const& terms) {
  auto const span = print_duration(terms.within());
  switch (terms.subject) {
    case alert_subject::errors:
      break;
    case alert_subject::queue:
      return fmt::format("{} records are queued", terms.count);
    case alert_subject::queue_age:
      return fmt::format("records are queued for {}", span);
    case alert_subject::lag:
      return fmt::format("maps at work lag behind by {}", span);
    case alert_subject::no_progress:
      return fmt::format("no progress for {}", span);
    case alert_subject::unreachable:
      return fmt::format("an app does not answer for {}", span);
  }
  std::vector<std::string_view> names;
  for (auto const one : terms.classes) names.push_back(name_of(one));
  return fmt::format("{} {} errors within {}", terms.count, fmt::join(names, " or "), span);
}

std::vector<std::vector<encoded_event>> decide_alerts(projections::alert_windows const& windows,
                                                      projections::map_status const& status,
                                                      event_view const& latest,
                                                      alert_turn& turn) {
  std::vector<std::vector<encoded_event>> out;
  if (windows.crossed.empty()) return out;
  auto const error = windows.error_of(latest);
  for (auto const& one : windows.crossed) {
    if (!turn.fired.insert({one.rule, one.number, one.map}).second) continue;
    firing what;
    what.rule = one.rule;
    what.version = one.number;
    what.map = one.map;
    what.count = static_cast<std::uint32_t>(one.window->errors.size());
    what.since = one.window->errors.oldest();
    what.cause = latest.at;
    what.detail =
        fmt::format("the last: {} {}", error->code, error->text.substr(0, sample_bytes_max));
    out.push_back(fire(*one.row, status, what, turn.asked));
  }
  return out;
}

}  // namespace dualwrite::engine
