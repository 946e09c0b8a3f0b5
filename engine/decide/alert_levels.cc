#include "engine/decide/alert_levels.h"

#include <fmt/format.h>
#include <algorithm>

#include "events/calendar.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

std::string_view print_way(direction way) {
  return way == direction::left_to_right ? "left to right" : "right to left";
}

// The longest of what lasts, and of whom it is.
struct longest {
  std::optional<instant> since;
  std::string detail;

  void take(instant one, std::string what) {
    if (since && *since <= one) return;
    since = one;
    detail = fmt::format("{} since {}", what, print_timestamp_tz(one.us));
  }
};

struct level_reader {
  projections::views const& state;
  projections::alert_row const& rule;
  projections::alert_version const& version;
  map_id only;
  instant now;

  template <class See>
  void each_map(See const& see) const {
    for (auto const map : version.maps) {
      auto const* row = state.status.find(map);
      if (row != nullptr && (!only || map == only)) see(map, *row);
    }
  }
  projections::sums_row const* sums(map_id map, direction way) const {
    if (!version.terms.covers(way)) return nullptr;
    auto const found = state.conservation.sums.find({map, way});
    return found == state.conservation.sums.end() ? nullptr : &found->second;
  }
  instant waits_since(map_id map, direction way, projections::sums_row const& row) const {
    return row.waits_since(state.delivery.position(map, way), now);
  }

  level queue() const {
    level out;
    each_map([&](map_id map, projections::map_row const&) {
      for (auto const way : both_ways) {
        auto const* row = sums(map, way);
        if (row != nullptr && row->queued() > 0)
          out.measured += static_cast<std::uint64_t>(row->queued());
      }
    });
    out.crossed = out.measured >= version.terms.count;
    out.since = now;
    out.detail = fmt::format("{} wait", out.measured);
    return out;
  }

  // Records that wait; only of maps that run, where that is asked for: one that is paused or
  // catches up is behind by intention.
  longest waiting(bool running_only) const {
    longest out;
    each_map([&](map_id map, projections::map_row const& row) {
      if (running_only && row.state != map_state::running) return;
      for (auto const way : both_ways) {
        auto const* one = sums(map, way);
        if (one == nullptr || one->queued() <= 0) continue;
        out.take(waits_since(map, way, *one),
                 fmt::format("records of map {}, {}, wait", row.name, print_way(way)));
      }
    });
    return out;
  }

  // A copy reads and writes its legs one after the other; a delivery has to go on each way.
  longest silent() const {
    longest out;
    each_map([&](map_id map, projections::map_row const& row) {
      if (!works(row)) return;
      instant moved = row.since;
      for (auto const way : both_ways) {
        auto const* one = sums(map, way);
        if (one == nullptr) continue;
        moved = std::max({moved, one->last_settled, one->last_captured});
        if (row.state == map_state::initializing || one->queued() <= 0) continue;
        out.take(std::max({row.since, one->last_settled, waits_since(map, way, *one)}),
                 fmt::format("map {}, {}, stands still", row.name, print_way(way)));
      }
      if (row.state == map_state::initializing)
        out.take(moved, fmt::format("the copy of map {} stands still", row.name));
    });
    return out;
  }

  longest away() const {
    longest out;
    auto const take = [&](auto const& rows, bool is_read) {
      for (auto const& [of, row] : rows) {
        auto const way = is_read ? direction_from(of.second) : direction_from(opposite(of.second));
        if (of.first != rule.link || !version.terms.covers(way)) continue;
        auto const app = state.status.apps.find(row.app);
        auto const name = app == state.status.apps.end() ? std::string() : app->second;
        out.take(row.since, fmt::format("{} does not answer ({}: {})", name, row.code, row.text));
      }
    };
    take(state.outages.read, true);
    take(state.outages.written, false);
    return out;
  }

