#include "events/row_image.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>

#include "events/varint.h"

namespace dualwrite {
namespace {

void append_bytes(std::string& image, std::string_view bytes) {
  append_varint(image, bytes.size());
  image += bytes;
}

void append_decimal(std::string& image, decimal const& number) {
  auto const kind = static_cast<std::uint8_t>(number.what());
  if (!number.is_finite()) {
    image.push_back(static_cast<char>(kind));
    return;
  }
  image.push_back(static_cast<char>(number.is_negative() ? 4 : 0));
  auto const digits = number.digits();
  append_varint(image, number.scale());
  append_varint(image, digits.size());
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    int const high = digits[at] - '0';
    int const low = at + 1 < digits.size() ? digits[at + 1] - '0' : 15;
    image.push_back(static_cast<char>(high * 16 + low));
  }
}

void append_float64(std::string& image, double number) {
  // NaN has many bit patterns and one meaning.
  auto bits = std::bit_cast<std::uint64_t>(
      number != number ? std::numeric_limits<double>::quiet_NaN() : number);
  for (int at = 0; at < 8; ++at, bits >>= 8) image.push_back(static_cast<char>(bits & 0xFF));
}

void append_value(std::string& image, value const& what) {
  image.push_back(static_cast<char>(what.type()));
  switch (what.type()) {
    case value_type::null:
    case value_type::unchanged:
      break;
    case value_type::boolean:
      image.push_back(what.as_boolean() ? 1 : 0);
      break;
    case value_type::int64:
      append_varint(image, zigzag(what.as_int64()));
      break;
    case value_type::date:
      append_varint(image, zigzag(what.as_days()));
      break;
    case value_type::time:
    case value_type::timestamp:
    case value_type::timestamp_tz:
      append_varint(image, zigzag(what.as_us()));
      break;
    case value_type::float64:
      append_float64(image, what.as_float64());
      break;
    case value_type::decimal:
      append_decimal(image, what.as_decimal());
      break;
    case value_type::uuid:
      image.append(reinterpret_cast<char const*>(what.as_uuid().data()), what.as_uuid().size());
      break;
    case value_type::interval:
      append_varint(image, zigzag(what.as_interval().months));
      append_varint(image, zigzag(what.as_interval().days));
      append_varint(image, zigzag(what.as_interval().us));
      break;
    case value_type::array:
      append_varint(image, what.as_array().size());
      for (auto const& element : what.as_array()) append_value(image, element);
      break;
    case value_type::text:
    case value_type::bytes:
    case value_type::json:
    case value_type::enumeration:
    case value_type::opaque:
      append_bytes(image, what.as_string());
      break;
  }
}

// Every take_ leaves the reader at the damage and returns nothing where the bytes are not what a
// writer makes.
class image_reader {
 public:
  explicit image_reader(std::string_view image) : rest_(image), size_(image.size()) {}

  bool at_end() const { return rest_.empty(); }
  std::size_t place() const { return size_ - rest_.size(); }
  // A count of things of at least one byte each, so that no length can ask for more memory than the
  // image has bytes.
  std::optional<std::size_t> take_count() {
    auto const count = take_varint(rest_);
    if (!count || *count > rest_.size()) return std::nullopt;
    return static_cast<std::size_t>(*count);
  }

