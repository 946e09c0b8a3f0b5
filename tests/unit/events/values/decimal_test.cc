#include "events/decimal.h"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <string>

#include "tests/support/random_values.h"

namespace dualwrite {
namespace {

using boost::multiprecision::cpp_int;

// The independent oracle: a whole number and how often it was multiplied by ten.
struct scaled {
  cpp_int number;
  std::size_t scale = 0;
};

cpp_int power_of_ten(std::size_t exponent) {
  return boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(exponent));
}

scaled oracle_of(decimal const& number) {
  cpp_int made(number.digits().empty() ? "0" : std::string(number.digits()));
  return {number.is_negative() ? cpp_int(-made) : made, number.scale()};
}

cpp_int at_scale(scaled const& number, std::size_t scale) {
  return number.number * power_of_ten(scale - number.scale);
}

bool same(decimal const& got, cpp_int const& wanted, std::size_t scale) {
  return got.scale() == scale && oracle_of(got).number == wanted;
}

// The quotient of whole numbers, rounded half away from zero.
cpp_int rounded_quotient(cpp_int top, cpp_int bottom) {
  bool const negative = (top < 0) != (bottom < 0);
  top = abs(top);
  bottom = abs(bottom);
  cpp_int const made = (2 * top + bottom) / (2 * bottom);
  return negative ? cpp_int(-made) : made;
}

decimal number(std::string_view text) {
  auto made = decimal::parse(text);
  EXPECT_TRUE(made) << text;
  return made ? *made : decimal::nan();
}

TEST(Decimal, PrintsWhatItRead) {
  for (std::string const text : {"0",
                                 "0.00",
                                 "1",
                                 "-1",
                                 "12.30",
                                 "-0.5",
                                 "100000000000000000000.0000000001",
                                 "Infinity",
                                 "-Infinity",
                                 "NaN"}) {
    EXPECT_EQ(number(text).to_string(), text);
  }
}

TEST(Decimal, ReadsTheFormsThatAppsSend) {
  struct {
    std::string_view text;
    std::string_view printed;
  } const rows[] = {
      {"+5", "5"},
      {".5", "0.5"},
      {"5.", "5"},
      {"007", "7"},
      {"-0", "0"},
      {"-0.00", "0.00"},
      {"1e3", "1000"},
      {"1E+3", "1000"},
      {"1.5e1", "15"},
      {"1.5e-2", "0.015"},
      {"12.50e1", "125.0"},
      {"0e5", "0"},
      {"inf", "Infinity"},
      {"-INF", "-Infinity"},
      {"nan", "NaN"},
      {"+infinity", "Infinity"},
  };
  for (auto const& row : rows) EXPECT_EQ(number(row.text).to_string(), row.printed) << row.text;
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (std::string const text : {"",
                                 "-",
                                 ".",
                                 "e5",
                                 "1e",
                                 "1e+",
                                 "1e+-3",
                                 "1.2.3",
                                 "1 ",
                                 " 1",
                                 "0x10",
                                 "1,5",
                                 "--1",
                                 "-nan",
                                 "infinit",
                                 "1e99999999999",
                                 "1e131073",
                                 "1e-16384"}) {
    auto const made = decimal::parse(text);
    ASSERT_FALSE(made) << text;
    EXPECT_EQ(made.error().code, error_code::value_not_convertible);
  }
}

TEST(Decimal, EqualsWhateverItsScale) {
  EXPECT_EQ(number("1.0"), number("1.00"));
  EXPECT_EQ(number("0"), number("0.000"));
  EXPECT_NE(number("1.0"), number("1.01"));
  EXPECT_EQ(decimal::nan(), decimal::nan());
}

TEST(Decimal, IsOrderedWithTheInfinitiesAtTheEndsAndNanLast) {
  char const* const ordered[] = {"-inf",
                                 "-10",
                                 "-9.99",
                                 "-0.001",
                                 "0",
                                 "0.0009",
                                 "0.001",
                                 "9.99",
                                 "10",
                                 "100.10",
                                 "1e100",
                                 "inf",
                                 "nan"};
  for (auto const* a : ordered) {
    for (auto const* b : ordered) {
      auto const wanted = std::find(std::begin(ordered), std::end(ordered), a) <=>
                          std::find(std::begin(ordered), std::end(ordered), b);
      EXPECT_EQ(decimal::compare(number(a), number(b)), wanted) << a << " and " << b;
    }
  }
}

TEST(Decimal, ArithmeticAgreesWithAnIndependentOracle) {
  test::random_values random(1);
  for (int round_of = 0; round_of < 4000; ++round_of) {
    auto const a = random.any_finite_decimal();
    auto const b = random.any_finite_decimal();
    auto const left = oracle_of(a);
    auto const right = oracle_of(b);
    auto const scale = std::max(a.scale(), b.scale());
    auto const context = a.to_string() + " and " + b.to_string();
    EXPECT_TRUE(same(*add(a, b), at_scale(left, scale) + at_scale(right, scale), scale)) << context;
    EXPECT_TRUE(same(*subtract(a, b), at_scale(left, scale) - at_scale(right, scale), scale))
        << context;
    EXPECT_TRUE(same(*multiply(a, b), left.number * right.number, left.scale + right.scale))
        << context;
    auto const order = at_scale(left, scale).compare(at_scale(right, scale));
    EXPECT_EQ(decimal::compare(a, b), order <=> 0) << context;
    if (b.is_zero()) continue;
    auto const places = static_cast<std::size_t>(random.number(0, 30));
    EXPECT_TRUE(same(*divide(a, b, places),
                     rounded_quotient(left.number * power_of_ten(places + right.scale),
                                      right.number * power_of_ten(left.scale)),
                     places))
        << context << " at " << places;
    EXPECT_TRUE(same(*remainder(a, b), at_scale(left, scale) % at_scale(right, scale), scale))
        << context;
  }
}

TEST(Decimal, RoundingAgreesWithAnIndependentOracle) {
  test::random_values random(2);
  for (int round_of = 0; round_of < 4000; ++round_of) {
    auto const a = random.any_finite_decimal();
    auto const places = random.number(-5, 8);
    auto const got = *round(a, places);
    auto const wanted = oracle_of(a);
    auto const dropped = static_cast<std::int64_t>(wanted.scale) - places;
    cpp_int const kept =
        dropped > 0
            ? rounded_quotient(wanted.number, power_of_ten(static_cast<std::size_t>(dropped)))
            : cpp_int(wanted.number * power_of_ten(static_cast<std::size_t>(-dropped)));
    auto const expected =
        places < 0 ? cpp_int(kept * power_of_ten(static_cast<std::size_t>(-places))) : kept;
    EXPECT_EQ(at_scale(oracle_of(got), got.scale()),
              at_scale({expected, places < 0 ? 0 : static_cast<std::size_t>(places)},
                       std::max<std::size_t>(got.scale(),
                                             places < 0 ? 0 : static_cast<std::size_t>(places))))
        << a.to_string() << " to " << places << " is " << got.to_string();
  }
}

TEST(Decimal, RoundsHalvesAwayFromZero) {
  EXPECT_EQ(round(number("2.5"), 0)->to_string(), "3");
  EXPECT_EQ(round(number("-2.5"), 0)->to_string(), "-3");
  EXPECT_EQ(round(number("2.45"), 1)->to_string(), "2.5");
  EXPECT_EQ(round(number("2.449999"), 1)->to_string(), "2.4");
  EXPECT_EQ(round(number("2"), 2)->to_string(), "2.00");
  EXPECT_EQ(round(number("0.004"), 2)->to_string(), "0.00");
  EXPECT_EQ(round(number("1250"), -2)->to_string(), "1300");
  EXPECT_EQ(round(number("49"), -2)->to_string(), "0");
  EXPECT_EQ(round(decimal::nan(), 2)->to_string(), "NaN");
}

TEST(Decimal, ThatHasNoEndFollowsTheRulesOfInfinity) {
  auto const inf = decimal::infinity();
  EXPECT_EQ(*add(inf, decimal(5)), inf);
  EXPECT_EQ(*subtract(inf, inf), decimal::nan());
  EXPECT_EQ(*multiply(inf, decimal(-2)), decimal::minus_infinity());
  EXPECT_EQ(*multiply(inf, decimal(0)), decimal::nan());
  EXPECT_EQ(*divide(decimal(5), inf, 2), decimal(0));
  EXPECT_EQ(*add(decimal::nan(), decimal(5)), decimal::nan());
  EXPECT_FALSE(divide(decimal(1), decimal(0), 2));
  EXPECT_FALSE(remainder(decimal(1), decimal(0)));
}

TEST(Decimal, OfADoubleIsExactlyTheDouble) {
  EXPECT_EQ(decimal::exactly(0.1).to_string(),
            "0.1000000000000000055511151231257827021181583404541015625");
  EXPECT_EQ(decimal::exactly(-2.5).to_string(), "-2.5");
  EXPECT_EQ(decimal::exactly(1e23).to_string(), "99999999999999991611392");
  EXPECT_EQ(decimal::exactly(0.0).to_string(), "0");
  test::random_values random(3);
  for (int round_of = 0; round_of < 2000; ++round_of) {
    auto const drawn = random.any_float64();
    auto const back = decimal::exactly(drawn).to_float64();
    ASSERT_TRUE(back);
    EXPECT_TRUE(*back == drawn || drawn != drawn) << drawn;
  }
  EXPECT_FALSE(number("0.1").to_float64());
  EXPECT_FALSE(number("1e400").to_float64());
}

TEST(Decimal, BecomesAnInt64OnlyWhereNothingIsLost) {
  EXPECT_EQ(number("5.00").to_int64(), 5);
  EXPECT_EQ(number("-9223372036854775808").to_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(number("9223372036854775808").to_int64());
  EXPECT_FALSE(number("5.01").to_int64());
  EXPECT_FALSE(decimal::infinity().to_int64());
}

TEST(Decimal, RefusesResultsBeyondItsLimits) {
  auto const wide = number("1e131000");
  EXPECT_FALSE(multiply(wide, wide));
  auto const fine = number("1e-16383");
  EXPECT_FALSE(multiply(fine, fine));
  EXPECT_TRUE(add(wide, decimal(1)));
}

}  // namespace
}  // namespace dualwrite