  level lasting(longest const& one) const {
    level out;
    if (!one.since) return out;
    out.since = *one.since;
    out.detail = one.detail;
    out.measured = static_cast<std::uint64_t>(std::max<std::int64_t>(0, (now - out.since).count()));
    out.crossed = out.measured >= version.terms.within_us;
    if (!out.crossed) out.crosses_at = out.since + version.terms.within();
    return out;
  }

  level read() const {
    switch (version.terms.subject) {
      case alert_subject::errors:
        break;
      case alert_subject::queue:
        return queue();
      case alert_subject::queue_age:
        return lasting(waiting(false));
      case alert_subject::lag:
        return lasting(waiting(true));
      case alert_subject::no_progress:
        return lasting(silent());
      case alert_subject::unreachable:
        return lasting(away());
    }
    return {};
  }
};

bool is_on_state(alert_terms const& terms) {
  return terms.subject != alert_subject::errors;
}

// Each window of a rule on a state, with what it measures.
template <class See>
void each_level(projections::views const& state, instant now, See const& see) {
  for (auto const& [id, rule] : state.alerts.rules) {
    if (rule.terms.disabled) continue;
    for (auto const& [number, version] : rule.versions) {
      if (!is_on_state(version.terms)) continue;
      for (auto const& [map, window] : version.windows)
        see(id, rule, number, map, measure(state, rule, version, map, now));
    }
  }
}

bool is_over(projections::views const& state,
             projections::alert_row const& rule,
             projections::alert_incident const& incident,
             instant now) {
  if (!incident.held.empty() || !rule.has_passed(incident, now)) return false;
  auto const version = rule.versions.find(incident.version);
  if (version == rule.versions.end() || rule.terms.disabled) return true;
  if (!is_on_state(version->second.terms)) return true;
  return !measure(state, rule, version->second, incident.map, now).crossed;
}

}  // namespace

level measure(projections::views const& state,
              projections::alert_row const& rule,
              projections::alert_version const& version,
              map_id only,
              instant now) {
  return level_reader{state, rule, version, only, now}.read();
}

std::vector<encoded_event> decide_alerts_at(projections::views const& state, instant now) {
  std::vector<encoded_event> out;
  std::set<map_id> asked;
  for (auto const& [id, rule] : state.alerts.rules) {
    for (auto const& [began, incident] : rule.incidents) {
      if (!is_over(state, rule, incident, now)) continue;
      origin const from{{}, began, began, {}};
      out.push_back(
          draft({stream_kind::rule, id.value}, rule.link, AlertResolved{id, began}, from));
    }
  }
  if (!out.empty()) return out;
  auto const judge = [&](rule_id id,
                         projections::alert_row const& rule,
                         std::uint32_t number,
                         map_id map,
                         level const& reading) {
    if (!out.empty() || !reading.crossed || rule.incident_of(number, map)) return;
    firing what;
    what.rule = id;
    what.version = number;
    what.map = map;
    what.since = reading.since;
    what.measured = reading.measured;
    what.detail = reading.detail;
    out = fire(rule, state.status, what, asked);
  };
  each_level(state, now, judge);
  return out;
}

std::optional<instant> next_alert_at(projections::views const& state, instant now) {
  std::optional<instant> next;
  auto const take = [&](instant when) { next = next ? std::min(*next, when) : when; };
  for (auto const& [id, rule] : state.alerts.rules) {
    for (auto const& [began, incident] : rule.incidents) {
      if (is_over(state, rule, incident, now)) {
        take(now);
      } else if (incident.held.empty()) {
        auto const* window = rule.window(incident.version, incident.map);
        if (window == nullptr) continue;
        auto const below = window->falls_below(rule.versions.at(incident.version).terms);
        if (below > now) take(below);
      }
    }
  }
  auto const judge = [&](rule_id,
                         projections::alert_row const& rule,
                         std::uint32_t number,
                         map_id map,
                         level const& reading) {
    if (reading.crossed && !rule.incident_of(number, map)) take(now);
    if (reading.crosses_at) take(*reading.crosses_at);
  };
  each_level(state, now, judge);
  return next;
}

}  // namespace dualwrite::engine
