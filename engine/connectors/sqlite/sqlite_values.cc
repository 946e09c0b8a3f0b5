#include "engine/connectors/sqlite/sqlite_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "events/utf8_text.h"

namespace dualwrite::engine::sqlite {
namespace {

constexpr std::ptrdiff_t real_digits = 15;

// The value as it is stored, whatever its column is declared as.
value natural(stored const& what) {
  switch (what.is) {
    case stored::kind::integer:
      return value::of_int64(what.integer);
    case stored::kind::real:
      return value::of_float64(what.real);
    case stored::kind::text:
      return is_utf8(what.bytes) ? value::of_text(what.bytes) : value::of_bytes(what.bytes);
    case stored::kind::blob:
      return value::of_bytes(what.bytes);
    case stored::kind::null:
      break;
  }
  return value::null();
}

template <class Parsed, class Make>
value parsed_or_natural(result<Parsed> parsed, Make const& make, stored const& what) {
  return parsed ? make(*parsed) : natural(what);
}

value text_as(stored const& what, value_type type) {
  auto const& text = what.bytes;
  switch (type) {
    case value_type::decimal:
      return parsed_or_natural(decimal::parse(text), value::of_decimal, what);
    case value_type::date:
      return parsed_or_natural(parse_date(text), value::of_date, what);
    case value_type::time:
      return parsed_or_natural(parse_time(text), value::of_time, what);
    case value_type::timestamp:
      return parsed_or_natural(parse_timestamp(text), value::of_timestamp, what);
    case value_type::timestamp_tz:
      return parsed_or_natural(parse_timestamp_tz(text), value::of_timestamp_tz, what);
    case value_type::uuid:
      return parsed_or_natural(parse_uuid(text), value::of_uuid, what);
    case value_type::json:
      return is_utf8(text) ? value::of_json(text) : natural(what);
    default:
      return natural(what);
  }
}

stored text_of(std::string text) {
  stored out;
  out.is = stored::kind::text;
  out.bytes = std::move(text);
  return out;
}
stored integer_of(std::int64_t number) {
  stored out;
  out.is = stored::kind::integer;
  out.integer = number;
  return out;
}
stored blob_of(std::string bytes) {
  stored out;
  out.is = stored::kind::blob;
  out.bytes = std::move(bytes);
  return out;
}

// SQLite keeps a number of a numeric column as a float of 15 digits, unless it is an integer, or is
// given as a float.
result<stored> decimal_of(decimal const& number, column_schema const& column) {
  auto text = number.to_string();
  auto const digits = std::count_if(
      text.begin(), text.end(), [](char letter) { return letter >= '0' && letter <= '9'; });
  bool const numeric = type_of(column.type_name) == value_type::decimal;
  if (numeric && digits > real_digits) {
    auto const* end = text.data() + text.size();
    std::int64_t whole = 0;
    auto const as_whole = std::from_chars(text.data(), end, whole);
    if (as_whole.ec == std::errc{} && as_whole.ptr == end) return integer_of(whole);
    stored out;
    out.is = stored::kind::real;
    auto const as_real = std::from_chars(text.data(), end, out.real);
    if (as_real.ec == std::errc{} && print_float64(out.real) == text) return out;
    return error{error_code::value_not_convertible,
                 text + " has more digits than a numeric column of SQLite keeps"};
  }
  return text_of(std::move(text));
}

class literal_reader {
 public:
  explicit literal_reader(std::string_view text) : rest_(text) {}
  bool done() const { return rest_.empty(); }

  result<stored> next() {
    auto out = literal();
    if (out && !rest_.empty()) {
      if (rest_.front() != ',') return malformed();
      rest_.remove_prefix(1);
    }
    return out;
  }

 private:
  static error malformed() {
    return error{error_code::value_malformed, "a captured row cannot be read"};
  }

  result<stored> literal() {
    if (rest_.starts_with("NULL")) {
      rest_.remove_prefix(4);
      return stored{};
    }
    if (rest_.starts_with("X'")) return hex();
    if (rest_.starts_with("TX'")) {
      rest_.remove_prefix(1);
      auto bytes = hex();
      if (bytes) bytes->is = stored::kind::text;
      return bytes;
    }
    if (rest_.starts_with("'")) return text();
    return number();
  }
  result<stored> text() {
    std::string out;
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] != '\'') {
        out.push_back(rest_[at]);
      } else if (at + 1 < rest_.size() && rest_[at + 1] == '\'') {
        out.push_back('\'');
        ++at;
      } else {
        rest_.remove_prefix(at + 1);
        return text_of(std::move(out));
      }
    }
    return malformed();
  }
  result<stored> hex() {
    auto const end = rest_.find('\'', 2);
    if (end == std::string_view::npos || end % 2 != 0) return malformed();
    std::string out;
    for (std::size_t at = 2; at < end; at += 2) {
      unsigned byte = 0;
      auto const read = std::from_chars(rest_.data() + at, rest_.data() + at + 2, byte, 16);
      if (read.ptr != rest_.data() + at + 2) return malformed();
      out.push_back(static_cast<char>(byte));
    }
    rest_.remove_prefix(end + 1);
    return blob_of(std::move(out));
  }
  result<stored> number() {
    auto const end = std::min(rest_.find(','), rest_.size());
    auto const text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    std::int64_t whole = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (read.ec == std::errc{} && read.ptr == text.data() + text.size()) return integer_of(whole);
    stored out;
    out.is = stored::kind::real;
    auto const real = std::from_chars(text.data(), text.data() + text.size(), out.real);
    // "9.0e+999" is how SQLite writes an infinity.
    bool const infinite = real.ec == std::errc::result_out_of_range;
    if (infinite) out.real = text.starts_with("-") ? -HUGE_VAL : HUGE_VAL;
    if (!infinite && (real.ec != std::errc{} || real.ptr != text.data() + text.size()))
      return malformed();
    return out;
  }

  std::string_view rest_;
};

}  // namespace

