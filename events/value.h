// One value of a column, of an exact type.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "events/calendar.h"
#include "events/decimal.h"

namespace dualwrite {

// Never renumber: the numbers are in row images, keys and schemas.
enum class value_type : std::uint8_t {
  null = 0,
  boolean = 1,
  int64 = 2,
  float64 = 3,
  decimal = 4,
  text = 5,
  bytes = 6,
  date = 7,           // days since 1970-01-01
  time = 8,           // microseconds of the day, without a zone
  timestamp = 9,      // microseconds since 1970-01-01T00:00:00 on a clock that is not named
  timestamp_tz = 10,  // microseconds since 1970-01-01T00:00:00Z
  uuid = 11,
  json = 12,  // the text as the app sent it
  array = 13,
  interval = 14,
  enumeration = 15,  // the label; its type is the column's
  opaque = 16,       // the app's own bytes of a type that we do not know
  unchanged = 17,    // the source did not send it, because it did not change
};
inline constexpr std::uint8_t value_type_count = 18;

[[nodiscard]] std::string_view name_of(value_type type);
// Nothing where no type has this name.
[[nodiscard]] std::optional<value_type> type_named(std::string_view name);

using uuid_bytes = std::array<std::uint8_t, 16>;

// Guarantees: values are equal when they have the same type and are exactly the same: 1.0 is 1.00,
// 0.0 is -0.0, NaN is NaN, int64 5 is not decimal 5. compare() is a total order in which only equal
// values are equivalent: NULL first, then booleans, numbers by what they are worth (int64 before
// float64 before decimal where they are worth the same), texts by their bytes, and so on in the
// order of the types; `unchanged` last.
// Errors: none. An accessor of another type than the value's is a bug.
// Threads: a plain value.
class value {
 public:
  value() = default;  // NULL
  [[nodiscard]] static value null() { return {}; }
  [[nodiscard]] static value unchanged() { return {value_type::unchanged, std::monostate{}}; }
  [[nodiscard]] static value of_boolean(bool truth) { return {value_type::boolean, truth}; }
  [[nodiscard]] static value of_int64(std::int64_t number) { return {value_type::int64, number}; }
  [[nodiscard]] static value of_float64(double number) { return {value_type::float64, number}; }
  [[nodiscard]] static value of_decimal(decimal number) {
    return {value_type::decimal, std::move(number)};
  }
  [[nodiscard]] static value of_text(std::string text) {
    return {value_type::text, std::move(text)};
  }
  [[nodiscard]] static value of_bytes(std::string bytes) {
    return {value_type::bytes, std::move(bytes)};
  }
  // `days` is_date(), `us` is_time_of_day(): anything else is a bug.
  [[nodiscard]] static value of_date(std::int64_t days);
  [[nodiscard]] static value of_time(std::int64_t us);
  // time_infinity and time_minus_infinity are infinities.
  [[nodiscard]] static value of_timestamp(std::int64_t us) { return {value_type::timestamp, us}; }
  [[nodiscard]] static value of_timestamp_tz(std::int64_t us) {
    return {value_type::timestamp_tz, us};
  }
  [[nodiscard]] static value of_uuid(uuid_bytes bytes) { return {value_type::uuid, bytes}; }
  [[nodiscard]] static value of_json(std::string text) {
    return {value_type::json, std::move(text)};
  }
  // An array of several dimensions is an array of arrays.
  [[nodiscard]] static value of_array(std::vector<value> elements);
  [[nodiscard]] static value of_interval(interval span) { return {value_type::interval, span}; }
  [[nodiscard]] static value of_enumeration(std::string label) {
    return {value_type::enumeration, std::move(label)};
  }
  [[nodiscard]] static value of_opaque(std::string bytes) {
    return {value_type::opaque, std::move(bytes)};
  }

  // Of text, bytes, json, enumeration or opaque.
  [[nodiscard]] static value of_string(value_type type, std::string bytes);

  [[nodiscard]] value_type type() const { return type_; }
  [[nodiscard]] bool is_null() const { return type_ == value_type::null; }
  [[nodiscard]] bool is_unchanged() const { return type_ == value_type::unchanged; }

  [[nodiscard]] bool as_boolean() const { return std::get<bool>(held_); }
  [[nodiscard]] std::int64_t as_int64() const;
  [[nodiscard]] double as_float64() const { return std::get<double>(held_); }
  [[nodiscard]] decimal const& as_decimal() const { return std::get<decimal>(held_); }
  // Of text, bytes, json, enumeration and opaque.
  [[nodiscard]] std::string const& as_string() const { return std::get<std::string>(held_); }
  [[nodiscard]] std::int64_t as_days() const;
  // Of time, timestamp and timestamp_tz.
  [[nodiscard]] std::int64_t as_us() const;
  [[nodiscard]] uuid_bytes const& as_uuid() const { return std::get<uuid_bytes>(held_); }
  [[nodiscard]] std::vector<value> const& as_array() const;
  [[nodiscard]] interval const& as_interval() const { return std::get<interval>(held_); }

  [[nodiscard]] static std::strong_ordering compare(value const& a, value const& b);
  friend bool operator==(value const& a, value const& b) {
    return a.type_ == b.type_ && compare(a, b) == 0;
  }
  friend std::strong_ordering operator<=>(value const& a, value const& b) { return compare(a, b); }

 private:
  using elements = std::shared_ptr<std::vector<value> const>;
  using held = std::variant<std::monostate,
                            bool,
                            std::int64_t,
                            double,
                            decimal,
                            std::string,
                            uuid_bytes,
                            interval,
                            elements>;

  value(value_type type, held what) : held_(std::move(what)), type_(type) {}

  held held_;
  value_type type_ = value_type::null;
};

using row_values = std::vector<value>;

// For people: numbers and texts as they are, bytes as \x and hexadecimal, NULL as NULL. Not meant
// to be read back.
[[nodiscard]] std::string to_string(value const& what);

// "8-4-4-4-12" hexadecimal digits; parsing takes capitals too.
// Errors: `value_not_convertible`.
[[nodiscard]] std::string print_uuid(uuid_bytes const& bytes);
[[nodiscard]] result<uuid_bytes> parse_uuid(std::string_view text);
// The shortest text that reads back as the same number; "NaN", "Infinity", "-Infinity".
[[nodiscard]] std::string print_float64(double number);
// Takes what is printed. A number that is only near to a double is the nearest double; one beyond
// them is `value_not_convertible`.
[[nodiscard]] result<double> parse_float64(std::string_view text);

}  // namespace dualwrite
