// Alert rules and how near they are to firing: for each rule the times of its last errors, as many
// as its threshold.
#pragma once

#include <deque>
#include <map>
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
  std::deque<instant> errors;  // never more than `count`
  bool armed = true;
  std::uint64_t fired = 0;
  DW_FIELDS(link, name, classes, count, within_us, action, notify, owner, errors, armed, fired);

  // Whether the errors that it holds cross its threshold.
  bool crossed() const;
  bool counts(fault_class kind) const;
};

// Fed by the rules' events, RecordParked, RetryFailed, AttemptFailed. Costs the same for every
// error, whatever the window.
struct alert_windows {
  static constexpr std::string_view name = "alert_windows";
  static constexpr int version = 2;

  std::map<rule_id, alert_row> rules;
  std::map<map_id, link_id> links;
  DW_FIELDS(rules, links);

  void fold(event_view const& event);
};

}  // namespace dualwrite::projections
