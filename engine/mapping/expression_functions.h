// The functions that expressions may call.
#pragma once

#include <span>
#include <string_view>

#include "events/value.h"

namespace dualwrite::engine {

// How the types of arguments and result hang together.
enum class function_shape : std::uint8_t {
  fixed,     // as `arguments` says: t text, n int64, d decimal; after ? they may be left out; *
             // repeats the one before
  same,      // all arguments of one type, which is the result's: coalesce
  ordered,   // the same, of a type that has an order: min, max
  equal,     // two that can be compared, the result is the first or NULL: nullif
  choice,    // a condition and two of one type: iif
  size,      // of text or bytes: length
  number,    // any number, which is the result's type: abs
  rounding,  // a number and perhaps places: round
  quotient,  // two whole numbers, or two numbers and places: div
  day_part,  // of a date or timestamp: year, month, day
  zone,      // timestamp to timestamp_tz and back: at_utc
};

struct function_rule {
  std::string_view name;
  function_shape shape;
  std::size_t least;
  std::size_t most;
  std::string_view arguments;
  value_type result;
};

inline constexpr std::size_t arguments_max = 100;

[[nodiscard]] std::span<function_rule const> all_functions();
[[nodiscard]] function_rule const* find_function(std::string_view name);

}  // namespace dualwrite::engine
