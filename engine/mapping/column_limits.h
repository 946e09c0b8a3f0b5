// What a column makes of a value that it neither holds as it is nor refuses: it fills it up, cuts
// it, rounds it, or keeps only what it means. Of such a value the source would be told another.
//
// A connector says it in the `precision` of the column_schema, where 0 is: nothing is known.
// Format, never renumber, for schemas are in the log: of a text 1 filled up with blanks to
// length_max characters, 2 cut to length_max bytes; of a json 1 the text as it is, 2 what it means;
// of a float64 the bits of its mantissa; of a time, timestamp, timestamp_tz and interval a
// time_unit. Of a decimal it is the count of digits, and `scale` may be negative, as 32 bits.
#pragma once

#include <optional>
#include <string>

#include "events/table_schema.h"

namespace dualwrite::engine {

inline constexpr std::uint32_t text_padded = 1;
inline constexpr std::uint32_t text_cut = 2;
inline constexpr std::uint32_t json_verbatim = 1;
inline constexpr std::uint32_t json_normalized = 2;
inline constexpr std::uint32_t float_single = 24;
inline constexpr std::uint32_t float_double = 53;

// The smallest part that is kept; between the first two are the places of a second.
enum class time_unit : std::uint32_t {
  unknown = 0,
  microsecond = 1,
  second = 7,
  minute = 8,
  hour = 9,
  day = 10,
  month = 11,
  year = 12,
};

[[nodiscard]] constexpr bool is_timed(value_type type) {
  return type == value_type::time || type == value_type::timestamp ||
         type == value_type::timestamp_tz || type == value_type::interval;
}
// Of a decimal.
[[nodiscard]] inline std::int32_t scale_of(column_schema const& column) {
  return static_cast<std::int32_t>(column.scale);
}

// The limits of an array's column are those of its elements.
[[nodiscard]] column_schema element_of(column_schema const& array);

// What ordinary values of `from` lose in `to`, as a part of a sentence; nothing where they do not,
// where the types differ, or where it is not known what `from` has.
[[nodiscard]] std::optional<std::string> loss_between(column_schema const& from,
                                                      column_schema const& to);

// A value of the column's type as the column keeps it: a text is filled up.
// Errors: `value_not_convertible` with the reason alone, where something of it would be lost.
[[nodiscard]] result<value> as_kept(value what, column_schema const& in);

// "(3)", "(12,-2)", "(5, padded)"; empty where there is no limit.
[[nodiscard]] std::string print_limits(column_schema const& column);

}  // namespace dualwrite::engine
