#include "engine/mapping/column_limits.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "engine/mapping/conversion.h"

namespace dualwrite::engine {
namespace {

using type = value_type;

constexpr std::uint32_t bytes_of_character = 4;  // at most

constexpr auto microseconds = static_cast<std::uint32_t>(time_unit::microsecond);
constexpr auto seconds = static_cast<std::uint32_t>(time_unit::second);
constexpr std::array<std::string_view, 5> coarse_units{"minute", "hour", "day", "month", "year"};

std::string name_of_unit(std::uint32_t unit) {
  if (unit > seconds && unit - seconds <= coarse_units.size())
    return std::string(coarse_units[unit - seconds - 1]);
  auto const places = seconds - std::min(unit, seconds);
  return places == 0 ? "second" : fmt::format("second with {} places", places);
}

std::optional<std::string> text_loss(column_schema const& from, column_schema const& to) {
  // What an expression makes is meant to become what its column holds.
  if (to.precision == 0 || from.type_name.empty()) return std::nullopt;
  if (to.precision == text_padded) {
    if (from.precision == text_padded && from.length_max == to.length_max) return std::nullopt;
    return fmt::format("a shorter text would be filled up with blanks to {} characters",
                       to.length_max);
  }
  bool const fits =
      from.precision == text_cut
          ? from.length_max <= to.length_max
          : from.length_max > 0 && from.length_max <= to.length_max / bytes_of_character;
  if (fits) return std::nullopt;
  return fmt::format("a text would be cut to {} bytes", to.length_max);
}

// Of how many microseconds a finer part is none.
std::int64_t microseconds_of(std::uint32_t unit) {
  std::int64_t us = 1;
  for (auto at = microseconds; at < std::min(unit, seconds); ++at) us *= 10;
  if (unit > seconds) us *= 60;
  if (unit > seconds + 1) us *= 60;
  return us;
}

bool keeps_interval(interval const& span, time_unit unit) {
  if (unit < time_unit::day)
    return span.us % microseconds_of(static_cast<std::uint32_t>(unit)) == 0;
  bool const is_whole = span.us == 0 && (unit == time_unit::day || span.days == 0);
  return is_whole && (unit != time_unit::year || span.months % 12 == 0);
}

bool keeps_time(value const& what, std::uint32_t unit) {
  if (what.type() == type::interval)
    return keeps_interval(what.as_interval(), static_cast<time_unit>(unit));
  auto const us = what.as_us();
  return us == time_infinity || us == time_minus_infinity || us % microseconds_of(unit) == 0;
}

// An app prints it with as few digits as tell it from the others of its own size.
bool is_single(double number) {
  if (!std::isfinite(number)) return true;
  std::array<char, 32> text{};
  auto const end =
      std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(number)).ptr;
  auto const back = parse_float64({text.data(), static_cast<std::size_t>(end - text.data())});
  return back && *back == number;
}

error refused(std::string why) {
  return {error_code::value_not_convertible, std::move(why)};
}

result<value> text_as_kept(value what, column_schema const& in) {
  auto const& text = what.as_string();
  if (in.precision == text_padded) {
    auto const length = count_characters(text);
    if (length >= in.length_max) return what;
    return value::of_text(text + std::string(in.length_max - length, ' '));
  }
  // The one byte of PostgreSQL's "char" is no part of a character.
  bool const is_cut = text.size() > in.length_max ||
                      (in.length_max < bytes_of_character && count_characters(text) != text.size());
  if (is_cut) return refused(fmt::format("it has more than {} bytes", in.length_max));
  return what;
}

}  // namespace

column_schema element_of(column_schema const& array) {
  auto element = array;
  element.type = array.element;
  element.element = value_type::null;
  element.labels.clear();
  return element;
}

std::optional<std::string> loss_between(column_schema const& from, column_schema const& to) {
  if (from.type != to.type) return std::nullopt;
  if (to.type == type::array) return loss_between(element_of(from), element_of(to));
  if (to.type == type::text) return text_loss(from, to);
  if (from.precision == 0 || to.precision == 0) return std::nullopt;
  if (to.type == type::decimal && scale_of(from) > scale_of(to))
    return fmt::format("{} places would be rounded to {}", scale_of(from), scale_of(to));
  if (to.type == type::float64 && from.precision > to.precision)
    return "a number would be rounded to about six digits";
  if (to.type == type::json && from.precision == json_verbatim && to.precision == json_normalized)
    return "equal names, the order of names and spaces would be lost";
  if (is_timed(to.type) && from.precision < to.precision)
    return fmt::format("what is smaller than a {} would be lost", name_of_unit(to.precision));
  return std::nullopt;
}

result<value> as_kept(value what, column_schema const& in) {
  if (in.precision == 0 || what.type() != in.type) return what;
  if (in.type == type::text) return text_as_kept(std::move(what), in);
  if (in.type == type::float64 && in.precision == float_single && !is_single(what.as_float64()))
    return refused("it has more digits");
  if (is_timed(in.type) && !keeps_time(what, in.precision))
    return refused(fmt::format("it has parts smaller than a {}", name_of_unit(in.precision)));
  return what;
}

std::string print_limits(column_schema const& column) {
  if (column.type == type::decimal && column.precision > 0)
    return fmt::format("({},{})", column.precision, scale_of(column));
  if (column.type == type::text && column.length_max > 0) {
    auto const* how = column.precision == text_padded ? ", padded"
                      : column.precision == text_cut  ? " bytes"
                                                      : "";
    return fmt::format("({}{})", column.length_max, how);
  }
  if (column.type == type::float64 && column.precision == float_single) return "(24 bits)";
  if (column.type == type::json && column.precision == json_normalized) return " (normalized)";
  if (is_timed(column.type) && column.precision > microseconds) {
    if (column.precision > seconds) return fmt::format("({})", name_of_unit(column.precision));
    return fmt::format("({})", seconds - column.precision);
  }
  return {};
}

}  // namespace dualwrite::engine
