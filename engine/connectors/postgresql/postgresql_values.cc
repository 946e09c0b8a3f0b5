#include "engine/connectors/postgresql/postgresql_values.h"

#include <array>
#include <charconv>
#include <utility>

#include "engine/connectors/postgresql/array_text.h"
#include "events/assert.h"
#include "events/utf8_text.h"

namespace dualwrite::engine::postgresql {
namespace {

constexpr std::string_view before_christ = " BC";

constexpr std::array<std::pair<std::string_view, value_type>, 24> known_types{{
    {"bool", value_type::boolean},
    {"int2", value_type::int64},
    {"int4", value_type::int64},
    {"int8", value_type::int64},
    {"oid", value_type::int64},
    {"float4", value_type::float64},
    {"float8", value_type::float64},
    {"numeric", value_type::decimal},
    {"text", value_type::text},
    {"varchar", value_type::text},
    {"bpchar", value_type::text},
    {"name", value_type::text},
    {"citext", value_type::text},
    {"bytea", value_type::bytes},
    {"date", value_type::date},
    {"time", value_type::time},
    {"timestamp", value_type::timestamp},
    {"timestamptz", value_type::timestamp_tz},
    {"uuid", value_type::uuid},
    {"json", value_type::json},
    {"jsonb", value_type::json},
    {"interval", value_type::interval},
    {"xml", value_type::text},
    {"char", value_type::text},
}};

// "0044-03-15 BC" is the year -43: there is no year 0 in PostgreSQL's texts.
std::string with_signed_year(std::string_view text) {
  if (!text.ends_with(before_christ)) {
    auto const year = text.find('-');
    bool const is_long = year != std::string_view::npos && year > 4;
    return (is_long ? "+" : "") + std::string(text);
  }
  text.remove_suffix(before_christ.size());
  auto const end = std::min(text.find('-'), text.size());
  int year = 0;
  std::from_chars(text.data(), text.data() + end, year);
  auto digits = std::to_string(year - 1);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  bool const is_zero = year == 1;
  return (is_zero ? "" : "-") + digits + std::string(text.substr(end));
}

// Most texts are as they have to be.
template <class Parse>
auto parse_dated(std::string_view text, Parse const& parse) {
  auto const year = text.find('-');
  bool const is_plain =
      (year == std::string_view::npos || year <= 4) && !text.ends_with(before_christ);
  return is_plain ? parse(text) : parse(with_signed_year(text));
}

std::string with_era(std::string text) {
  if (text.starts_with("+")) return text.substr(1);
  bool const negative = text.starts_with("-") && !text.starts_with("-inf");
  if (!negative && !text.starts_with("0000-")) return text;
  auto const begin = negative ? 1U : 0U;
  auto const end = text.find('-', begin);
  int year = 0;
  std::from_chars(text.data() + begin, text.data() + end, year);
  auto digits = std::to_string(year + 1);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return digits + text.substr(end) + std::string(before_christ);
}

template <class Parsed, class Make>
result<value> made(result<Parsed> parsed, Make const& make) {
  if (!parsed) return std::move(parsed).error();
  return make(std::move(*parsed));
}

error malformed(std::string_view text, column_schema const& column) {
  return error{
      error_code::value_malformed,
      column.name + ": \"" + std::string(text.substr(0, 80)) + "\" is no " + column.type_name};
}

result<value> bytes_of(std::string_view text, column_schema const& column) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return malformed(text, column);
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t at = 2; at < text.size(); at += 2) {
    unsigned byte = 0;
    auto const* end = text.data() + at + 2;
    if (std::from_chars(text.data() + at, end, byte, 16).ptr != end) return malformed(text, column);
    out.push_back(static_cast<char>(byte));
  }
  return value::of_bytes(std::move(out));
}

void append_hexadecimal(std::string& out, std::string const& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\x";
  for (auto const letter : bytes) {
    auto const byte = static_cast<unsigned char>(letter);
    out.push_back(digits[byte >> 4U]);
    out.push_back(digits[byte & 15U]);
  }
}

}  // namespace

value_type type_of(std::string_view type_name) {
  for (auto const& [name, type] : known_types) {
    if (name == type_name) return type;
  }
  return value_type::opaque;
}

