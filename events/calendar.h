// Dates and times as text: ISO 8601, proleptic Gregorian, microseconds, years of any size.
//
// 2026-11-23, 09:24:47.123456, 2026-11-23T09:24:47.5, 2026-11-23T09:24:47Z, infinity, -infinity. A
// year outside 0000 to 9999 has a sign and at least four digits; the year 0 is the one before the
// year 1. Printing leaves out a fraction of zero and trailing zeros of any other.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "events/result.h"

namespace dualwrite {

// Of dates (in days) and timestamps (in microseconds).
inline constexpr std::int64_t time_infinity = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t time_minus_infinity = std::numeric_limits<std::int64_t>::min();

// The days of a date that is not an infinity: years up to five million before and after 1970.
inline constexpr std::int64_t days_limit = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t day_us = 86'400'000'000;

// PostgreSQL's interval: months and days have no fixed length, so the three parts are kept apart.
struct interval {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t us = 0;

  friend bool operator==(interval const&, interval const&) = default;
};

[[nodiscard]] bool is_date(std::int64_t days);
[[nodiscard]] bool is_time_of_day(std::int64_t us);

// "P1Y2M3DT4H5M6.7S"; each part with its own sign, "PT0S" for nothing.
[[nodiscard]] std::string print_interval(interval const& span);
[[nodiscard]] std::string print_date(std::int64_t days);
[[nodiscard]] std::string print_time(std::int64_t us);
[[nodiscard]] std::string print_timestamp(std::int64_t us);
[[nodiscard]] std::string print_timestamp_tz(std::int64_t us);

// Errors of all: `value_not_convertible`. Between date and time stands a T or a space; a zone is Z,
// +hh, +hh:mm or +hhmm.
[[nodiscard]] result<interval> parse_interval(std::string_view text);
[[nodiscard]] result<std::int64_t> parse_date(std::string_view text);
// 24:00:00 is the end of a day, as in PostgreSQL.
[[nodiscard]] result<std::int64_t> parse_time(std::string_view text);
// A zone is refused: which clock is meant would be a guess.
[[nodiscard]] result<std::int64_t> parse_timestamp(std::string_view text);
// A zone is required.
[[nodiscard]] result<std::int64_t> parse_timestamp_tz(std::string_view text);

}  // namespace dualwrite
