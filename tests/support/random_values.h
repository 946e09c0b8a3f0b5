// Values of every type, from a seed: small ones that meet each other often, and the edges of each
// type.
#pragma once

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>

#include "events/value.h"

namespace dualwrite::test {

// Guarantees: the same seed gives the same values, on every machine.
class random_values {
 public:
  explicit random_values(std::uint64_t seed) : engine_(seed) {}

  // Not std::uniform_int_distribution, whose results differ between libraries.
  std::int64_t number(std::int64_t low, std::int64_t high) {
    auto const span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    auto const drawn = span == 0 ? engine_() : engine_() % span;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + drawn);
  }
  bool chance(int percent) { return number(1, 100) <= percent; }

  std::string bytes(std::size_t size_max) {
    std::string made(static_cast<std::size_t>(number(0, static_cast<std::int64_t>(size_max))), ' ');
    // Zero and 0xFF are what escaping stumbles over.
    for (auto& byte : made) {
      byte = static_cast<char>(chance(20) ? (chance(50) ? 0 : 0xFF) : number(0, 255));
    }
    return made;
  }

  std::string digits(std::size_t size_max) {
    std::string made(static_cast<std::size_t>(number(1, static_cast<std::int64_t>(size_max))), '0');
    for (auto& digit : made) digit = static_cast<char>('0' + (chance(30) ? 0 : number(0, 9)));
    return made;
  }

  std::int64_t any_int64() {
    switch (number(0, 4)) {
      case 0:
        return number(-3, 3);
      case 1:
        return number(-1000, 1000);
      case 2:
        return std::numeric_limits<std::int64_t>::max() - number(0, 2);
      case 3:
        return std::numeric_limits<std::int64_t>::min() + number(0, 2);
      default:
        return static_cast<std::int64_t>(engine_());
    }
  }

  double any_float64() {
    switch (number(0, 6)) {
      case 0:
        return static_cast<double>(number(-3, 3));
      case 1:
        return static_cast<double>(number(-100, 100)) / 8;
      case 2:
        return chance(50) ? 0.0 : -0.0;
      case 3:
        return std::numeric_limits<double>::infinity() * (chance(50) ? 1 : -1);
      case 4:
        return std::numeric_limits<double>::quiet_NaN();
      case 5:
        return std::numeric_limits<double>::denorm_min() * static_cast<double>(number(1, 9));
      default:
        return static_cast<double>(any_int64()) * (chance(50) ? 1e300 : 1e-300);
    }
  }

  decimal any_finite_decimal(std::size_t digits_max = 40) {
    auto const text = digits(chance(70) ? 4 : digits_max);
    auto const scale = static_cast<std::size_t>(chance(80) ? number(0, 4) : number(0, 300));
    return *decimal::from_digits(chance(50), text, scale);
  }

  decimal any_decimal() {
    switch (number(0, 20)) {
      case 0:
        return decimal::nan();
      case 1:
        return decimal::infinity();
      case 2:
        return decimal::minus_infinity();
      case 3:
        return *decimal::parse("1e" + std::to_string(number(-300, 300)));
      default:
        return any_finite_decimal();
    }
  }

  interval any_interval() {
    return {static_cast<std::int32_t>(number(-30, 30)),
            static_cast<std::int32_t>(number(-40, 40)),
            chance(50) ? number(-2, 2) * day_us : any_int64()};
  }

  std::int64_t any_days() {
    if (chance(10)) return chance(50) ? time_infinity : time_minus_infinity;
    return chance(50) ? number(-1000, 40000) : number(-days_limit, days_limit);
  }

  value of_type(value_type type, int depth = 0) {
    switch (type) {
      case value_type::null:
        return value::null();
      case value_type::unchanged:
        return value::unchanged();
      case value_type::boolean:
        return value::of_boolean(chance(50));
      case value_type::int64:
        return value::of_int64(any_int64());
      case value_type::float64:
        return value::of_float64(any_float64());
      case value_type::decimal:
        return value::of_decimal(any_decimal());
      case value_type::date:
        return value::of_date(any_days());
      case value_type::time:
        return value::of_time(chance(50) ? number(0, 9) : number(0, day_us));
      case value_type::timestamp:
        return value::of_timestamp(any_int64());
      case value_type::timestamp_tz:
        return value::of_timestamp_tz(any_int64());
      case value_type::uuid: {
        uuid_bytes made{};
        for (auto& byte : made) byte = static_cast<std::uint8_t>(number(0, 255));
        return value::of_uuid(made);
      }
      case value_type::interval:
        return value::of_interval(any_interval());
      case value_type::array: {
        std::vector<value> elements;
        auto const count = depth >= 3 ? 0 : number(0, 3);
        for (std::int64_t at = 0; at < count; ++at) elements.push_back(any(depth + 1));
        return value::of_array(std::move(elements));
      }
      case value_type::text:
      case value_type::bytes:
      case value_type::json:
      case value_type::enumeration:
      case value_type::opaque:
        return value::of_string(type, bytes(chance(80) ? 3 : 200));
    }
    return value::null();
  }

  value any(int depth = 0) {
    return of_type(static_cast<value_type>(number(0, value_type_count - 1)), depth);
  }

  row_values row(std::size_t size_max) {
    row_values made;
    auto const size = number(0, static_cast<std::int64_t>(size_max));
    for (std::int64_t at = 0; at < size; ++at) made.push_back(any());
    return made;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace dualwrite::test