  std::optional<value> take_value(int depth) {
    if (rest_.empty()) return std::nullopt;
    auto const type = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    switch (static_cast<value_type>(type)) {
      case value_type::null:
        return value::null();
      case value_type::unchanged:
        return value::unchanged();
      case value_type::boolean:
        return take_boolean();
      case value_type::int64:
      case value_type::date:
      case value_type::time:
      case value_type::timestamp:
      case value_type::timestamp_tz:
        return take_number(static_cast<value_type>(type));
      case value_type::float64:
        return take_float64();
      case value_type::decimal:
        return take_decimal();
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
        return take_string(static_cast<value_type>(type));
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string_view> take(std::size_t size) {
    if (size > rest_.size()) return std::nullopt;
    auto const bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::optional<std::int64_t> take_signed() {
    auto const number = take_varint(rest_);
    if (!number) return std::nullopt;
    return unzigzag(*number);
  }

  std::optional<value> take_boolean() {
    auto const byte = take(1);
    if (!byte || static_cast<std::uint8_t>(byte->front()) > 1) return std::nullopt;
    return value::of_boolean(byte->front() == 1);
  }

  std::optional<value> take_number(value_type type) {
    auto const number = take_signed();
    if (!number) return std::nullopt;
    switch (type) {
      case value_type::int64:
        return value::of_int64(*number);
      case value_type::timestamp:
        return value::of_timestamp(*number);
      case value_type::timestamp_tz:
        return value::of_timestamp_tz(*number);
      case value_type::date:
        return is_date(*number) ? std::optional(value::of_date(*number)) : std::nullopt;
      default:
        return is_time_of_day(*number) ? std::optional(value::of_time(*number)) : std::nullopt;
    }
  }

  std::optional<value> take_float64() {
    auto const bytes = take(8);
    if (!bytes) return std::nullopt;
    std::uint64_t bits = 0;
    for (int at = 7; at >= 0; --at) {
      bits = bits << 8 | static_cast<std::uint8_t>((*bytes)[static_cast<std::size_t>(at)]);
    }
    auto const number = std::bit_cast<double>(bits);
    auto const canonical = std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
    if (number != number && bits != canonical) return std::nullopt;
    return value::of_float64(number);
  }

  std::optional<value> take_decimal() {
    auto const head = take(1);
    if (!head) return std::nullopt;
    switch (static_cast<std::uint8_t>(head->front())) {
      case 0:
        return take_finite(false);
      case 1:
        return value::of_decimal(decimal::infinity());
      case 2:
        return value::of_decimal(decimal::minus_infinity());
      case 3:
        return value::of_decimal(decimal::nan());
      case 4:
        return take_finite(true);
      default:
        return std::nullopt;
    }
  }

  std::optional<value> take_finite(bool negative) {
    auto const scale = take_varint(rest_);
    auto const count = scale ? take_varint(rest_) : std::nullopt;
    if (!count || *count > 2 * rest_.size()) return std::nullopt;
    auto const packed = take(static_cast<std::size_t>((*count + 1) / 2));
    std::string digits;
    for (unsigned char const pair : *packed) {
      digits.push_back(static_cast<char>('0' + (pair >> 4)));
      digits.push_back(static_cast<char>('0' + (pair & 0xF)));
    }
    if (*count % 2 == 1) {
      if (digits.back() != '0' + 15) return std::nullopt;
      digits.pop_back();
    }
    if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    if (digits.starts_with('0') || (negative && digits.empty())) return std::nullopt;
    auto number = decimal::from_digits(negative, digits, static_cast<std::size_t>(*scale));
    if (!number) return std::nullopt;
    return value::of_decimal(std::move(*number));
  }

  std::optional<value> take_uuid() {
    auto const bytes = take(16);
    if (!bytes) return std::nullopt;
    uuid_bytes made{};
    std::memcpy(made.data(), bytes->data(), made.size());
    return value::of_uuid(made);
  }

  std::optional<value> take_interval() {
    auto const months = take_signed();
    auto const days = months ? take_signed() : std::nullopt;
    auto const us = days ? take_signed() : std::nullopt;
    if (!us) return std::nullopt;
    interval const span{static_cast<std::int32_t>(*months), static_cast<std::int32_t>(*days), *us};
    if (span.months != *months || span.days != *days) return std::nullopt;
    return value::of_interval(span);
  }

  std::optional<value> take_array(int depth) {
    auto const count = take_count();
    if (!count || depth == array_depth_max) return std::nullopt;
    std::vector<value> elements;
    for (std::size_t at = 0; at < *count; ++at) {
      auto element = take_value(depth + 1);
      if (!element) return std::nullopt;
      elements.push_back(std::move(*element));
    }
    return value::of_array(std::move(elements));
  }

  std::optional<value> take_string(value_type type) {
    auto const size = take_varint(rest_);
    auto const bytes = size ? take(static_cast<std::size_t>(*size)) : std::nullopt;
    if (!bytes) return std::nullopt;
    std::string text(*bytes);
    switch (type) {
      case value_type::text:
        return value::of_text(std::move(text));
      case value_type::bytes:
        return value::of_bytes(std::move(text));
      case value_type::json:
        return value::of_json(std::move(text));
      case value_type::enumeration:
        return value::of_enumeration(std::move(text));
      default:
        return value::of_opaque(std::move(text));
    }
  }

  std::string_view rest_;
  std::size_t size_;
};

}  // namespace

std::string encode_row(std::span<value const> row) {
  std::string image;
  image.reserve(2 + 12 * row.size());
  append_varint(image, row.size());
  for (auto const& one : row) append_value(image, one);
  return image;
}

result<row_values> decode_row(std::string_view image) {
  image_reader reader(image);
  auto const damaged = [&reader] {
    return error{error_code::value_malformed,
                 fmt::format("The row image is damaged before byte {}.", reader.place())};
  };
  auto const count = reader.take_count();
  if (!count) return damaged();
  row_values row;
  row.reserve(*count);
  for (std::size_t at = 0; at < *count; ++at) {
    auto one = reader.take_value(0);
    if (!one) return damaged();
    row.push_back(std::move(*one));
  }
  if (!reader.at_end()) return damaged();
  return row;
}

}  // namespace dualwrite
