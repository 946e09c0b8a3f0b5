// Counts errors anew, the slow way, and holds what rules on errors did against it: one crossing,
// one firing, one request for each map that works.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "events/codec.h"

namespace dualwrite::simulation {

class alert_check {
 public:
  // What is wrong with this event or what was before it, or nothing.
  [[nodiscard]] std::string fold(event_view const& event);

 private:
  struct rule {
    link_id link;
    std::vector<fault_class> classes;
    std::uint32_t count = 0;
    std::int64_t within_us = 0;
    alert_action action = alert_action::none;
    std::vector<instant> errors;
    std::set<map_id> bound;  // maps that were started since the rule is there
  };
  struct map_state {
    link_id link;
    bool started = false;
    bool works = false;
    event_type asked = event_type::none;
  };
  // An error that crossed a threshold has its firing in the same commit, and a firing its requests.
  struct expected {
    sequence cause;
    rule_id rule;
    std::set<map_id> requests;
    bool fired = false;
  };

  void error_at(event_view const& event, link_id link, map_id map, fault_class kind);
  void bind(map_id map);
  void bind_started(rule_id id);
  void unbind(map_id map);
  [[nodiscard]] std::string fired(event_view const& event, rule_id id);
  [[nodiscard]] std::string requested(event_view const& event, map_id map, rule_id id);
  [[nodiscard]] std::string missing() const;
  void follow_maps(event_view const& event);

  std::map<rule_id, rule> rules_;
  std::map<map_id, map_state> maps_;
  std::deque<expected> expected_;
  instant commit_;
};

}  // namespace dualwrite::simulation
