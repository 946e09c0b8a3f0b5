// The types of the events, and the enums in them.
#pragma once

#include <cstdint>
#include <string_view>

namespace dualwrite {

// Numbers of enums are in the log: never renumber.
enum class event_type : std::uint8_t {
  none = 0,
#define DW_EVENT(number, name) name = number,
#include "events/catalogue.def"
#undef DW_EVENT
};

[[nodiscard]] std::string_view name_of(event_type type);

enum class run_mode : std::uint8_t {
  automatic = 0,
  initial_sync = 1,
  skip_initial_sync = 2,
  without_errors = 3,  // an initial sync again, but for the rows that had failed
  errored_only = 4,    // only these
};
// Whether an initial sync leaves rows of an earlier one as they are.
constexpr bool is_partial(run_mode mode) {
  return mode == run_mode::without_errors || mode == run_mode::errored_only;
}
enum class resume_mode : std::uint8_t {
  in_order = 0,       // what is queued is delivered first
  park_queue = 1,     // it becomes catch-up errors, to be retried at leisure
  discard_queue = 2,  // it is given up
};
// What is to become of the deletes that the guard holds.
enum class delete_choice : std::uint8_t { none = 0, accept = 1, skip = 2 };
enum class queue_measure : std::uint8_t { records = 0, bytes = 1, age = 2 };
enum class end_state : std::uint8_t {
  succeeded = 0,
  failed = 1,
  interrupted = 2,
  completed = 3,  // but for the rows that were left alone
};
enum class capture_kind : std::uint8_t { live = 0, initial = 1, reread = 2 };
enum class stop_reason : std::uint8_t {
  admin = 0,
  rule = 1,
  source_rewound = 2,
  target_rewound = 3,
  run_failed = 4,
  slot_lost = 5
};
enum class skip_reason : std::uint8_t {
  superseded = 0,      // a newer record of the key, or a copy that had seen it, took its place
  conflict_lost = 1,   // the other side's change won
  kept = 2,            // a copy found a row that wins by the master rule
  delete_skipped = 3,  // somebody resumed the map without its mass delete
};
enum class park_state : std::uint8_t {
  failed = 0,      // refused; an admin decides
  pending = 1,     // a retry was asked for
  due = 2,         // to be tried by itself
  waiting = 3,     // behind a parked record of its key
  dependency = 4,  // behind the record that brings the row it refers to
  reread = 5,      // the target lacks the row, the record holds a part of it: the row is read again
  conflict = 6,    // both sides changed the key, and somebody has to decide
};
enum class alert_action : std::uint8_t { none = 0, pause = 1, stop = 2 };
// What an alert rule looks at.
enum class alert_subject : std::uint8_t {
  errors = 0,       // so many within a span
  queue = 1,        // so many records are queued
  queue_age = 2,    // the oldest queued record waits for so long
  lag = 3,          // the same, of maps that are being delivered
  no_progress = 4,  // a map that has something to do has done nothing for so long
  unreachable = 5,  // an app has not answered for so long
};
enum class alert_ways : std::uint8_t { both = 0, left_to_right = 1, right_to_left = 2 };
// By what a message goes out.
enum class message_channel : std::uint8_t { mail = 0, webhook = 1 };
enum class repetition : std::uint8_t { once = 0, daily = 1, weekly = 2 };
// Who says what a link, a map or a rule is.
enum class definition_owner : std::uint8_t {
  hand = 0,      // commands
  file = 1,      // the configuration file
  released = 2,  // the file did until it named it no more; commands do
};

}  // namespace dualwrite
