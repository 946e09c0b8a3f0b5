#include "engine/mapping/conversion.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/mapping/array_json.h"
#include "engine/mapping/column_limits.h"
#include "engine/mapping/json_text.h"
#include "events/utf8_text.h"

namespace dualwrite::engine {
namespace {

using type = value_type;

constexpr std::size_t shown_max = 60;

error refused(value const& what, column_schema const& to, std::string_view why = {}) {
  auto text = to_string(what);
  if (text.size() > shown_max) text = text.substr(0, shown_max) + "...";
  return {error_code::value_not_convertible,
          fmt::format("'{}' ({}) does not fit {}{}{}.",
                      text,
                      name_of(what.type()),
                      print_type(to),
                      why.empty() ? "" : ": ",
                      why)};
}

// Of a column whose other values are of a type that we know.
error unreadable(value const& what, column_schema const& to) {
  return {error_code::value_not_convertible,
          fmt::format("'{}' does not fit {}: it is more than is kept of its type, no UTF-8, or not "
                      "of the type that its column has.",
                      utf8(what.as_string().substr(0, shown_max)),
                      print_type(to))};
}

result<value> fitted_decimal(value const& what, decimal const& number, column_schema const& to) {
  if (to.precision == 0) return value::of_decimal(number);
  if (number.what() == decimal::kind::nan) return value::of_decimal(number);
  if (!number.is_finite()) return refused(what, to, "a limited decimal has no infinity");
  auto const places = static_cast<std::size_t>(std::max(scale_of(to), 0));
  auto const tens = static_cast<std::size_t>(std::max(-scale_of(to), 0));
  auto scaled = number.at_scale(places);
  if (!scaled) return refused(what, to, "it has more places");
  auto const digits = scaled->digits();
  if (tens > 0 && digits.size() - (digits.find_last_not_of('0') + 1) < tens && !digits.empty())
    return refused(what, to, fmt::format("its last {} digits are not zeros", tens));
  if (digits.size() > to.precision + tens) return refused(what, to, "it has more digits");
  return value::of_decimal(std::move(*scaled));
}

bool is_too_long(std::string const& text, column_schema const& to) {
  return to.length_max > 0 && text.size() > to.length_max && count_characters(text) > to.length_max;
}

bool is_label(std::string const& label, column_schema const& to) {
  return to.labels.empty() ||
         std::find(to.labels.begin(), to.labels.end(), label) != to.labels.end();
}

error longer(value const& what, column_schema const& to) {
  return refused(what, to, "it is longer");
}

result<value> fitted_text(value const& what, std::string text, column_schema const& to) {
  if (is_too_long(text, to)) return longer(what, to);
  return value::of_text(std::move(text));
}

error no_label(value const& what, column_schema const& to) {
  return refused(what, to, "the type has no such label");
}

// Parsers say what is wrong with the text; this adds where it should have fitted.
template <class T, class Make>
result<value> parsed(value const& what, column_schema const& to, result<T> read, Make make) {
  if (!read) return refused(what, to);
  return make(std::move(*read));
}

result<value> from_text(value const& what, column_schema const& to) {
  auto const& text = what.as_string();
  switch (to.type) {
    case type::boolean:
      if (text == "true") return value::of_boolean(true);
      if (text == "false") return value::of_boolean(false);
      return refused(what, to, "only true and false are");
    case type::int64: {
      auto const number = decimal::parse(text);
      auto const whole = number ? number->to_int64() : std::nullopt;
      if (!whole) return refused(what, to);
      return value::of_int64(*whole);
    }
    case type::decimal: {
      auto const number = decimal::parse(text);
      if (!number) return refused(what, to);
      return fitted_decimal(what, *number, to);
    }
    case type::float64:
      return parsed(what, to, parse_float64(text), &value::of_float64);
    case type::date:
      return parsed(what, to, parse_date(text), &value::of_date);
    case type::time:
      return parsed(what, to, parse_time(text), &value::of_time);
    case type::timestamp:
      return parsed(what, to, parse_timestamp(text), &value::of_timestamp);
    case type::timestamp_tz:
      return parsed(what, to, parse_timestamp_tz(text), &value::of_timestamp_tz);
    case type::uuid:
      return parsed(what, to, parse_uuid(text), &value::of_uuid);
    case type::interval:
      return parsed(what, to, parse_interval(text), &value::of_interval);
    case type::enumeration:
      if (!is_label(text, to)) return no_label(what, to);
      return value::of_enumeration(text);
    case type::json:
      if (!canonical_json(text)) return refused(what, to, "it is not JSON");
      return value::of_json(text);
    default:
      return refused(what, to);
  }
}

result<value> from_number(value const& what, column_schema const& to) {
  auto const number = what.type() == type::int64 ? decimal(what.as_int64()) : what.as_decimal();
  switch (to.type) {
    case type::decimal:
      return fitted_decimal(what, number, to);
    case type::int64: {
      auto const whole = number.to_int64();
      if (!whole) return refused(what, to, "it is not a whole number of 64 bits");
      return value::of_int64(*whole);
    }
    case type::float64: {
      auto const near = number.to_float64();
      if (!near) return refused(what, to, "no binary number is exactly this one");
      return value::of_float64(*near);
    }
    case type::boolean:
      if (what.type() != type::int64 || what.as_int64() < 0 || what.as_int64() > 1) {
        return refused(what, to, "only 0 and 1 are");
      }
      return value::of_boolean(what.as_int64() == 1);
    default:
      return refused(what, to);
  }
}

bool is_as_declared(decimal const& number, column_schema const& to) {
  return to.precision == 0 || (number.is_finite() && number.scale() == to.scale &&
                               number.digits().size() <= to.precision);
}

result<value> same_type(value const& what, column_schema const& to) {
  switch (to.type) {
    case type::text:
      if (is_too_long(what.as_string(), to)) return longer(what, to);
      break;
    case type::decimal:
      if (!is_as_declared(what.as_decimal(), to))
        return fitted_decimal(what, what.as_decimal(), to);
      break;
    case type::enumeration:
      if (!is_label(what.as_string(), to)) return no_label(what, to);
      break;
    default:
      break;
  }
  return what;
}

bool prints_as_text(type from) {
  return from != type::bytes && from != type::array && from != type::opaque && from != type::null &&
         from != type::unchanged;
}

fit fit_of_same_type(column_schema const& from, column_schema const& to) {
  if (loss_between(from, to)) return fit::loses;
  switch (to.type) {
    case type::opaque:
      return !to.type_name.empty() && from.type_name == to.type_name ? fit::always : fit::none;
    case type::array:
      if (from.element != to.element) return fit::none;
      return fit_of_same_type(element_of(from), element_of(to));
    case type::decimal:
      return to.precision == 0 ? fit::always : fit::checked;
    case type::text:
      return to.length_max == 0 ? fit::always : fit::checked;
    case type::enumeration:
      return !to.type_name.empty() && from.type_name == to.type_name ? fit::always : fit::checked;
    case type::null:
    case type::unchanged:
      return fit::none;
    default:
      return from.precision > 0 || to.precision == 0 ? fit::always : fit::checked;
  }
}

fit fit_of_numbers(column_schema const& from, column_schema const& to) {
  if (from.type == type::float64 || to.type == type::boolean || from.type == type::boolean) {
    if (from.type == type::boolean && to.type == type::int64) return fit::always;
    if (from.type == type::int64 && to.type == type::boolean) return fit::checked;
    return from.type == type::float64 && to.type != type::boolean ? fit::loses : fit::none;
  }
  if (to.type == type::float64) return from.type == type::int64 ? fit::checked : fit::loses;
  if (to.type == type::decimal) return to.precision == 0 ? fit::always : fit::checked;
  return from.precision > 0 && scale_of(from) > 0 ? fit::loses : fit::checked;
}

bool is_numeric(type one) {
  return one == type::int64 || one == type::float64 || one == type::decimal || one == type::boolean;
}

bool is_document(type one) {
  return one == type::text || one == type::json;
}

// In an app without arrays they are JSON.
fit fit_of_array(column_schema const& from, column_schema const& to) {
  auto const& array = from.type == type::array ? from : to;
  auto const& other = from.type == type::array ? to : from;
  if (!is_document(other.type) || !prints_as_text(array.element)) return fit::none;
  return from.type == type::array && to.length_max == 0 ? fit::always : fit::checked;
}

result<value> array_of_elements(value const& what, column_schema const& to) {
  auto const element = element_of(to);
  std::vector<value> made;
  made.reserve(what.as_array().size());
  for (auto const& one : what.as_array()) {
    DW_TRY(auto fitted,
           one.type() == type::array ? array_of_elements(one, to) : convert(one, element));
    made.push_back(std::move(fitted));
  }
  return value::of_array(std::move(made));
}

result<value> array_of_text(value const& what, column_schema const& to) {
  auto const element = element_of(to);
  auto made = parse_array(what.as_string(), [&](std::string text) {
    return convert(value::of_text(std::move(text)), element);
  });
  if (!made) return refused(what, to, made.error().detail);
  return made;
}

result<value> of_array_type(value const& what, column_schema const& to) {
  if (what.type() == type::array) {
    if (to.type == type::array) return array_of_elements(what, to);
    if (to.type == type::json) return value::of_json(print_array(what));
    if (to.type == type::text) return fitted_text(what, print_array(what), to);
  } else if (is_document(what.type())) {
    return array_of_text(what, to);
  } else if (what.type() == type::opaque) {
    // One with bounds of its own, as its app writes it.
    return what;
  }
  return refused(what, to);
}

result<value> of_type(value const& what, column_schema const& to) {
  if (what.type() == type::array || to.type == type::array) return of_array_type(what, to);
  if (what.type() == type::opaque && to.type != type::opaque) return unreadable(what, to);
  if (what.type() == to.type) return same_type(what, to);
  if (to.type == type::text && prints_as_text(what.type()))
    return fitted_text(what, to_string(what), to);
  switch (what.type()) {
    case type::text:
      return from_text(what, to);
    case type::int64:
    case type::decimal:
      return from_number(what, to);
    case type::boolean:
      if (to.type == type::int64) return value::of_int64(what.as_boolean() ? 1 : 0);
      break;
    case type::date: {
      if (to.type != type::timestamp) break;
      auto const days = what.as_days();
      if (days == time_infinity || days == time_minus_infinity) return value::of_timestamp(days);
      std::int64_t us = 0;
      if (__builtin_mul_overflow(days, day_us, &us)) return refused(what, to);
      return value::of_timestamp(us);
    }
    default:
      break;
  }
  return refused(what, to);
}

}  // namespace

bool stays_as_it_is(value const& what, column_schema const& to) {
  if (what.type() != to.type) return false;
  switch (to.type) {
    case type::text:
      return to.precision == 0 && !is_too_long(what.as_string(), to);
    case type::decimal:
      return is_as_declared(what.as_decimal(), to);
    case type::enumeration:
      return is_label(what.as_string(), to);
    case type::float64:
      return to.precision == 0 || to.precision == float_double;
    case type::time:
    case type::timestamp:
    case type::timestamp_tz:
    case type::interval:
      return to.precision <= static_cast<std::uint32_t>(time_unit::microsecond);
    case type::array:
      return false;
    default:
      return true;
  }
}

fit fit_between(column_schema const& from, column_schema const& to) {
  if (from.type == to.type) return fit_of_same_type(from, to);
  if (from.type == type::array || to.type == type::array) return fit_of_array(from, to);
  if (to.type == type::text) {
    if (!prints_as_text(from.type)) return fit::none;
    return to.length_max == 0 ? fit::always : fit::checked;
  }
  if (from.type == type::text) return prints_as_text(to.type) ? fit::checked : fit::none;
  if (is_numeric(from.type) && is_numeric(to.type)) return fit_of_numbers(from, to);
  if (from.type == type::date && to.type == type::timestamp) return fit::checked;
  if (from.type == type::timestamp && to.type == type::date) return fit::loses;
  // Without a zone it would be a guess which moment is meant.
  auto const is_clock = [](type one) {
    return one == type::date || one == type::timestamp || one == type::timestamp_tz;
  };
  return is_clock(from.type) && is_clock(to.type) ? fit::loses : fit::none;
}

result<value> convert(value what, column_schema const& to) {
  if (what.is_null() || what.is_unchanged() || stays_as_it_is(what, to)) return what;
  auto made = of_type(what, to);
  if (!made || to.precision == 0) return made;
  auto kept = as_kept(std::move(*made), to);
  if (!kept) return refused(what, to, kept.error().detail);
  return kept;
}

std::string print_type(column_schema const& column) {
  auto text = std::string(name_of(column.type)) + print_limits(column);
  bool const is_named = column.type == type::enumeration || column.type == type::opaque;
  if (is_named && !column.type_name.empty()) text += " " + column.type_name;
  if (column.type == type::array) text += " of " + print_type(element_of(column));
  return text;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

}  // namespace dualwrite::engine
