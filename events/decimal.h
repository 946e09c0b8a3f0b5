// Decimal numbers of any length, exact.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/result.h"

namespace dualwrite {

// Digits and a scale: 12.30 is the digits 1230 at scale 2. Also infinity, -infinity and NaN, as
// PostgreSQL's numeric.
//
// Guarantees: nothing here goes through binary floating point, nothing is rounded unless rounding
// is asked for. The scale is kept (12.30 prints as 12.30), but numbers that are equal compare equal
// whatever their scale. NaN equals NaN and is greater than every other number; there is no negative
// zero.
// Errors: what is not a number, or has more digits than the limits below, is
// `value_not_convertible`.
// Threads: a plain value.
class decimal {
 public:
  // The limits of PostgreSQL's numeric: digits before and after the point.
  static constexpr std::size_t whole_digits_max = 131072;
  static constexpr std::size_t scale_max = 16383;

  enum class kind : std::uint8_t { finite = 0, infinity = 1, minus_infinity = 2, nan = 3 };

  decimal() = default;
  explicit decimal(std::int64_t number);
  [[nodiscard]] static decimal infinity() { return decimal(kind::infinity); }
  [[nodiscard]] static decimal minus_infinity() { return decimal(kind::minus_infinity); }
  [[nodiscard]] static decimal nan() { return decimal(kind::nan); }

  // "-12.30", "+.5", "1e-7", "infinity", "-inf", "NaN"; an exponent moves the point and is not
  // kept.
  [[nodiscard]] static result<decimal> parse(std::string_view text);
  // `digits` are '0' to '9', most significant first; leading zeros are dropped.
  [[nodiscard]] static result<decimal> from_digits(bool negative,
                                                   std::string_view digits,
                                                   std::size_t scale);
  // The number that the double stands for, to the last of its up to 1074 places: 0.1 is
  // 0.1000000000000000055...
  [[nodiscard]] static decimal exactly(double number);

  [[nodiscard]] kind what() const { return kind_; }
  [[nodiscard]] bool is_finite() const { return kind_ == kind::finite; }
  [[nodiscard]] bool is_zero() const { return is_finite() && digits_.empty(); }
  [[nodiscard]] bool is_negative() const { return negative_ || kind_ == kind::minus_infinity; }
  // Without leading zeros; empty for zero.
  [[nodiscard]] std::string_view digits() const { return digits_; }
  [[nodiscard]] std::size_t scale() const { return scale_; }
  // Where the first digit stands: the number is 0.DIGITS times ten to this power.
  [[nodiscard]] std::int64_t exponent() const {
    return static_cast<std::int64_t>(digits_.size()) - static_cast<std::int64_t>(scale_);
  }

  // The same number with the smallest scale that holds it.
  [[nodiscard]] decimal normalized() const;
  // The same number at this scale, or nothing where that would drop digits other than zero.
  [[nodiscard]] std::optional<decimal> at_scale(std::size_t scale) const;
  // Nothing where the number has a fraction or does not fit.
  [[nodiscard]] std::optional<std::int64_t> to_int64() const;
  // Nothing where no double is exactly this number.
  [[nodiscard]] std::optional<double> to_float64() const;
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] static std::strong_ordering compare(decimal const& a, decimal const& b);
  friend bool operator==(decimal const& a, decimal const& b) { return compare(a, b) == 0; }
  friend std::strong_ordering operator<=>(decimal const& a, decimal const& b) {
    return compare(a, b);
  }

 private:
  explicit decimal(kind what) : kind_(what) {}

  std::string digits_;
  std::uint32_t scale_ = 0;
  kind kind_ = kind::finite;
  bool negative_ = false;
};

// Exact; the scale of a sum is the greater scale, that of a product the sum of both. Infinity minus
// infinity and infinity times zero are NaN.
[[nodiscard]] result<decimal> add(decimal const& a, decimal const& b);
[[nodiscard]] result<decimal> subtract(decimal const& a, decimal const& b);
[[nodiscard]] result<decimal> multiply(decimal const& a, decimal const& b);
[[nodiscard]] decimal negate(decimal const& a);
[[nodiscard]] decimal absolute(decimal const& a);
// Half away from zero. A negative `scale` rounds to tens, hundreds and so on.
[[nodiscard]] result<decimal> round(decimal const& a, std::int64_t scale);
// The quotient, rounded half away from zero to `scale`: few quotients are exact. By zero:
// `value_not_convertible`.
[[nodiscard]] result<decimal> divide(decimal const& a, decimal const& b, std::size_t scale);
// What is left of a after taking b off as often as it fits toward zero; it has the sign of a.
[[nodiscard]] result<decimal> remainder(decimal const& a, decimal const& b);

}  // namespace dualwrite
