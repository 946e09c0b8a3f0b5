// Alert rules and how near they are to firing: for each rule the times of its last errors, as many
// as its threshold.
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

struct alert_row {
  link_id link;
  std::string name;
  std::vector<fault_class> classes;
  std::uint32_t count = 0;
  std::uint64_t within_us = 0;
  alert_action action = alert_action::none;
  std::string notify;  // mail addresses, with commas between them
  definition_owner owner = definition_owner::hand;
  std::uint64_t cooldown_us = 0;  // that long after a message it sends none
  bool disabled = false;
  instant muted_until;
  std::deque<instant> errors;  // never more than `count`
  bool armed = true;
  std::uint64_t fired = 0;
  sequence open;  // the first firing since it was last clear; none where it is
  sequence last_firing;
  std::set<map_id> held;  // maps that it paused or stopped, until they are in step again
  DW_FIELDS(link,
            name,
            classes,
            count,
            within_us,
            action,
            notify,
            owner,
            cooldown_us,
            disabled,
            muted_until,
            errors,
            armed,
            fired,
            open,
            last_firing,
            held);

  // Whether the errors that it holds cross its threshold.
  bool crossed() const;
  // When the errors that it holds are too few for its threshold, if no more come.
  instant falls_below() const;
  // Whether what it fired for is over.
  bool is_over(instant now) const { return open && held.empty() && falls_below() <= now; }
  bool counts(fault_class kind) const;
};

// An error as rules count it. Its texts live as long as the event.
struct counted_error {
  link_id link;
  map_id map;  // none: of the app itself
  fault_class kind = fault_class::none;
  std::string_view code, text;
};

// Fed by the rules' events, RecordParked, RetryFailed, AttemptFailed, and by what the maps do that
// its rules asked something of. Costs the same for every
// error, whatever the window.
struct alert_windows {
  static constexpr std::string_view name = "alert_windows";
  static constexpr int version = 3;

  std::map<rule_id, alert_row> rules;
  std::map<map_id, link_id> links;
  DW_FIELDS(rules, links);

  void fold(event_view const& event);
  // The error that an event tells of, where it is one: a record that failed for good, and each
  // failed attempt against an app.
  std::optional<counted_error> error_of(event_view const& event) const;
};

}  // namespace dualwrite::projections
