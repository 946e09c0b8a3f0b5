#include <algorithm>
#include <bit>
#include <cstring>

#include "events/row_image.h"

// The format is specified in row_image.h.
namespace dualwrite {
namespace {

constexpr std::uint8_t tag_unchanged = 0xFE;
constexpr std::uint8_t array_end = 0x00;
constexpr std::uint8_t exponent_below = 0x01;
constexpr std::uint8_t exponent_above = 0xFE;
constexpr std::int64_t exponent_short = 100;

enum class part : std::uint8_t {
  minus_infinity = 1,
  negative = 2,
  zero = 3,
  positive = 4,
  infinity = 5,
  nan = 6,
};

void append_byte(std::string& key, std::uint8_t byte) {
  key.push_back(static_cast<char>(byte));
}

void append_ordered(std::string& key, std::int64_t number, int size) {
  auto bits = static_cast<std::uint64_t>(number) ^ (std::uint64_t{1} << (8 * size - 1));
  for (int at = size - 1; at >= 0; --at)
    append_byte(key, static_cast<std::uint8_t>(bits >> (8 * at)));
}

void append_part(std::string& key, part one) {
  append_byte(key, static_cast<std::uint8_t>(one));
}

// Of a number other than zero; its digits begin with none.
void append_finite(std::string& key,
                   bool is_negative,
                   std::string_view digits,
                   std::int64_t exponent) {
  append_part(key, is_negative ? part::negative : part::positive);
  auto const begin = key.size();
  if (exponent < -exponent_short || exponent > exponent_short) {
    append_byte(key, exponent < 0 ? exponent_below : exponent_above);
    append_ordered(key, exponent, 4);
  } else {
    append_byte(key, static_cast<std::uint8_t>(0x80 + exponent));
  }
  digits = digits.substr(0, digits.find_last_not_of('0') + 1);
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    int const low = at + 1 < digits.size() ? digits[at + 1] - '0' : 0;
    append_byte(key, static_cast<std::uint8_t>(1 + (digits[at] - '0') * 10 + low));
  }
  append_byte(key, 0);
  if (is_negative) {
    for (auto at = begin; at < key.size(); ++at) key[at] = static_cast<char>(~key[at]);
  }
}

void append_decimal(std::string& key, decimal const& number) {
  if (number.what() == decimal::kind::nan) return append_part(key, part::nan);
  if (!number.is_finite())
    return append_part(key, number.is_negative() ? part::minus_infinity : part::infinity);
  if (number.is_zero()) return append_part(key, part::zero);
  append_finite(key, number.is_negative(), number.digits(), number.exponent());
}

// Most keys are such numbers.
void append_int64(std::string& key, std::int64_t number) {
  if (number == 0) return append_part(key, part::zero);
  auto const text = std::to_string(number);
  auto const digits = std::string_view(text).substr(number < 0 ? 1 : 0);
  append_finite(key, number < 0, digits, static_cast<std::int64_t>(digits.size()));
}

void append_number(std::string& key, value const& what) {
  if (what.type() == value_type::int64)
    append_int64(key, what.as_int64());
  else if (what.type() == value_type::float64)
    append_decimal(key, decimal::exactly(what.as_float64()));
  else
    append_decimal(key, what.as_decimal());
  append_byte(key, static_cast<std::uint8_t>(what.type()));
}

void append_string(std::string& key, std::string_view bytes) {
  for (char const byte : bytes) {
    key.push_back(byte);
    if (byte == '\0') append_byte(key, 0xFF);
  }
  append_byte(key, 0);
  append_byte(key, 1);
}

void append_interval(std::string& key, interval const& span) {
  auto us = span.us % day_us;
  auto days = std::int64_t{span.months} * 30 + span.days + span.us / day_us;
  if (us < 0) us += day_us, --days;
  append_ordered(key, days, 8);
  append_ordered(key, us, 8);
  append_ordered(key, span.months, 4);
  append_ordered(key, span.days, 4);
}

std::uint8_t tag_of(value_type type) {
  if (type == value_type::unchanged) return tag_unchanged;
  if (type == value_type::float64 || type == value_type::decimal) type = value_type::int64;
  return static_cast<std::uint8_t>(1 + static_cast<int>(type));
}

void append_value(std::string& key, value const& what) {
  append_byte(key, tag_of(what.type()));
  switch (what.type()) {
    case value_type::null:
    case value_type::unchanged:
      break;
    case value_type::boolean:
      append_byte(key, what.as_boolean() ? 1 : 0);
      break;
    case value_type::int64:
    case value_type::float64:
    case value_type::decimal:
      append_number(key, what);
      break;
    case value_type::date:
      append_ordered(key, what.as_days(), 8);
      break;
    case value_type::time:
    case value_type::timestamp:
    case value_type::timestamp_tz:
      append_ordered(key, what.as_us(), 8);
      break;
    case value_type::uuid:
      key.append(reinterpret_cast<char const*>(what.as_uuid().data()), what.as_uuid().size());
      break;
    case value_type::interval:
      append_interval(key, what.as_interval());
      break;
    case value_type::array:
      for (auto const& element : what.as_array()) append_value(key, element);
      append_byte(key, array_end);
      break;
    case value_type::text:
    case value_type::bytes:
    case value_type::json:
    case value_type::enumeration:
    case value_type::opaque:
      append_string(key, what.as_string());
      break;
  }
}

// Reads what could have been written; that it was written so is what encoding it again shows.
class key_reader {
 public:
  explicit key_reader(std::string_view key) : rest_(key) {}