value_type type_of(std::string_view declared) {
  std::string name;
  for (auto const letter : declared)
    name.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(letter))));
  auto const has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  if (has("BOOL")) return value_type::boolean;
  if (has("INT")) return value_type::int64;
  if (has("UUID") || has("GUID")) return value_type::uuid;
  if (has("JSON")) return value_type::json;
  if (has("CHAR") || has("CLOB") || has("TEXT")) return value_type::text;
  if (has("BLOB") || has("BYTEA") || has("BINARY")) return value_type::bytes;
  if (has("REAL") || has("FLOA") || has("DOUB")) return value_type::float64;
  if (has("TIMESTAMPTZ") || has("WITH TIME ZONE")) return value_type::timestamp_tz;
  if (has("DATETIME") || has("TIMESTAMP")) return value_type::timestamp;
  if (name == "DATE") return value_type::date;
  if (name == "TIME") return value_type::time;
  return name.empty() ? value_type::text : value_type::decimal;
}

value to_value(stored const& what, column_schema const& column) {
  switch (what.is) {
    case stored::kind::null:
      return value::null();
    case stored::kind::integer:
      if (column.type == value_type::boolean && (what.integer == 0 || what.integer == 1)) {
        return value::of_boolean(what.integer == 1);
      }
      if (column.type == value_type::float64)
        return value::of_float64(static_cast<double>(what.integer));
      if (column.type == value_type::json) return value::of_json(std::to_string(what.integer));
      if (column.type == value_type::decimal) {
        return parsed_or_natural(
            decimal::parse(std::to_string(what.integer)), value::of_decimal, what);
      }
      return natural(what);
    case stored::kind::real:
      if (column.type == value_type::decimal && std::isfinite(what.real)) {
        return parsed_or_natural(decimal::parse(print_float64(what.real)), value::of_decimal, what);
      }
      // SQLite makes a number of a document that is one.
      if (column.type == value_type::json && std::isfinite(what.real))
        return value::of_json(print_float64(what.real));
      return natural(what);
    case stored::kind::text:
      return text_as(what, column.type);
    case stored::kind::blob:
      if (column.type == value_type::uuid && what.bytes.size() == std::tuple_size_v<uuid_bytes>) {
        uuid_bytes bytes{};
        std::copy(what.bytes.begin(), what.bytes.end(), bytes.begin());
        return value::of_uuid(bytes);
      }
      return natural(what);
  }
  return value::null();
}

result<stored> to_stored(value const& what, column_schema const& column) {
  switch (what.type()) {
    case value_type::null:
    case value_type::unchanged:
      return stored{};
    case value_type::boolean:
      return integer_of(what.as_boolean() ? 1 : 0);
    case value_type::int64:
      return integer_of(what.as_int64());
    case value_type::float64: {
      if (std::isnan(what.as_float64())) {
        return error{error_code::value_not_convertible,
                     "SQLite keeps no float that is not a number"};
      }
      stored out;
      out.is = stored::kind::real;
      out.real = what.as_float64();
      return out;
    }
    case value_type::decimal:
      return decimal_of(what.as_decimal(), column);
    case value_type::timestamp: {
      auto text = print_timestamp(what.as_us());
      // As SQLite's own functions write it.
      std::replace(text.begin(), text.end(), 'T', ' ');
      return text_of(std::move(text));
    }
    case value_type::text:
    case value_type::json:
    case value_type::enumeration:
      return text_of(what.as_string());
    case value_type::bytes:
    case value_type::opaque:
      return blob_of(what.as_string());
    case value_type::date:
      return text_of(print_date(what.as_days()));
    case value_type::time:
      return text_of(print_time(what.as_us()));
    case value_type::timestamp_tz:
      return text_of(print_timestamp_tz(what.as_us()));
    case value_type::uuid:
      return text_of(print_uuid(what.as_uuid()));
    case value_type::interval:
      return text_of(print_interval(what.as_interval()));
    case value_type::array:
      return error{error_code::value_not_convertible, "SQLite has no arrays"};
  }
  return stored{};
}

result<std::vector<stored>> parse_quoted(std::string_view text) {
  std::vector<stored> out;
  literal_reader reader(text);
  while (!reader.done()) {
    DW_TRY(auto one, reader.next());
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace dualwrite::engine::sqlite