result<value> to_value(std::string_view text, column_schema const& column) {
  switch (column.type) {
    case value_type::boolean:
      if (text != "t" && text != "f") return malformed(text, column);
      return value::of_boolean(text == "t");
    case value_type::int64: {
      std::int64_t number = 0;
      auto const* end = text.data() + text.size();
      if (std::from_chars(text.data(), end, number).ptr != end) return malformed(text, column);
      return value::of_int64(number);
    }
    case value_type::float64:
      return made(parse_float64(text), value::of_float64);
    case value_type::decimal:
      return made(decimal::parse(text), value::of_decimal);
    case value_type::bytes:
      return bytes_of(text, column);
    case value_type::date:
      return made(parse_dated(text, parse_date), value::of_date);
    case value_type::time:
      return made(parse_time(text), value::of_time);
    case value_type::timestamp:
      return made(parse_dated(text, parse_timestamp), value::of_timestamp);
    case value_type::timestamp_tz:
      return made(parse_dated(text, parse_timestamp_tz), value::of_timestamp_tz);
    case value_type::uuid:
      return made(parse_uuid(text), value::of_uuid);
    case value_type::interval:
      return made(parse_interval(text), value::of_interval);
    case value_type::json:
      return value::of_json(std::string(text));
    case value_type::enumeration:
      return value::of_enumeration(std::string(text));
    case value_type::text:
      return value::of_text(std::string(text));
    case value_type::array:
      return to_array(text, column);
    default:
      return value::of_opaque(std::string(text));
  }
}

value read_value(std::string_view text, column_schema const& column) {
  auto read = is_utf8(text) ? to_value(text, column) : malformed(text, column);
  return read ? std::move(*read) : value::of_opaque(std::string(text));
}

result<void> check_value(value const& what) {
  switch (what.type()) {
    case value_type::array:
      for (auto const& one : what.as_array()) DW_CHECK(check_value(one));
      return {};
    case value_type::text:
    case value_type::json:
    case value_type::enumeration:
    case value_type::opaque:
      if (what.as_string().find('\0') != std::string::npos)
        return error{error_code::value_not_convertible, "PostgreSQL keeps no zero byte in a text"};
      return {};
    default:
      return {};
  }
}

void append_text(std::string& to, value const& what) {
  switch (what.type()) {
    case value_type::boolean:
      to.push_back(what.as_boolean() ? 't' : 'f');
      break;
    case value_type::int64:
      to += std::to_string(what.as_int64());
      break;
    case value_type::float64:
      to += print_float64(what.as_float64());
      break;
    case value_type::decimal:
      to += what.as_decimal().to_string();
      break;
    case value_type::bytes:
      append_hexadecimal(to, what.as_string());
      break;
    case value_type::date:
      to += with_era(print_date(what.as_days()));
      break;
    case value_type::time:
      to += print_time(what.as_us());
      break;
    case value_type::timestamp:
      to += with_era(print_timestamp(what.as_us()));
      break;
    case value_type::timestamp_tz:
      to += with_era(print_timestamp_tz(what.as_us()));
      break;
    case value_type::uuid:
      to += print_uuid(what.as_uuid());
      break;
    case value_type::interval:
      to += print_interval(what.as_interval());
      break;
    case value_type::text:
    case value_type::json:
    case value_type::enumeration:
    case value_type::opaque:
      to += what.as_string();
      break;
    case value_type::array:
      to += array_text(what);
      break;
    case value_type::null:
    case value_type::unchanged:
      DW_ASSERT(false);
  }
}

std::size_t rough_bytes_of(std::span<value const> values) {
  constexpr std::size_t small = 16;
  std::size_t bytes = 0;
  for (auto const& one : values) {
    bytes += small;
    switch (one.type()) {
      case value_type::text:
      case value_type::json:
      case value_type::bytes:
      case value_type::opaque:
        bytes += one.as_string().size();
        break;
      case value_type::decimal:
        bytes += one.as_decimal().digits().size();
        break;
      case value_type::array:
        bytes += rough_bytes_of(one.as_array());
        break;
      default:
        break;
    }
  }
  return bytes;
}

result<std::optional<std::string>> to_text(value const& what) {
  std::optional<std::string> text;
  if (what.is_null() || what.is_unchanged()) return text;
  DW_CHECK(check_value(what));
  append_text(text.emplace(), what);
  return text;
}

}  // namespace dualwrite::engine::postgresql
