// What an alert rule says. One list of members for the events that make and change a rule, for the
// views that follow it, and for the commands and files that ask for it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/event_types.h"
#include "events/faults.h"
#include "events/fields.h"
#include "events/ids.h"
#include "events/instant.h"

namespace dualwrite {

inline bool covers(alert_ways ways, direction way) {
  return ways == alert_ways::both ||
         (ways == alert_ways::left_to_right) == (way == direction::left_to_right);
}

// Text is std::string_view in an event and std::string where the terms are kept.
template <class Text>
struct basic_alert_terms {
  Text name{};
  alert_subject subject = alert_subject::errors;
  std::vector<fault_class> classes{};  // of errors
  std::uint32_t count = 1;             // so many errors, or queued records
  // The span in which the errors have to come; for the other subjects how long it has to last.
  std::uint64_t within_us = 0;
  std::vector<map_id> maps{};  // none: all of the link
  alert_ways ways = alert_ways::both;
  bool per_map = false;  // each map counts, and is acted on, for itself alone
  alert_action action = alert_action::none;
  Text notify{};    // mail addresses, with commas between them
  Text webhooks{};  // names of web hooks of the configuration file, with commas between them
  std::uint64_t cooldown_us = 0;  // that long after a message it sends none
  bool disabled = false;
  bool at_once = false;  // takes effect for maps at work, not only when they are next started
  std::uint64_t resume_after_us = 0;  // what it paused is resumed then; zero: by people only
  DW_FIELDS(name,
            subject,
            classes,
            count,
            within_us,
            maps,
            ways,
            per_map,
            action,
            notify,
            webhooks,
            cooldown_us,
            disabled,
            at_once,
            resume_after_us);

  duration within() const { return duration(static_cast<duration::rep>(within_us)); }
  bool covers(map_id map) const {
    return maps.empty() || std::find(maps.begin(), maps.end(), map) != maps.end();
  }
  bool covers(direction way) const { return dualwrite::covers(ways, way); }
  bool counts(fault_class kind) const {
    return subject == alert_subject::errors &&
           std::find(classes.begin(), classes.end(), kind) != classes.end();
  }
  // Whether the two count and act alike: a rule that changes only in the rest keeps its window.
  bool acts_like(basic_alert_terms const& other) const {
    return subject == other.subject && classes == other.classes && count == other.count &&
           within_us == other.within_us && maps == other.maps && ways == other.ways &&
           per_map == other.per_map && action == other.action &&
           resume_after_us == other.resume_after_us;
  }
  friend bool operator==(basic_alert_terms const&, basic_alert_terms const&) = default;
};

using alert_terms = basic_alert_terms<std::string>;
using alert_terms_view = basic_alert_terms<std::string_view>;

// The same terms with texts of the other kind; a view lives as long as what it was made from.
template <class To, class From>
[[nodiscard]] basic_alert_terms<To> terms_as(basic_alert_terms<From> const& from) {
  return {To(from.name),
          from.subject,
          from.classes,
          from.count,
          from.within_us,
          from.maps,
          from.ways,
          from.per_map,
          from.action,
          To(from.notify),
          To(from.webhooks),
          from.cooldown_us,
          from.disabled,
          from.at_once,
          from.resume_after_us};
}

}  // namespace dualwrite
