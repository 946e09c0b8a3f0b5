// What a letter about an alert rule or about maintenance says. Pure: the same facts give the same
// bytes.
#pragma once

#include <string>
#include <vector>

#include "events/faults.h"
#include "events/ids.h"
#include "events/instant.h"
#include "projections/notifications.h"

namespace dualwrite::engine {

// Errors that are of one kind, with a sample.
struct error_group {
  std::string map;  // empty: of the app itself
  fault_class kind = fault_class::none;
  std::string code, text;  // the app's own words
  std::uint64_t count = 0;
  sequence sample;  // the event that says so
};

struct held_map {
  std::string name;
  std::uint64_t queued = 0;
};

struct letter_facts {
  projections::message_kind kind = projections::message_kind::fired;
  std::string topic, link;  // the name of the rule or the plan
  std::string condition;    // "10 application errors within 15m"
  alert_subject subject = alert_subject::errors;
  std::uint32_t count = 0;          // errors
  std::uint64_t measured = 0;       // queued records, or microseconds
  instant since, at;                // of maintenance: when it begins
  instant until;                    // when it ends
  std::string zone;                 // of maintenance
  std::vector<error_group> groups;  // the most frequent first
  std::uint64_t groups_left_out = 0;
  alert_action action = alert_action::none;
  duration resumes_after{};    // zero: people resume
  std::vector<held_map> maps;  // that were asked to pause, to stop or to resume
};

struct letter_text {
  std::string subject, text, html;
};

[[nodiscard]] letter_text compose(letter_facts const& facts);

}  // namespace dualwrite::engine
