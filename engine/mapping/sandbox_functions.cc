#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/mapping/conversion.h"
#include "engine/mapping/expression_text.h"
#include "engine/mapping/expression_types.h"
#include "engine/mapping/sql_sandbox.h"

// The functions that expressions are rewritten to. Names end in what they take: _n whole numbers,
// _d decimals, _f floats.
namespace dualwrite::engine {
namespace {

error failed(std::string_view why) {
  return {error_code::expression_failed, std::string(why)};
}

std::int64_t number_at(sql_arguments from, std::size_t at) {
  return sqlite3_value_int64(from[at]);
}
double float_at(sql_arguments from, std::size_t at) {
  return sqlite3_value_double(from[at]);
}
std::string_view text_at(sql_arguments from, std::size_t at) {
  return read_string(from[at]);
}
result<decimal> decimal_at(sql_arguments from, std::size_t at) {
  return decimal::parse(text_at(from, at));
}

result<value> to_value(result<decimal> made) {
  if (!made) return made.error();
  return value::of_decimal(std::move(*made));
}

using decimal_operation = result<decimal> (*)(decimal const&, decimal const&);

// From the left through all arguments.
template <decimal_operation Operation>
result<value> fold_decimals(sql_arguments from) {
  DW_TRY(auto made, decimal_at(from, 0));
  for (std::size_t at = 1; at < from.size(); ++at) {
    DW_TRY(auto const next, decimal_at(from, at));
    DW_TRY(made, Operation(made, next));
  }
  return value::of_decimal(std::move(made));
}

result<decimal> lesser(decimal const& a, decimal const& b) {
  return b < a ? b : a;
}
result<decimal> greater(decimal const& a, decimal const& b) {
  return b > a ? b : a;
}

result<value> compare_decimals(sql_arguments from) {
  DW_TRY(auto const a, decimal_at(from, 0));
  DW_TRY(auto const b, decimal_at(from, 1));
  auto const order = decimal::compare(a, b);
  return value::of_int64(order < 0 ? -1 : order > 0 ? 1 : 0);
}

result<value> negate_decimal(sql_arguments from) {
  DW_TRY(auto const a, decimal_at(from, 0));
  return value::of_decimal(negate(a));
}
result<value> absolute_decimal(sql_arguments from) {
  DW_TRY(auto const a, decimal_at(from, 0));
  return value::of_decimal(absolute(a));
}
// Equal decimals become equal texts.
result<value> plain_decimal(sql_arguments from) {
  DW_TRY(auto const a, decimal_at(from, 0));
  return value::of_text(a.normalized().to_string());
}
result<value> round_decimal(sql_arguments from) {
  DW_TRY(auto const a, decimal_at(from, 0));
  return to_value(round(a, from.size() > 1 ? number_at(from, 1) : 0));
}
result<value> divide_decimals(sql_arguments from) {
  DW_TRY(auto const a, decimal_at(from, 0));
  DW_TRY(auto const b, decimal_at(from, 1));
  auto const places = number_at(from, 2);
  if (places < 0 || places > 1000) return failed("div() rounds to 0 to 1000 places.");
  return to_value(divide(a, b, static_cast<std::size_t>(places)));
}

// Three-valued: outside one bound is outside, whatever the other is.
result<value> between_decimals(sql_arguments from) {
  auto const is_null = [&](std::size_t at) { return sqlite3_value_type(from[at]) == SQLITE_NULL; };
  if (is_null(0)) return value::null();
  DW_TRY(auto const what, decimal_at(from, 0));
  if (!is_null(1)) {
    DW_TRY(auto const low, decimal_at(from, 1));
    if (what < low) return value::of_boolean(false);
  }
  if (!is_null(2)) {
    DW_TRY(auto const high, decimal_at(from, 2));
    if (what > high) return value::of_boolean(false);
  }
  return is_null(1) || is_null(2) ? value::null() : value::of_boolean(true);
}

result<value> nullif_decimals(sql_arguments from) {
  if (sqlite3_value_type(from[0]) == SQLITE_NULL) return value::null();
  DW_TRY(auto a, decimal_at(from, 0));
  if (sqlite3_value_type(from[1]) != SQLITE_NULL) {
    DW_TRY(auto const b, decimal_at(from, 1));
    if (a == b) return value::null();
  }
  return value::of_decimal(std::move(a));
}

error overflow() {
  return failed("the whole number does not fit 64 bits.");
}
using whole = std::int64_t;
using overflowing = bool (*)(whole, whole, whole*);
bool add_whole(whole a, whole b, whole* made) {
  return __builtin_add_overflow(a, b, made);
}
bool subtract_whole(whole a, whole b, whole* made) {
  return __builtin_sub_overflow(a, b, made);
}
bool multiply_whole(whole a, whole b, whole* made) {
  return __builtin_mul_overflow(a, b, made);
}

template <overflowing Operation>
result<value> fold_whole(sql_arguments from) {
  auto made = number_at(from, 0);
  for (std::size_t at = 1; at < from.size(); ++at) {
    if (Operation(made, number_at(from, at), &made)) return overflow();
  }
  return value::of_int64(made);
}

result<value> negate_whole(sql_arguments from) {
  whole made = 0;
  if (subtract_whole(0, number_at(from, 0), &made)) return overflow();
  return value::of_int64(made);
}
result<value> absolute_whole(sql_arguments from) {
  auto const a = number_at(from, 0);
  return a < 0 ? negate_whole(from) : value::of_int64(a);
}
result<value> divide_whole(sql_arguments from) {
  auto const a = number_at(from, 0);
  auto const b = number_at(from, 1);
  if (b == 0) return failed("division by zero.");
  if (b == -1) return negate_whole(from);
  return value::of_int64(a / b);
}
result<value> remainder_whole(sql_arguments from) {
  auto const b = number_at(from, 1);
  if (b == 0) return failed("division by zero.");
  return value::of_int64(b == -1 ? 0 : number_at(from, 0) % b);
}

result<value> checked_float(double made, bool inputs_finite) {
  if (std::isnan(made)) return failed("the result is not a number.");
  if (std::isinf(made) && inputs_finite) return failed("the float is too large.");
  return value::of_float64(made);
}
template <char Operator>
result<value> combine_floats(sql_arguments from) {
  auto made = float_at(from, 0);
  bool finite = std::isfinite(made);
  for (std::size_t at = 1; at < from.size(); ++at) {
    auto const next = float_at(from, at);
    finite = finite && std::isfinite(next);
    if (Operator == '/' && next == 0) return failed("division by zero.");
    if (Operator == '+') made += next;
    if (Operator == '-') made -= next;
    if (Operator == '*') made *= next;
    if (Operator == '/') made /= next;
  }
  return checked_float(made, finite);
}
result<value> negate_float(sql_arguments from) {
  return value::of_float64(-float_at(from, 0));
}
result<value> absolute_float(sql_arguments from) {
  return value::of_float64(std::fabs(float_at(from, 0)));
}

template <trim_end From>
result<value> trim(sql_arguments from) {
  return value::of_text(
      trim_text(text_at(from, 0), from.size() > 1 ? text_at(from, 1) : " ", From));
}
result<value> upper(sql_arguments from) {
  return value::of_text(to_upper(text_at(from, 0)));
}
result<value> lower(sql_arguments from) {
  return value::of_text(to_lower(text_at(from, 0)));
}
result<value> length(sql_arguments from) {
  return value::of_int64(static_cast<whole>(count_characters(text_at(from, 0))));
}
result<value> size(sql_arguments from) {
  return value::of_int64(static_cast<whole>(text_at(from, 0).size()));
}
result<value> substr(sql_arguments from) {
  auto const length_wanted =
      from.size() > 2 ? number_at(from, 2) : std::numeric_limits<whole>::max();
  if (length_wanted < 0) return failed("substr() cannot take a negative number of characters.");
  return value::of_text(
      std::string(substring(text_at(from, 0), number_at(from, 1), length_wanted)));
}
result<value> replace(sql_arguments from) {
  return value::of_text(replace_all(text_at(from, 0), text_at(from, 1), text_at(from, 2)));
}
result<value> instr(sql_arguments from) {
  return value::of_int64(find_character(text_at(from, 0), text_at(from, 1)));
}
result<value> contains(sql_arguments from) {
  return value::of_boolean(text_at(from, 0).find(text_at(from, 1)) != std::string_view::npos);
}
result<value> starts_with(sql_arguments from) {
  return value::of_boolean(text_at(from, 0).starts_with(text_at(from, 1)));
}
result<value> ends_with(sql_arguments from) {
  return value::of_boolean(text_at(from, 0).ends_with(text_at(from, 1)));
}
// NULL among them counts as nothing, unlike with ||.
result<value> concat(sql_arguments from) {
  std::string made;
  for (auto* one : from) made += read_string(one);
  return value::of_text(std::move(made));
}
result<value> like(sql_arguments from) {
  return value::of_boolean(matches_like(
      text_at(from, 0), text_at(from, 1), from.size() > 2 ? text_at(from, 2) : std::string_view{}));
}

// dw_cast(value, type of it, type wanted, precision, scale)
result<value> cast(sql_arguments from) {
  DW_TRY(auto const what, read_value(from[0], static_cast<value_type>(number_at(from, 1))));
  column_schema to;
  to.type = static_cast<value_type>(number_at(from, 2));
  to.precision = static_cast<std::uint32_t>(number_at(from, 3));
  to.scale = static_cast<std::uint32_t>(number_at(from, 4));
  return cast_value(what, to);
}

// dw_year(value, type of it) and so on
result<calendar_day> day_at(sql_arguments from) {
  DW_TRY(auto const what, read_value(from[0], static_cast<value_type>(number_at(from, 1))));
  auto const held = what.type() == value_type::date ? what.as_days() : what.as_us();
  if (held == time_infinity || held == time_minus_infinity)
    return failed("infinity has no year, month or day.");
  if (what.type() == value_type::date) return split_date(held);
  return split_date(held / day_us - (held % day_us < 0 ? 1 : 0));
}
result<value> year(sql_arguments from) {
  DW_TRY(auto const day, day_at(from));
  return value::of_int64(day.year);
}
result<value> month(sql_arguments from) {
  DW_TRY(auto const day, day_at(from));
  return value::of_int64(day.month);
}
result<value> day_of_month(sql_arguments from) {
  DW_TRY(auto const day, day_at(from));
  return value::of_int64(day.day);
}

constexpr bool with_null = true;
constexpr sql_function functions[] = {
    {"dw_add_d", &fold_decimals<&add>},
    {"dw_subtract_d", &fold_decimals<&subtract>},
    {"dw_multiply_d", &fold_decimals<&multiply>},
    {"dw_modulo_d", &fold_decimals<&remainder>},
    {"dw_min_d", &fold_decimals<&lesser>},
    {"dw_max_d", &fold_decimals<&greater>},
    {"dw_compare_d", &compare_decimals},
    {"dw_between_d", &between_decimals, with_null},
    {"dw_nullif_d", &nullif_decimals, with_null},
    {"dw_plain_d", &plain_decimal},
    {"dw_negative_d", &negate_decimal},
    {"dw_abs_d", &absolute_decimal},
    {"dw_round_d", &round_decimal},
    {"dw_div_d", &divide_decimals},
    {"dw_add_n", &fold_whole<&add_whole>},
    {"dw_subtract_n", &fold_whole<&subtract_whole>},
    {"dw_multiply_n", &fold_whole<&multiply_whole>},
    {"dw_modulo_n", &remainder_whole},
    {"dw_negative_n", &negate_whole},
    {"dw_abs_n", &absolute_whole},
    {"dw_div_n", &divide_whole},
    {"dw_add_f", &combine_floats<'+'>},
    {"dw_subtract_f", &combine_floats<'-'>},
    {"dw_multiply_f", &combine_floats<'*'>},
    {"dw_divide_f", &combine_floats<'/'>},
    {"dw_negative_f", &negate_float},
    {"dw_abs_f", &absolute_float},
    {"dw_trim", &trim<trim_end::both>},
    {"dw_ltrim", &trim<trim_end::front>},
    {"dw_rtrim", &trim<trim_end::back>},
    {"dw_upper", &upper},
    {"dw_lower", &lower},
    {"dw_length", &length},
    {"dw_size", &size},
    {"dw_substr", &substr},
    {"dw_replace", &replace},
    {"dw_instr", &instr},
    {"dw_contains", &contains},
    {"dw_starts_with", &starts_with},
    {"dw_ends_with", &ends_with},
    {"dw_concat", &concat, with_null},
    {"dw_like", &like},
    {"dw_cast", &cast},
    {"dw_year", &year},
    {"dw_month", &month},
    {"dw_day", &day_of_month},
};

}  // namespace

std::span<sql_function const> sandbox_functions() {
  return functions;
}

}  // namespace dualwrite::engine
