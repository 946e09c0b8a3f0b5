#include <algorithm>
#include <vector>

#include "events/decimal.h"

// Pencil and paper on digit strings, most significant digit first. Numbers of business data have
// some twenty digits, where this costs less than changing to limbs and back; only products of long
// numbers use limbs.
namespace dualwrite {
namespace {

using kind = decimal::kind;

error too_long() {
  return {error_code::value_not_convertible, "The result has too many digits."};
}

std::string aligned(decimal const& a, std::size_t scale) {
  std::string digits(a.digits());
  digits.append(scale - a.scale(), '0');
  return digits;
}

void pad(std::string& a, std::string& b) {
  auto const width = std::max(a.size(), b.size());
  a.insert(0, width - a.size(), '0');
  b.insert(0, width - b.size(), '0');
}

std::string sum(std::string a, std::string b) {
  pad(a, b);
  int carry = 0;
  for (std::size_t at = a.size(); at-- > 0;) {
    int const digit = (a[at] - '0') + (b[at] - '0') + carry;
    a[at] = static_cast<char>('0' + digit % 10);
    carry = digit / 10;
  }
  if (carry > 0) a.insert(a.begin(), '1');
  return a;
}

// a - b, where a is not less than b.
std::string difference(std::string a, std::string b) {
  pad(a, b);
  int borrow = 0;
  for (std::size_t at = a.size(); at-- > 0;) {
    int digit = (a[at] - '0') - (b[at] - '0') - borrow;
    borrow = digit < 0 ? 1 : 0;
    a[at] = static_cast<char>('0' + (digit + 10) % 10);
  }
  return a;
}

using limbs = std::vector<std::uint64_t>;
constexpr std::uint64_t limb_base = 1'000'000'000;
constexpr std::size_t limb_digits = 9;

limbs to_limbs(std::string_view digits) {
  limbs made;
  for (std::size_t end = digits.size(); end > 0;) {
    auto const begin = end > limb_digits ? end - limb_digits : 0;
    std::uint64_t limb = 0;
    for (std::size_t at = begin; at < end; ++at) {
      limb = limb * 10 + static_cast<std::uint64_t>(digits[at] - '0');
    }
    made.push_back(limb);
    end = begin;
  }
  return made;
}

std::string product(std::string_view a, std::string_view b) {
  auto const left = to_limbs(a);
  auto const right = to_limbs(b);
  limbs made(left.size() + right.size(), 0);
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < right.size(); ++j) {
      auto const cell = made[i + j] + left[i] * right[j] + carry;
      made[i + j] = cell % limb_base;
      carry = cell / limb_base;
    }
    made[i + right.size()] += carry;
  }
  std::string digits(made.size() * limb_digits, '0');
  auto at = digits.rbegin();
  for (auto limb : made) {
    for (std::size_t n = 0; n < limb_digits; ++n, limb /= 10) {
      *at++ = static_cast<char>('0' + limb % 10);
    }
  }
  return digits;
}

int sign(decimal const& a) {
  return a.is_zero() ? 0 : (a.is_negative() ? -1 : 1);
}

// The whole quotient of digit strings; `rest` is what is left. b is not zero.
std::string quotient(std::string_view a, std::string const& b, std::string& rest) {
  std::string digits;
  rest.clear();
  auto const fits = [&] {
    return rest.size() > b.size() || (rest.size() == b.size() && rest >= b);
  };
  for (char const next : a) {
    if (!rest.empty() || next != '0') rest.push_back(next);
    char digit = '0';
    while (fits()) {
      rest = difference(std::move(rest), b);
      rest.erase(0, std::min(rest.find_first_not_of('0'), rest.size()));
      ++digit;
    }
    digits.push_back(digit);
  }
  return digits;
}

bool is_half_or_more(std::string const& rest, std::string const& divisor) {
  auto twice = sum(rest, rest);
  auto whole = divisor;
  pad(twice, whole);
  return twice >= whole;
}

}  // namespace

result<decimal> add(decimal const& a, decimal const& b) {
  if (!a.is_finite() || !b.is_finite()) {
    if (a.what() == kind::nan || b.what() == kind::nan) return decimal::nan();
    if (a.is_finite()) return b;
    if (b.is_finite()) return a;
    return a.what() == b.what() ? a : decimal::nan();
  }
  auto const scale = std::max(a.scale(), b.scale());
  auto left = aligned(a, scale);
  auto right = aligned(b, scale);
  if (a.is_negative() == b.is_negative()) {
    return decimal::from_digits(a.is_negative(), sum(std::move(left), std::move(right)), scale);
  }
  pad(left, right);
  if (left >= right) {
    return decimal::from_digits(a.is_negative(), difference(left, right), scale);
  }
  return decimal::from_digits(b.is_negative(), difference(right, left), scale);
}