  bool at_end() const { return rest_.empty(); }

  std::optional<value> take_value(int depth) {
    auto const tag = take_byte();
    if (!tag) return std::nullopt;
    if (*tag == tag_unchanged) return value::unchanged();
    if (*tag == 0) return std::nullopt;
    auto const type = static_cast<value_type>(*tag - 1);
    switch (type) {
      case value_type::null:
        return value::null();
      case value_type::boolean:
        return take_boolean();
      case value_type::int64:
        return take_number();
      case value_type::date:
      case value_type::time:
      case value_type::timestamp:
      case value_type::timestamp_tz:
        return take_time(type);
      case value_type::uuid:
        return take_uuid();
      case value_type::interval:
        return take_interval();
      case value_type::array:
        return take_array(depth);
      case value_type::text:
      case value_type::bytes:
      case value_type::json:
      case value_type::enumeration:
      case value_type::opaque:
        return take_string(type);
      default:
        return std::nullopt;
    }
  }

 private:
  std::optional<std::uint8_t> take_byte() {
    if (rest_.empty()) return std::nullopt;
    auto const byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  std::optional<std::int64_t> take_ordered(int size, std::uint8_t mask = 0) {
    std::uint64_t bits = 0;
    for (int at = 0; at < size; ++at) {
      auto const byte = take_byte();
      if (!byte) return std::nullopt;
      bits = bits << 8 | static_cast<std::uint8_t>(*byte ^ mask);
    }
    bits ^= std::uint64_t{1} << (8 * size - 1);
    if (size == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
    return static_cast<std::int64_t>(bits);
  }

  std::optional<value> take_boolean() {
    auto const byte = take_byte();
    if (!byte) return std::nullopt;
    return value::of_boolean(*byte == 1);
  }

  std::optional<value> take_time(value_type type) {
    auto const number = take_ordered(8);
    if (!number) return std::nullopt;
    if (type == value_type::timestamp) return value::of_timestamp(*number);
    if (type == value_type::timestamp_tz) return value::of_timestamp_tz(*number);
    if (type == value_type::date && is_date(*number)) return value::of_date(*number);
    if (type == value_type::time && is_time_of_day(*number)) return value::of_time(*number);
    return std::nullopt;
  }

  std::optional<decimal> take_finite(bool negative) {
    std::uint8_t const mask = negative ? 0xFF : 0;
    auto const head = take_byte();
    if (!head) return std::nullopt;
    auto const first = static_cast<std::uint8_t>(*head ^ mask);
    bool const is_long = first == exponent_below || first == exponent_above;
    auto const exponent =
        is_long ? take_ordered(4, mask) : std::optional<std::int64_t>(first - 0x80);
    if (!exponent) return std::nullopt;
    std::string digits;
    while (true) {
      auto const byte = take_byte();
      if (!byte) return std::nullopt;
      auto const pair = static_cast<std::uint8_t>(*byte ^ mask);
      if (pair == 0) break;
      if (pair > 100) return std::nullopt;
      digits.push_back(static_cast<char>('0' + (pair - 1) / 10));
      digits.push_back(static_cast<char>('0' + (pair - 1) % 10));
    }
    digits.erase(digits.find_last_not_of('0') + 1);
    auto scale = static_cast<std::int64_t>(digits.size()) - *exponent;
    if (-scale > static_cast<std::int64_t>(decimal::whole_digits_max)) return std::nullopt;
    if (scale < 0) digits.append(static_cast<std::size_t>(-scale), '0');
    auto number = decimal::from_digits(
        negative, digits, static_cast<std::size_t>(std::max<std::int64_t>(scale, 0)));
    if (!number) return std::nullopt;
    return std::move(*number);
  }

  std::optional<decimal> take_worth() {
    auto const head = take_byte();
    if (!head) return std::nullopt;
    switch (static_cast<part>(*head)) {
      case part::minus_infinity:
        return decimal::minus_infinity();
      case part::negative:
        return take_finite(true);
      case part::zero:
        return decimal();
      case part::positive:
        return take_finite(false);
      case part::infinity:
        return decimal::infinity();
      case part::nan:
        return decimal::nan();
    }
    return std::nullopt;
  }

  std::optional<value> take_number() {
    auto worth = take_worth();
    auto const type = worth ? take_byte() : std::nullopt;
    if (!type) return std::nullopt;
    switch (static_cast<value_type>(*type)) {
      case value_type::int64: {
        auto const number = worth->to_int64();
        return number ? std::optional(value::of_int64(*number)) : std::nullopt;
      }
      case value_type::float64: {
        auto const number = worth->to_float64();
        return number ? std::optional(value::of_float64(*number)) : std::nullopt;
      }
      case value_type::decimal:
        return value::of_decimal(std::move(*worth));
      default:
        return std::nullopt;
    }
  }

  std::optional<value> take_uuid() {
    if (rest_.size() < 16) return std::nullopt;
    uuid_bytes made{};
    std::memcpy(made.data(), rest_.data(), made.size());
    rest_.remove_prefix(made.size());
    return value::of_uuid(made);
  }

  std::optional<value> take_interval() {
    auto const total_days = take_ordered(8);
    auto const rest_us = take_ordered(8);
    auto const months = take_ordered(4);
    auto const days = take_ordered(4);
    if (!total_days || !rest_us || !months || !days) return std::nullopt;
    // What exceeds these is refused before it is multiplied.
    constexpr std::int64_t days_max = std::int64_t{1} << 40;
    if (*total_days > days_max || *total_days < -days_max || *rest_us < 0 || *rest_us >= day_us) {
      return std::nullopt;
    }
    auto const us_days = *total_days - *months * 30 - *days;
    // Toward zero, so that neither step leaves 64 bits where their sum does not.
    bool const negative = us_days < 0;
    std::int64_t us = 0;
    if (__builtin_mul_overflow(us_days + (negative ? 1 : 0), day_us, &us) ||
        __builtin_add_overflow(us, *rest_us - (negative ? day_us : 0), &us)) {
      return std::nullopt;
    }
    return value::of_interval(
        {static_cast<std::int32_t>(*months), static_cast<std::int32_t>(*days), us});
  }

  std::optional<value> take_array(int depth) {
    if (depth == array_depth_max) return std::nullopt;
    std::vector<value> elements;
    while (!rest_.empty() && static_cast<std::uint8_t>(rest_.front()) != array_end) {
      auto element = take_value(depth + 1);
      if (!element) return std::nullopt;
      elements.push_back(std::move(*element));
    }
    if (!take_byte()) return std::nullopt;
    return value::of_array(std::move(elements));
  }

  std::optional<value> take_string(value_type type) {
    std::string text;
    while (true) {
      auto const byte = take_byte();
      if (!byte) return std::nullopt;
      if (*byte == 0) {
        auto const next = take_byte();
        if (!next) return std::nullopt;
        if (*next == 1) break;
        if (*next != 0xFF) return std::nullopt;
      }
      append_byte(text, *byte);
    }
    return value::of_string(type, std::move(text));
  }

  std::string_view rest_;
};

}  // namespace

std::string encode_key(std::span<value const> key) {
  std::string bytes;
  for (auto const& one : key) append_value(bytes, one);
  return bytes;
}

result<row_values> decode_key(std::string_view key) {
  error const damaged{error_code::value_malformed, "The key is damaged."};
  key_reader reader(key);
  row_values values;
  while (!reader.at_end()) {
    auto one = reader.take_value(0);
    if (!one) return damaged;
    values.push_back(std::move(*one));
  }
  if (encode_key(values) != key) return damaged;
  return values;
}

std::uint64_t hash_key(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (unsigned char const byte : bytes) hash = (hash ^ byte) * 0x100000001B3;
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
  hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53;
  return hash ^ (hash >> 33);
}

}  // namespace dualwrite
