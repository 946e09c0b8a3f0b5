#include "events/value.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/support/random_values.h"

namespace dualwrite {
namespace {

value number(std::string_view text) {
  return value::of_decimal(*decimal::parse(text));
}

TEST(Value, IsEqualToTheSameValueOfTheSameTypeOnly) {
  EXPECT_EQ(value::of_int64(5), value::of_int64(5));
  EXPECT_NE(value::of_int64(5), number("5"));
  EXPECT_NE(value::of_text("a"), value::of_enumeration("a"));
  EXPECT_NE(value::null(), value::unchanged());
  EXPECT_EQ(number("1.0"), number("1.00"));
  EXPECT_EQ(value::of_float64(0.0), value::of_float64(-0.0));
  EXPECT_EQ(value::of_float64(std::numeric_limits<double>::quiet_NaN()),
            value::of_float64(-std::numeric_limits<double>::quiet_NaN()));
}

TEST(Value, NumbersOfAllTypesAreOrderedByWhatTheyAreWorth) {
  value const ordered[] = {
      value::null(),
      value::of_boolean(false),
      value::of_boolean(true),
      value::of_float64(-std::numeric_limits<double>::infinity()),
      number("-inf"),
      value::of_int64(-5),
      number("-4.5"),
      value::of_int64(0),
      value::of_float64(0.0),
      number("0"),
      number("0.1"),
      value::of_float64(0.1),  // a little more than a tenth
      value::of_int64(std::numeric_limits<std::int64_t>::max()),
      value::of_float64(9223372036854775807.0),  // which is 2 to the 63rd
      number("inf"),
      number("nan"),
      value::of_text("9"),
  };
  for (auto const& a : ordered) {
    for (auto const& b : ordered) {
      EXPECT_EQ(value::compare(a, b), &a <=> &b) << to_string(a) << " and " << to_string(b);
    }
  }
}

TEST(Value, OrderIsTotalAndAgreesWithEquality) {
  test::random_values random(5);
  for (int round = 0; round < 20000; ++round) {
    auto const type = static_cast<value_type>(random.number(0, value_type_count - 1));
    auto const pick = [&] { return random.chance(60) ? random.of_type(type) : random.any(); };
    auto const a = pick();
    auto const b = pick();
    auto const c = pick();
    EXPECT_EQ(value::compare(a, a), std::strong_ordering::equal);
    EXPECT_EQ(a == b, value::compare(a, b) == 0) << to_string(a) << " and " << to_string(b);
    EXPECT_EQ(value::compare(a, b), 0 <=> value::compare(b, a));
    if (a <= b && b <= c) {
      EXPECT_TRUE(a <= c) << to_string(a) << ", " << to_string(b) << ", " << to_string(c);
    }
  }
}

TEST(Value, PrintsForPeople) {
  EXPECT_EQ(to_string(value::null()), "NULL");
  EXPECT_EQ(to_string(value::of_boolean(true)), "true");
  EXPECT_EQ(to_string(value::of_int64(-7)), "-7");
  EXPECT_EQ(to_string(value::of_float64(0.1)), "0.1");
  EXPECT_EQ(to_string(number("12.30")), "12.30");
  EXPECT_EQ(to_string(value::of_bytes(std::string("\0\xFF", 2))), "\\x00ff");
  EXPECT_EQ(to_string(value::of_date(0)), "1970-01-01");
  EXPECT_EQ(to_string(value::of_time(1)), "00:00:00.000001");
  EXPECT_EQ(to_string(value::of_timestamp_tz(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_string(value::of_array({value::of_int64(1), value::of_array({value::null()})})),
            "{1, {NULL}}");
}

TEST(Value, UuidsAndFloatsReadBackWhatTheyPrint) {
  test::random_values random(6);
  for (int round = 0; round < 2000; ++round) {
    auto const id = random.of_type(value_type::uuid).as_uuid();
    EXPECT_EQ(*parse_uuid(print_uuid(id)), id);
    auto const drawn = random.of_type(value_type::float64);
    EXPECT_EQ(value::of_float64(*parse_float64(print_float64(drawn.as_float64()))), drawn);
  }
  EXPECT_FALSE(parse_uuid("00000000-0000-0000-0000-00000000000"));
  EXPECT_FALSE(parse_uuid("00000000-0000-0000-0000-00000000000g"));
  EXPECT_FALSE(parse_uuid("000000000000-0000-0000-0000-00000000"));
  EXPECT_FALSE(parse_float64("1e400"));
  EXPECT_FALSE(parse_float64("1 "));
  EXPECT_FALSE(parse_float64(""));
}

TEST(Value, TypesAreFoundByTheirNames) {
  for (std::uint8_t type = 0; type < value_type_count; ++type) {
    EXPECT_EQ(type_named(name_of(static_cast<value_type>(type))), static_cast<value_type>(type));
  }
  EXPECT_FALSE(type_named("varchar"));
}

TEST(Value, TypeNumbersAreForEver) {
  EXPECT_EQ(static_cast<int>(value_type::null), 0);
  EXPECT_EQ(static_cast<int>(value_type::decimal), 4);
  EXPECT_EQ(static_cast<int>(value_type::timestamp_tz), 10);
  EXPECT_EQ(static_cast<int>(value_type::unchanged), 17);
}

}  // namespace
}  // namespace dualwrite
