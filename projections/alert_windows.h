// Alert rules, which maps they hold for, and how near they are to firing.
//
// A rule takes effect for a map when the map is started: the map is then bound to the rule's
// version of that time. A version has one window over all maps bound to it, or one for each of
// them where the rule counts per map; it goes with the last map.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

// The times of the last errors, never more than the rule's threshold.
struct alert_window {
  std::deque<instant> errors;
  bool armed = true;
  DW_FIELDS(errors, armed);

  // Whether the errors that it holds cross the threshold.
  bool crosses(alert_terms const& terms) const;
  // When the errors that it holds are too few for the threshold, if no more come.
  instant falls_below(alert_terms const& terms) const;
};

struct alert_version {
  alert_terms terms;
  std::set<map_id> maps;                   // bound to it
  std::map<map_id, alert_window> windows;  // under no map where it counts all together
  DW_FIELDS(terms, maps, windows);
};

// What began with a firing and lasts until the rule is clear again.
struct alert_incident {
  map_id map;  // of a rule that counts per map
  std::uint32_t version = 0;
  sequence last;          // firing
  std::set<map_id> held;  // maps that it paused or stopped, until they are in step again
  instant probe_at;       // when the apps are asked whether they answer; zero: they are not
  DW_FIELDS(map, version, last, held, probe_at);
};

struct alert_row {
  link_id link;
  alert_terms terms;
  definition_owner owner = definition_owner::hand;
  instant muted_until;
  std::uint32_t version = 1;
  std::map<std::uint32_t, alert_version> versions;  // that maps are bound to
  std::uint64_t fired = 0;
  sequence last_firing;
  std::map<sequence, alert_incident> incidents;  // by the firing that each began with
  std::uint32_t resumed = 0;  // how often in a row it resumed maps and had to pause them again
  instant resumed_at;
  DW_FIELDS(link,
            terms,
            owner,
            muted_until,
            version,
            versions,
            fired,
            last_firing,
            incidents,
            resumed,
            resumed_at);

  alert_window const* window(std::uint32_t version, map_id map) const;
  // The firing that began what is not over yet; none where it is clear.
  sequence incident_of(std::uint32_t version, map_id map) const;
  // Whether the errors that an incident began with have passed. The rules on states are asked
  // elsewhere: it is for them as if they had.
  bool has_passed(alert_incident const& incident, instant now) const;
};

struct alert_map {
  link_id link;
  bool started = false;
  std::map<rule_id, std::uint32_t> bound;  // to which version of a rule
  DW_FIELDS(link, started, bound);
};

// An error as rules count it. Its texts live as long as the event.
struct counted_error {
  link_id link;
  map_id map;  // none: of the app itself
  direction way = direction::left_to_right;
  fault_class kind = fault_class::none;
  std::string_view code, text;
};

// Fed by the rules' events, RecordParked, RetryFailed, AttemptFailed, and by the life of the maps.
// An error costs the same whatever the window, and nothing for rules that do not count it.
struct alert_windows {
  static constexpr std::string_view name = "alert_windows";
  static constexpr int version = 4;

  std::map<rule_id, alert_row> rules;
  std::map<map_id, alert_map> maps;
  DW_FIELDS(rules, maps);

  void fold(event_view const& event);
  // The error that an event tells of, where it is one: a record that failed for good, and each
  // failed attempt against an app.
  std::optional<counted_error> error_of(event_view const& event) const;

  // Each window that counts the error: see(rule, row, version number, map of the window, window).
  template <class View, class See>
  static void each_window(View& view, counted_error const& error, See const& see);
};

template <class View, class See>
void alert_windows::each_window(View& view, counted_error const& error, See const& see) {
  auto const counts = [&](auto& row, auto& version) {
    return !row.terms.disabled && version.terms.counts(error.kind) &&
           version.terms.covers(error.way);
  };
  if (error.map) {
    auto const map = view.maps.find(error.map);
    if (map == view.maps.end()) return;
    for (auto const& [rule, number] : map->second.bound) {
      auto& row = view.rules.at(rule);
      auto& version = row.versions.at(number);
      auto const of = version.terms.per_map ? error.map : map_id{};
      if (counts(row, version)) see(rule, row, number, of, version.windows.at(of));
    }
    return;
  }
  for (auto& [rule, row] : view.rules) {
    if (row.link != error.link) continue;
    for (auto& [number, version] : row.versions) {
      if (!counts(row, version)) continue;
      for (auto& [of, window] : version.windows) see(rule, row, number, of, window);
    }
  }
}

}  // namespace dualwrite::projections
