// Alert rules, which maps they hold for, and how near they are to firing.
//
// A rule takes effect for a map when the map is started: the map is then bound to the rule's
// version of that time. A version has one window over all maps bound to it, or one for each of
// them where the rule counts per map; it goes with the last map.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

// The times of the last errors: a ring, in which the oldest makes room.
struct error_times {
  std::vector<instant> ring;
  std::uint32_t next = 0;  // where the next one goes once the ring is full
  DW_FIELDS(ring, next);

  // Keeps at most `most`, which is the same at each call.
  void add(instant when, std::uint32_t most) {
    if (ring.size() < most) {
      ring.push_back(when);
      return;
    }
    ring[next] = when;
    next = next + 1 < most ? next + 1 : 0;
  }
  void clear() { *this = {}; }
  std::size_t size() const { return ring.size(); }
  bool empty() const { return ring.empty(); }
  instant oldest() const { return ring[next]; }
  instant newest() const { return next == 0 ? ring.back() : ring[next - 1]; }
};

struct alert_window {
  error_times errors;  // never more than the rule's threshold
  bool armed = true;
  DW_FIELDS(errors, armed);

  // Whether the errors that it holds cross the threshold.
  bool crosses(std::uint32_t count, duration within) const {
    if (count == 0 || errors.size() < count) return false;
    return errors.newest() - errors.oldest() < within;
  }
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

// A window with what counts in it. An error is counted by what stands in here and in the window:
// with many rules, what is looked at beyond that is what costs.
struct alert_counter {
  std::uint32_t kinds = 0;  // a bit for each class that counts
  std::uint32_t count = 0;
  duration within{};
  alert_ways ways = alert_ways::both;
  alert_window* window = nullptr;
  rule_id rule;
  alert_row const* row = nullptr;
  std::uint32_t number = 0;
  alert_version const* version = nullptr;
  map_id map;  // of the window; none where the rule counts all together

  bool counts(counted_error const& error) const {
    return (kinds >> static_cast<unsigned>(error.kind) & 1) != 0 && covers(ways, error.way);
  }
};

// Which windows an error may count in: made from the view when it is first asked for, and again
// when maps are bound or rules are changed. It points into the view, so that a copy begins without.
class alert_index {
 public:
  alert_index() = default;
  alert_index(alert_index const&) {}
  alert_index& operator=(alert_index const&) {
    clear();
    return *this;
  }
  void clear() { is_made_ = false; }
  // Of the error's map, or of its link where it is the app's.
  std::vector<alert_counter> const& of(struct alert_windows& view, counted_error const& error);

 private:
  void make(alert_windows& view);

  bool is_made_ = false;
  std::map<map_id, std::vector<alert_counter>> by_map_;
  std::map<link_id, std::vector<alert_counter>> by_link_;
};

// Fed by the rules' events, RecordParked, RetryFailed, AttemptFailed, and by the life of the maps.
// An error costs the same whatever the window, and nothing for rules that are about other maps.
struct alert_windows {
  static constexpr std::string_view name = "alert_windows";
  static constexpr int version = 5;

  std::map<rule_id, alert_row> rules;
  std::map<map_id, alert_map> maps;
  DW_FIELDS(rules, maps);

  // Not part of the state: the windows that the event folded last made cross their threshold while
  // they were armed; they are true until the next fold.
  std::vector<alert_counter> crossed;
  alert_index index;

  void fold(event_view const& event);
  // The error that an event tells of, where it is one: a record that failed for good, and each
  // failed attempt against an app.
  std::optional<counted_error> error_of(event_view const& event) const;

  // Each window that counts the error.
  template <class See>
  void each_window(counted_error const& error, See const& see) {
    auto const& counters = index.of(*this, error);
    for (std::size_t i = 0; i < counters.size(); ++i) {
      if (i + 4 < counters.size()) __builtin_prefetch(counters[i + 4].window);
      if (counters[i].counts(error)) see(counters[i]);
    }
  }
};

}  // namespace dualwrite::projections
