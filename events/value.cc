#include "events/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <tuple>

#include "events/assert.h"

namespace dualwrite {
namespace {

constexpr std::string_view names[value_type_count] = {"null",
                                                      "boolean",
                                                      "int64",
                                                      "float64",
                                                      "decimal",
                                                      "text",
                                                      "bytes",
                                                      "date",
                                                      "time",
                                                      "timestamp",
                                                      "timestamp_tz",
                                                      "uuid",
                                                      "json",
                                                      "array",
                                                      "interval",
                                                      "enumeration",
                                                      "opaque",
                                                      "unchanged"};

bool is_number(value_type type) {
  return type == value_type::int64 || type == value_type::float64 || type == value_type::decimal;
}

// Numbers share a place in the order of the types.
std::uint8_t rank(value_type type) {
  return static_cast<std::uint8_t>(is_number(type) ? value_type::int64 : type);
}

decimal exact_number(value const& number) {
  switch (number.type()) {
    case value_type::int64:
      return decimal(number.as_int64());
    case value_type::float64:
      return decimal::exactly(number.as_float64());
    default:
      return number.as_decimal();
  }
}

std::strong_ordering compare_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  if (a == b) return std::strong_ordering::equal;
  return a < b ? std::strong_ordering::less : std::strong_ordering::greater;
}

std::strong_ordering compare_numbers(value const& a, value const& b) {
  if (a.type() == b.type()) {
    if (a.type() == value_type::int64) return a.as_int64() <=> b.as_int64();
    if (a.type() == value_type::float64) return compare_doubles(a.as_float64(), b.as_float64());
    return decimal::compare(a.as_decimal(), b.as_decimal());
  }
  auto const order = decimal::compare(exact_number(a), exact_number(b));
  return order != 0 ? order : a.type() <=> b.type();
}

std::strong_ordering compare_bytes(std::string_view a, std::string_view b) {
  // char_traits<char> compares as unsigned char, which is what "by bytes" means.
  return a.compare(b) <=> 0;
}

// By length with months of 30 days, as PostgreSQL orders them; where that is the same, by the
// parts.
std::strong_ordering compare_intervals(interval const& a, interval const& b) {
  auto const split = [](interval const& span) {
    auto days = std::int64_t{span.months} * 30 + span.days + span.us / day_us;
    auto us = span.us % day_us;
    if (us < 0) us += day_us, --days;
    return std::tuple(days, us, span.months, span.days);
  };
  return split(a) <=> split(b);
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (unsigned char const byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

std::string_view name_of(value_type type) {
  auto const at = static_cast<std::size_t>(type);
  return at < value_type_count ? names[at] : "unknown";
}

std::optional<value_type> type_named(std::string_view name) {
  auto const at = std::find(std::begin(names), std::end(names), name);
  if (at == std::end(names)) return std::nullopt;
  return static_cast<value_type>(at - std::begin(names));
}

value value::of_date(std::int64_t days) {
  DW_ASSERT(is_date(days));
  return {value_type::date, days};
}

value value::of_time(std::int64_t us) {
  DW_ASSERT(is_time_of_day(us));
  return {value_type::time, us};
}

value value::of_array(std::vector<value> elements_of_array) {
  return {value_type::array,
          std::make_shared<std::vector<value> const>(std::move(elements_of_array))};
}

std::int64_t value::as_int64() const {
  DW_ASSERT(type_ == value_type::int64);
  return std::get<std::int64_t>(held_);
}

std::int64_t value::as_days() const {
  DW_ASSERT(type_ == value_type::date);
  return std::get<std::int64_t>(held_);
}

std::int64_t value::as_us() const {
  DW_ASSERT(type_ == value_type::time || type_ == value_type::timestamp ||
            type_ == value_type::timestamp_tz);
  return std::get<std::int64_t>(held_);
}

std::vector<value> const& value::as_array() const {
  return *std::get<elements>(held_);
}

std::strong_ordering value::compare(value const& a, value const& b) {
  if (auto const order = rank(a.type_) <=> rank(b.type_); order != 0) return order;
  switch (a.type_) {
    case value_type::null:
    case value_type::unchanged:
      return std::strong_ordering::equal;
    case value_type::boolean:
      return a.as_boolean() <=> b.as_boolean();
    case value_type::int64:
    case value_type::float64:
    case value_type::decimal:
      return compare_numbers(a, b);
    case value_type::text:
    case value_type::bytes:
    case value_type::json:
    case value_type::enumeration:
    case value_type::opaque:
      return compare_bytes(a.as_string(), b.as_string());
    case value_type::date:
      return a.as_days() <=> b.as_days();
    case value_type::time:
    case value_type::timestamp:
    case value_type::timestamp_tz:
      return a.as_us() <=> b.as_us();
    case value_type::uuid:
      return a.as_uuid() <=> b.as_uuid();
    case value_type::interval:
      return compare_intervals(a.as_interval(), b.as_interval());
    case value_type::array: {
      auto const& left = a.as_array();
      auto const& right = b.as_array();
      return std::lexicographical_compare_three_way(
          left.begin(), left.end(), right.begin(), right.end(), &value::compare);
    }
  }
  return std::strong_ordering::equal;
}

std::string to_string(value const& what) {
  switch (what.type()) {
    case value_type::null:
      return "NULL";
    case value_type::unchanged:
      return "(unchanged)";
    case value_type::boolean:
      return what.as_boolean() ? "true" : "false";
    case value_type::int64:
      return fmt::format("{}", what.as_int64());
    case value_type::float64:
      return print_float64(what.as_float64());
    case value_type::decimal:
      return what.as_decimal().to_string();
    case value_type::text:
    case value_type::json:
    case value_type::enumeration:
      return what.as_string();
    case value_type::bytes:
    case value_type::opaque:
      return "\\x" + hexadecimal(what.as_string());
    case value_type::date:
      return print_date(what.as_days());
    case value_type::time:
      return print_time(what.as_us());
    case value_type::timestamp:
      return print_timestamp(what.as_us());
    case value_type::timestamp_tz:
      return print_timestamp_tz(what.as_us());
    case value_type::uuid:
      return print_uuid(what.as_uuid());
    case value_type::interval:
      return print_interval(what.as_interval());
    case value_type::array:
      break;
  }
  std::string text = "{";
  for (auto const& element : what.as_array()) {
    if (text.size() > 1) text += ", ";
    text += to_string(element);
  }
  return text + "}";
}

std::string print_uuid(uuid_bytes const& bytes) {
  auto text = hexadecimal({reinterpret_cast<char const*>(bytes.data()), bytes.size()});
  for (std::size_t const at : {20, 16, 12, 8}) text.insert(at, 1, '-');
  return text;
}

result<uuid_bytes> parse_uuid(std::string_view text) {
  error const refused{error_code::value_not_convertible,
                      fmt::format("'{}' is not a UUID.", text.substr(0, 40))};
  if (text.size() != 36) return refused;
  std::string digits(text);
  for (std::size_t const at : {23, 18, 13, 8}) {
    if (digits[at] != '-') return refused;
    digits.erase(at, 1);
  }
  uuid_bytes bytes{};
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto const* begin = digits.data() + 2 * at;
    if (std::from_chars(begin, begin + 2, bytes[at], 16).ptr != begin + 2) return refused;
  }
  return bytes;
}

std::string print_float64(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

result<double> parse_float64(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double number = 0;
  auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || text.empty() || end != text.data() + text.size() ||
      !std::isfinite(number)) {
    return error{error_code::value_not_convertible,
                 fmt::format("'{}' is not a number.", text.substr(0, 40))};
  }
  return number;
}

}  // namespace dualwrite