decimal negate(decimal const& a) {
  switch (a.what()) {
    case kind::nan:
      return a;
    case kind::infinity:
      return decimal::minus_infinity();
    case kind::minus_infinity:
      return decimal::infinity();
    case kind::finite:
      break;
  }
  return *decimal::from_digits(!a.is_negative(), a.digits(), a.scale());
}

decimal absolute(decimal const& a) {
  return a.is_negative() ? negate(a) : a;
}

result<decimal> subtract(decimal const& a, decimal const& b) {
  return add(a, negate(b));
}

result<decimal> multiply(decimal const& a, decimal const& b) {
  if (!a.is_finite() || !b.is_finite()) {
    if (a.what() == kind::nan || b.what() == kind::nan) return decimal::nan();
    auto const direction = sign(a) * sign(b);
    if (direction == 0) return decimal::nan();
    return direction > 0 ? decimal::infinity() : decimal::minus_infinity();
  }
  auto const scale = a.scale() + b.scale();
  if (scale > decimal::scale_max) return too_long();
  if (a.digits().size() + b.digits().size() > decimal::whole_digits_max) return too_long();
  return decimal::from_digits(
      a.is_negative() != b.is_negative(), product(a.digits(), b.digits()), scale);
}

result<decimal> round(decimal const& a, std::int64_t scale) {
  if (!a.is_finite()) return a;
  auto const kept_scale = static_cast<std::size_t>(std::max<std::int64_t>(scale, 0));
  if (kept_scale > decimal::scale_max) return too_long();
  if (auto const same = a.at_scale(kept_scale); same && scale >= 0) return *same;
  auto const limit = static_cast<std::int64_t>(decimal::whole_digits_max);
  auto const dropped = static_cast<std::int64_t>(a.scale()) - std::max(scale, -limit);
  if (dropped <= 0) return a;
  auto const count = static_cast<std::size_t>(dropped);
  std::string digits(a.digits());
  if (digits.size() < count) digits.insert(0, count - digits.size(), '0');
  bool const up = digits[digits.size() - count] >= '5';
  digits.resize(digits.size() - count);
  if (up) digits = sum(std::move(digits), "1");
  if (scale < 0) digits.append(static_cast<std::size_t>(-std::max(scale, -limit)), '0');
  return decimal::from_digits(a.is_negative(), digits, kept_scale);
}

result<decimal> divide(decimal const& a, decimal const& b, std::size_t scale) {
  if (a.what() == kind::nan || b.what() == kind::nan) return decimal::nan();
  if (b.is_zero()) return error{error_code::value_not_convertible, "Division by zero."};
  if (!a.is_finite()) {
    if (!b.is_finite()) return decimal::nan();
    return sign(a) * sign(b) > 0 ? decimal::infinity() : decimal::minus_infinity();
  }
  if (!b.is_finite()) return decimal();
  if (scale > decimal::scale_max) return too_long();
  // a / b at `scale`: move both points until the quotient of whole numbers is the wanted digits.
  std::string top(a.digits());
  std::string bottom(b.digits());
  top.append(scale + b.scale(), '0');
  bottom.append(a.scale(), '0');
  std::string rest;
  auto digits = quotient(top, bottom, rest);
  if (is_half_or_more(rest, bottom)) digits = sum(std::move(digits), "1");
  return decimal::from_digits(a.is_negative() != b.is_negative(), digits, scale);
}

result<decimal> remainder(decimal const& a, decimal const& b) {
  if (a.what() == kind::nan || b.what() == kind::nan || !a.is_finite()) return decimal::nan();
  if (b.is_zero()) return error{error_code::value_not_convertible, "Division by zero."};
  if (!b.is_finite()) return a;
  auto const scale = std::max(a.scale(), b.scale());
  std::string rest;
  auto const bottom = aligned(b, scale);
  auto const digits = quotient(aligned(a, scale), bottom, rest);
  return decimal::from_digits(a.is_negative(), rest, scale);
}

}  // namespace dualwrite
