// Typed ids and counters of the log. Two of them never mix, and a bare integer never is one.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace dualwrite {

// A 64-bit number with a meaning. Zero is "none" for every id.
template <class Tag>
struct typed_number {
  std::uint64_t value = 0;

  constexpr typed_number() = default;
  constexpr explicit typed_number(std::uint64_t number) : value(number) {}
  friend constexpr auto operator<=>(typed_number, typed_number) = default;
  constexpr explicit operator bool() const { return value != 0; }
};

// The place of an event in the whole log: dense, from 1. Every sync record has one of its own,
// which is its id.
using sequence = typed_number<struct sequence_tag>;

constexpr sequence operator+(sequence at, std::uint64_t count) {
  return sequence{at.value + count};
}
constexpr sequence operator-(sequence at, std::uint64_t count) {
  return sequence{at.value - count};
}

// Links, maps, apps, rules, plans and schemas are named by the sequence of the event that made
// them.
using app_id = typed_number<struct app_tag>;
using link_id = typed_number<struct link_tag>;
using map_id = typed_number<struct map_tag>;
using rule_id = typed_number<struct rule_tag>;
using plan_id = typed_number<struct plan_tag>;  // of a maintenance
using schema_id = typed_number<struct schema_tag>;
using execution_id = typed_number<struct execution_tag>;

// One log, for ever: given at creation, changed only by a fork.
using log_id = typed_number<struct log_tag>;

// An ordered path of one link direction into its target; 0 is the main lane, the others catch up
// and retry.
using lane_id = typed_number<struct lane_tag>;
// Raised each time a lane is opened, so that a session which was thought dead can no longer write.
using epoch = typed_number<struct epoch_tag>;
// Batches of one lane, dense from 1.
using batch_number = typed_number<struct batch_tag>;

enum class side : std::uint8_t { left = 0, right = 1 };                        // never renumber
enum class direction : std::uint8_t { left_to_right = 0, right_to_left = 1 };  // never renumber

constexpr side opposite(side of) {
  return of == side::left ? side::right : side::left;
}
constexpr direction opposite(direction of) {
  return of == direction::left_to_right ? direction::right_to_left : direction::left_to_right;
}
constexpr side source_of(direction of) {
  return of == direction::left_to_right ? side::left : side::right;
}
constexpr side target_of(direction of) {
  return opposite(source_of(of));
}
constexpr direction direction_from(side source) {
  return source == side::left ? direction::left_to_right : direction::right_to_left;
}

}  // namespace dualwrite

template <class Tag>
struct std::hash<dualwrite::typed_number<Tag>> {
  std::size_t operator()(dualwrite::typed_number<Tag> number) const noexcept {
    return std::hash<std::uint64_t>{}(number.value);
  }
};
