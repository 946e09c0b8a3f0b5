// Arrays to columns without arrays and back: exactly, or not at all.
#include <gtest/gtest.h>

#include "engine/mapping/array_json.h"
#include "engine/mapping/column_limits.h"
#include "engine/mapping/conversion.h"

namespace dualwrite::engine {
namespace {

column_schema array_of(value_type element, std::uint32_t precision = 0, std::uint32_t length = 0) {
  column_schema out;
  out.type = value_type::array;
  out.element = element;
  out.precision = precision;
  out.length_max = length;
  out.type_name = "told";
  return out;
}
column_schema column(value_type type, std::uint32_t length_max = 0) {
  column_schema out;
  out.type = type;
  out.length_max = length_max;
  return out;
}
value list(std::vector<value> elements) {
  return value::of_array(std::move(elements));
}
value texts(std::vector<std::string> const& of) {
  std::vector<value> out;
  for (auto const& one : of) out.push_back(value::of_text(one));
  return list(out);
}
value decimal_of(std::string_view text) {
  return value::of_decimal(*decimal::parse(text));
}

// To a text, and back from it.
std::string there_and_back(value const& array, column_schema const& of) {
  auto const there = convert(array, column(value_type::text));
  if (!there) return there.error().detail;
  auto const back = convert(*there, of);
  if (!back) return back.error().detail;
  return *back == array ? there->as_string() : "comes back as " + to_string(*back);
}

TEST(ArrayJson, ComesBackAsItWas) {
  auto const ints = array_of(value_type::int64);
  EXPECT_EQ("[]", there_and_back(list({}), ints));
  EXPECT_EQ("[1,null,-3]",
            there_and_back(list({value::of_int64(1), value::null(), value::of_int64(-3)}), ints));
  auto const pair = list({value::of_int64(1), value::of_int64(2)});
  EXPECT_EQ("[[1,2],[1,2]]", there_and_back(list({pair, pair}), ints));
  EXPECT_EQ(
      R"(["a,b","\"","\\","","null","\u000a]"])",
      there_and_back(texts({"a,b", "\"", "\\", "", "null", "\n]"}), array_of(value_type::text)));
  EXPECT_EQ(R"([1.50,12345678901234567890.1,"NaN"])",
            there_and_back(list({decimal_of("1.50"),
                                 decimal_of("12345678901234567890.1"),
                                 value::of_decimal(decimal::nan())}),
                           array_of(value_type::decimal)));
  EXPECT_EQ("[true,false]",
            there_and_back(list({value::of_boolean(true), value::of_boolean(false)}),
                           array_of(value_type::boolean)));
  EXPECT_EQ(R"([0.1,1e+300,"-Infinity"])",
            there_and_back(list({value::of_float64(0.1),
                                 value::of_float64(1e300),
                                 value::of_float64(-std::numeric_limits<double>::infinity())}),
                           array_of(value_type::float64)));
  EXPECT_EQ(R"(["1970-01-02"])",
            there_and_back(list({value::of_date(1)}), array_of(value_type::date)));
}

TEST(ArrayJson, IsReadHoweverItIsSpaced) {
  auto const made = convert(value::of_text(" [ 1.50 , [ ] ] "), array_of(value_type::decimal));
  EXPECT_FALSE(made) << "its parts differ in length";
  auto const read = convert(value::of_json(R"([ "a" , "\u00e9\n" ])"), array_of(value_type::text));
  ASSERT_TRUE(read);
  EXPECT_EQ("{a, é\n}", to_string(*read));
}

TEST(ArrayJson, WhatIsNoneOfItsElementsIsRefused) {
  auto const ints = array_of(value_type::int64);
  for (auto const* text : {"",
                           "1",
                           "{}",
                           "[1",
                           "[1]]",
                           "[1,]",
                           "[\"a\"]",
                           "[1.5]",
                           "[{}]",
                           "[[]]",
                           "[[1],2]",
                           "[[1],[1,2]]",
                           "[[[[[[[1]]]]]]]"})
    EXPECT_FALSE(convert(value::of_text(text), ints)) << text;
}

TEST(ArrayJson, ElementsHaveTheLimitsOfTheColumn) {
  auto const three = array_of(value_type::text, 0, 3);
  auto const five = array_of(value_type::text, 0, 5);
  EXPECT_EQ(fit::checked, fit_between(three, five));
  EXPECT_TRUE(convert(texts({"abc"}), five));
  EXPECT_FALSE(convert(texts({"abcdef"}), five));
  EXPECT_FALSE(convert(list({texts({"abcdef"})}), five));
  auto const padded = array_of(value_type::text, text_padded, 5);
  EXPECT_EQ(fit::loses, fit_between(five, padded));
  EXPECT_EQ(fit::none, fit_between(five, array_of(value_type::int64)));
  EXPECT_EQ("array of text(5)", print_type(five));
}

TEST(ArrayJson, IsForTextsAndDocuments) {
  auto const ints = array_of(value_type::int64);
  EXPECT_EQ(fit::always, fit_between(ints, column(value_type::text)));
  EXPECT_EQ(fit::checked, fit_between(ints, column(value_type::text, 10)));
  EXPECT_EQ(fit::always, fit_between(ints, column(value_type::json)));
  EXPECT_EQ(fit::checked, fit_between(column(value_type::json), ints));
  EXPECT_EQ(fit::none, fit_between(ints, column(value_type::int64)));
  EXPECT_EQ(fit::none, fit_between(array_of(value_type::bytes), column(value_type::text)));
}

// Bounds of its own only its app can write.
TEST(ArrayJson, OneThatIsCarriedAsItIsGoesToArraysOnly) {
  auto const bounded = value::of_opaque("[0:1]={1,2}");
  EXPECT_TRUE(convert(bounded, array_of(value_type::int64)));
  EXPECT_FALSE(convert(bounded, column(value_type::text)));
}

}  // namespace
}  // namespace dualwrite::engine
