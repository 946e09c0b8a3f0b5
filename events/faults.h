// What can go wrong with one record or one app, as the admin, the alert rules and the policy table
// see it.
#pragma once

#include <cstdint>
#include <string_view>

namespace dualwrite {

// Never renumber: the numbers are in the log.
enum class fault_class : std::uint8_t {
  none = 0,
  network = 1,       // transient: the app waits and is tried again
  throttled = 2,     // transient
  unavailable = 3,   // transient
  unauthorized = 4,  // at login the app waits; on a table the map stops applying
  bad_request = 5,   // the record is parked
  application = 6,   // the target's own rules refuse the record: parked
  conflict = 7,      // policy
  mapping = 8,       // the record cannot be transformed: parked
  schema = 9,        // the map stops applying
  dependency =
      10,  // refused because a referenced row has not arrived yet: waits, not counted as an error
};

[[nodiscard]] std::string_view name_of(fault_class kind);

// Whether the same attempt may succeed by itself later.
[[nodiscard]] constexpr bool is_transient(fault_class kind) {
  return kind == fault_class::network || kind == fault_class::throttled ||
         kind == fault_class::unavailable || kind == fault_class::unauthorized;
}

}  // namespace dualwrite
