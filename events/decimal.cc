#include "events/decimal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace dualwrite {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool equals_ignoring_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
  });
}

error not_a_number(std::string_view text) {
  constexpr std::size_t shown = 40;
  return {error_code::value_not_convertible,
          fmt::format("'{}{}' is not a decimal number.",
                      text.substr(0, shown),
                      text.size() > shown ? "..." : "")};
}

error too_long() {
  return {error_code::value_not_convertible, "The number has too many digits."};
}

// The digits of a times `factor` (2 or 5), in place; `digits` are most significant first.
void scale_up(std::string& digits, int factor) {
  int carry = 0;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at) {
    int const product = (*at - '0') * factor + carry;
    *at = static_cast<char>('0' + product % 10);
    carry = product / 10;
  }
  if (carry > 0) digits.insert(digits.begin(), static_cast<char>('0' + carry));
}

std::strong_ordering compare_magnitude(decimal const& a, decimal const& b) {
  if (a.is_zero() || b.is_zero()) return b.is_zero() <=> a.is_zero();
  if (a.exponent() != b.exponent()) return a.exponent() <=> b.exponent();
  auto const common = std::min(a.digits().size(), b.digits().size());
  int const order = std::memcmp(a.digits().data(), b.digits().data(), common);
  if (order != 0) return order <=> 0;
  auto const has_more = [common](decimal const& one) {
    return one.digits().find_first_not_of('0', common) != std::string_view::npos;
  };
  return has_more(a) <=> has_more(b);
}

// -infinity, finite, infinity, NaN.
int rank(decimal const& a) {
  switch (a.what()) {
    case decimal::kind::minus_infinity:
      return 0;
    case decimal::kind::finite:
      return 1;
    case decimal::kind::infinity:
      return 2;
    case decimal::kind::nan:
      return 3;
  }
  return 3;
}

}  // namespace

decimal::decimal(std::int64_t number) : negative_(number < 0) {
  if (number == 0) return;
  char text[24];
  auto const end = std::to_chars(text, text + sizeof text, number).ptr;
  digits_.assign(text + (negative_ ? 1 : 0), end);
}

result<decimal> decimal::from_digits(bool negative, std::string_view digits, std::size_t scale) {
  auto const first = digits.find_first_not_of('0');
  decimal made;
  if (first != std::string_view::npos) made.digits_ = digits.substr(first);
  if (scale > scale_max || made.digits_.size() > whole_digits_max + scale) return too_long();
  made.scale_ = static_cast<std::uint32_t>(scale);
  made.negative_ = negative && !made.digits_.empty();
  return made;
}

result<decimal> decimal::parse(std::string_view text) {
  auto rest = text;
  bool const negative = !rest.empty() && rest.front() == '-';
  if (negative || (!rest.empty() && rest.front() == '+')) rest.remove_prefix(1);
  if (equals_ignoring_case(rest, "infinity") || equals_ignoring_case(rest, "inf")) {
    return negative ? minus_infinity() : infinity();
  }
  if (equals_ignoring_case(text, "nan")) return nan();

  std::string digits;
  std::int64_t scale = 0;
  bool point = false;
  while (!rest.empty() && (is_digit(rest.front()) || (rest.front() == '.' && !point))) {
    if (rest.front() == '.') {
      point = true;
    } else {
      digits.push_back(rest.front());
      if (point) ++scale;
    }
    rest.remove_prefix(1);
  }
  if (digits.empty()) return not_a_number(text);
  if (!rest.empty()) {
    if (rest.front() != 'e' && rest.front() != 'E') return not_a_number(text);
    rest.remove_prefix(1);
    if (rest.starts_with('+')) {
      rest.remove_prefix(1);
      if (rest.starts_with('-')) return not_a_number(text);
    }
    std::int32_t power = 0;
    auto const [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), power);
    if (rest.empty() || end != rest.data() + rest.size()) return not_a_number(text);
    if (problem != std::errc{}) return too_long();
    scale -= power;
  }
  if (scale < 0) {
    if (-scale > static_cast<std::int64_t>(whole_digits_max)) return too_long();
    if (digits.find_first_not_of('0') != std::string::npos) {
      digits.append(static_cast<std::size_t>(-scale), '0');
    }
    scale = 0;
  }
  return from_digits(negative, digits, static_cast<std::size_t>(scale));
}

decimal decimal::exactly(double number) {
  if (std::isnan(number)) return nan();
  if (std::isinf(number)) return number < 0 ? minus_infinity() : infinity();
  int power = 0;
  double const fraction = std::frexp(std::fabs(number), &power);
  auto mantissa = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  power -= 53;
  while (mantissa != 0 && mantissa % 2 == 0) {
    mantissa /= 2;
    ++power;
  }
  decimal made(mantissa);
  if (mantissa == 0) return made;
  // Two to a negative power is five to the positive one, that many places after the point.
  for (int at = 0; at < power; ++at) scale_up(made.digits_, 2);
  for (int at = 0; at < -power; ++at) scale_up(made.digits_, 5);
  made.scale_ = static_cast<std::uint32_t>(std::max(-power, 0));
  made.negative_ = number < 0;
  return made;
}

decimal decimal::normalized() const {
  auto made = *this;
  while (made.scale_ > 0 && (made.digits_.empty() || made.digits_.back() == '0')) {
    if (!made.digits_.empty()) made.digits_.pop_back();
    --made.scale_;
  }
  return made;
}

std::optional<decimal> decimal::at_scale(std::size_t scale) const {
  if (!is_finite()) return *this;
  auto made = normalized();
  if (made.scale_ > scale || scale > scale_max) return std::nullopt;
  if (!made.digits_.empty()) made.digits_.append(scale - made.scale_, '0');
  made.scale_ = static_cast<std::uint32_t>(scale);
  return made;
}

std::optional<std::int64_t> decimal::to_int64() const {
  if (!is_finite()) return std::nullopt;
  auto const whole = at_scale(0);
  if (!whole || whole->digits_.size() > 19) return std::nullopt;
  auto const text = whole->to_string();
  std::int64_t number = 0;
  auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{}) return std::nullopt;
  return number;
}

std::optional<double> decimal::to_float64() const {
  switch (kind_) {
    case kind::nan:
      return std::numeric_limits<double>::quiet_NaN();
    case kind::infinity:
      return std::numeric_limits<double>::infinity();
    case kind::minus_infinity:
      return -std::numeric_limits<double>::infinity();
    case kind::finite:
      break;
  }
  auto const text = to_string();
  double number = 0;
  auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || exactly(number) != *this) return std::nullopt;
  return number;
}

std::string decimal::to_string() const {
  switch (kind_) {
    case kind::nan:
      return "NaN";
    case kind::infinity:
      return "Infinity";
    case kind::minus_infinity:
      return "-Infinity";
    case kind::finite:
      break;
  }
  std::string text = digits_;
  if (text.size() <= scale_) text.insert(0, scale_ + 1 - text.size(), '0');
  if (scale_ > 0) text.insert(text.size() - scale_, 1, '.');
  if (negative_) text.insert(text.begin(), '-');
  return text;
}

std::strong_ordering decimal::compare(decimal const& a, decimal const& b) {
  if (auto const order = rank(a) <=> rank(b); order != 0) return order;
  if (!a.is_finite()) return std::strong_ordering::equal;
  if (a.negative_ != b.negative_) return b.negative_ <=> a.negative_;
  return a.negative_ ? compare_magnitude(b, a) : compare_magnitude(a, b);
}

}  // namespace dualwrite
