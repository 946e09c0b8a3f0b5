// What a column would make another value of is refused, or made before it is written.
#include <gtest/gtest.h>

#include "engine/mapping/column_limits.h"
#include "engine/mapping/compiled_map.h"
#include "engine/mapping/conversion.h"

namespace dualwrite::engine {
namespace {

column_schema column(value_type type,
                     std::uint32_t precision,
                     std::uint32_t length_max = 0,
                     std::string type_name = "told") {
  column_schema out;
  out.name = "v";
  out.type = type;
  out.precision = precision;
  out.length_max = length_max;
  out.type_name = std::move(type_name);
  return out;
}
column_schema timed(value_type type, time_unit unit) {
  return column(type, static_cast<std::uint32_t>(unit));
}

std::string kept(value const& what, column_schema const& in) {
  auto const made = convert(what, in);
  return made ? to_string(*made) : made.error().detail;
}
value moment(std::string_view text) {
  return value::of_timestamp(*parse_timestamp(text));
}
value span(std::string_view text) {
  return value::of_interval(*parse_interval(text));
}

TEST(ColumnLimits, ADecimalOfHundredsTakesHundreds) {
  auto hundreds = column(value_type::decimal, 5);
  hundreds.scale = static_cast<std::uint32_t>(-2);
  auto const kept_of = [&](std::string_view text) {
    return kept(value::of_decimal(*decimal::parse(text)), hundreds);
  };
  EXPECT_EQ("12300", kept_of("12300.00"));
  EXPECT_EQ("0", kept_of("0"));
  EXPECT_EQ("-9999900", kept_of("-9999900"));
  EXPECT_EQ("'12345' (decimal) does not fit decimal(5,-2): its last 2 digits are not zeros.",
            kept_of("12345"));
  EXPECT_EQ("'10000000' (decimal) does not fit decimal(5,-2): it has more digits.",
            kept_of("10000000"));
  EXPECT_FALSE(convert(value::of_int64(5), hundreds));
  auto whole = column(value_type::decimal, 7);
  EXPECT_EQ(fit::loses, fit_between(whole, hundreds));
  EXPECT_EQ(fit::checked, fit_between(hundreds, whole));
  EXPECT_EQ(fit::checked, fit_between(hundreds, column(value_type::int64, 0)));
}

TEST(ColumnLimits, ATimeIsNotRounded) {
  auto const whole = timed(value_type::timestamp, time_unit::second);
  EXPECT_EQ("2026-01-01T00:00:01", kept(moment("2026-01-01T00:00:01"), whole));
  EXPECT_EQ("infinity", kept(value::of_timestamp(time_infinity), whole));
  EXPECT_EQ(
      "'2026-01-01T00:00:01.5' (timestamp) does not fit timestamp(0): it has parts smaller than a "
      "second.",
      kept(moment("2026-01-01T00:00:01.5"), whole));
  EXPECT_EQ(
      "'1969-12-31T23:59:59.9999' (timestamp) does not fit timestamp(3): it has parts smaller than "
      "a second with 3 places.",
      kept(moment("1969-12-31T23:59:59.9999"), column(value_type::timestamp, 4)));
  // Of a text it is known when it has been read.
  EXPECT_FALSE(convert(value::of_text("2026-01-01T00:00:01.5"), whole));
}

TEST(ColumnLimits, AnIntervalKeepsItsFields) {
  auto const in = [](time_unit unit) { return timed(value_type::interval, unit); };
  EXPECT_TRUE(convert(span("P1Y"), in(time_unit::year)));
  EXPECT_FALSE(convert(span("P1Y2M"), in(time_unit::year)));
  EXPECT_TRUE(convert(span("P1Y2M"), in(time_unit::month)));
  EXPECT_FALSE(convert(span("P1D"), in(time_unit::month)));
  EXPECT_TRUE(convert(span("P1M2D"), in(time_unit::day)));
  EXPECT_FALSE(convert(span("PT1H"), in(time_unit::day)));
  EXPECT_TRUE(convert(span("P2DT1H"), in(time_unit::hour)));
  EXPECT_FALSE(convert(span("PT1M"), in(time_unit::hour)));
  EXPECT_TRUE(convert(span("PT61M"), in(time_unit::minute)));
  EXPECT_FALSE(convert(span("PT1S"), in(time_unit::minute)));
}

TEST(ColumnLimits, AShortFloatTakesWhatItPrints) {
  auto const single = column(value_type::float64, float_single);
  EXPECT_EQ("0.1", kept(value::of_float64(0.1), single));
  EXPECT_TRUE(convert(value::of_float64(std::numeric_limits<double>::quiet_NaN()), single));
  EXPECT_FALSE(convert(value::of_float64(0.123456789012), single));
  EXPECT_FALSE(convert(value::of_float64(1e300), single));
  EXPECT_TRUE(convert(value::of_int64(16'777'216), single));
  EXPECT_FALSE(convert(value::of_int64(16'777'217), single));
}

TEST(ColumnLimits, ATextIsFilledUpBeforeItIsWritten) {
  auto const padded = column(value_type::text, text_padded, 5);
  EXPECT_EQ("ab   ", kept(value::of_text("ab"), padded));
  EXPECT_EQ("äöüßÄ", kept(value::of_text("äöüßÄ"), padded));
  EXPECT_FALSE(convert(value::of_text("abcdef"), padded));
}

TEST(ColumnLimits, ATextIsNotCut) {
  auto const name = column(value_type::text, text_cut, 63);
  EXPECT_TRUE(convert(value::of_text(std::string(63, 'x')), name));
  EXPECT_FALSE(convert(value::of_text(std::string(62, 'x') + "ä"), name));
  auto const byte = column(value_type::text, text_cut, 1);
  EXPECT_TRUE(convert(value::of_text("a"), byte));
  EXPECT_FALSE(convert(value::of_text("ä"), byte));
  EXPECT_FALSE(convert(value::of_text("ab"), byte));
}

TEST(ColumnLimits, WhatAnAppDoesNotTellIsLookedAtValueByValue) {
  auto const unsaid = column(value_type::timestamp, 0);
  EXPECT_EQ(fit::checked, fit_between(unsaid, timed(value_type::timestamp, time_unit::second)));
  EXPECT_EQ(fit::loses,
            fit_between(timed(value_type::timestamp, time_unit::microsecond),
                        timed(value_type::timestamp, time_unit::second)));
  EXPECT_EQ(fit::always, fit_between(timed(value_type::timestamp, time_unit::second), unsaid));
}

struct pair_of_tables {
  table_schema left{"a", {column(value_type::int64, 0), column(value_type::text, 0)}, {0}};
  table_schema right = left;
  map_definition definition{};

  pair_of_tables() {
    for (auto* table : {&left, &right}) {
      table->columns[0].name = "id";
      table->columns[0].nullable = false;
    }
    definition.name = "m";
    definition.left.table = definition.right.table = "a";
    definition.key = {{"id", "id"}};
    column_pair pair;
    pair.left = pair.right = "v";
    definition.columns.push_back(pair);
  }
  std::string problems() const {
    std::string out;
    for (auto const& one : find_problems(definition, left, right))
      out += one.reason + " " + one.fix + "\n";
    return out;
  }
};

TEST(ColumnLimits, TheProblemSaysWhatIsLostAndWhatToDo) {
  pair_of_tables with;
  with.left.columns[1] = timed(value_type::timestamp_tz, time_unit::microsecond);
  with.left.columns[1].type_name = "timestamp with time zone";
  with.right.columns[1] = timed(value_type::timestamp_tz, time_unit::second);
  EXPECT_EQ(
      "'v' is timestamp_tz and 'v' is timestamp_tz(0): what is smaller than a second would be "
      "lost. give 'v' the type timestamp with time zone, or say in a one-way expression what is "
      "to happen.\n",
      with.problems());
  std::swap(with.left, with.right);
  EXPECT_NE("", with.problems()) << "the way back loses";
  with.definition.columns[0].only = direction::left_to_right;
  EXPECT_EQ("", with.problems());
}

TEST(ColumnLimits, AnExpressionSaysThatItIsMeant) {
  pair_of_tables with;
  with.right.columns[1] = column(value_type::text, text_padded, 5);
  EXPECT_NE("", with.problems());
  with.definition.columns[0].only = direction::left_to_right;
  EXPECT_NE("", with.problems());
  with.definition.columns[0].left.clear();
  with.definition.columns[0].expression = "v";
  EXPECT_EQ("", with.problems());
  auto const map = compile(with.definition, with.left, with.right);
  ASSERT_TRUE(map);
  row_values const row{value::of_int64(1), value::of_text("ab")};
  auto const written = map->to_target(direction::left_to_right, row);
  ASSERT_TRUE(written);
  EXPECT_EQ("ab   ", to_string(written->values[1]));
}

TEST(ColumnLimits, AValueThatCouldNotBeReadIsRefused) {
  auto const late = value::of_opaque("294276-12-31 23:59:59");
  for (auto const type : {value_type::timestamp,
                          value_type::timestamp_tz,
                          value_type::int64,
                          value_type::text,
                          value_type::decimal,
                          value_type::boolean,
                          value_type::json,
                          value_type::bytes})
    EXPECT_FALSE(convert(late, column(type, 0))) << name_of(type);
  pair_of_tables with;
  auto const map = compile(with.definition, with.left, with.right);
  ASSERT_TRUE(map);
  for (auto const way : {direction::left_to_right, direction::right_to_left}) {
    auto const made = map->to_target(way, row_values{value::of_int64(1), late});
    ASSERT_FALSE(made);
    EXPECT_EQ(error_code::value_not_convertible, made.error().code);
    EXPECT_EQ(
        "v -> v: '294276-12-31 23:59:59' does not fit text: it is more than is kept of "
        "its type, no UTF-8, or not of the type that its column has.",
        made.error().detail);
  }
  EXPECT_FALSE(map->key_of(side::left, row_values{late, value::null()}));
}

TEST(ColumnLimits, ALabelThatIsNotKnownIsLeftToTheApp) {
  pair_of_tables with;
  with.left.columns[1] = with.right.columns[1] = column(value_type::enumeration, 0);
  with.left.columns[1].labels = with.right.columns[1].labels = {"sad"};
  row_values const row{value::of_int64(1), value::of_enumeration("glad")};
  for (auto const source : {value_type::enumeration, value_type::text}) {
    with.left.columns[1].type = source;
    auto const map = compile(with.definition, with.left, with.right);
    ASSERT_TRUE(map) << to_string(map.error());
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      auto const made = map->to_target(way, row);
      ASSERT_TRUE(made) << made.error().detail;
      EXPECT_EQ("glad", made->values[1].as_string());
    }
  }
  // What the definition says is known before.
  with.definition.columns[0].only = direction::left_to_right;
  with.definition.columns[0].default_value = "glad";
  EXPECT_NE("", with.problems());
}

TEST(ColumnLimits, AKeyThatWouldBeFilledUpIsNone) {
  pair_of_tables with;
  with.left.columns[0] = column(value_type::text, 0);
  with.right.columns[0] = column(value_type::text, text_padded, 5);
  for (auto* table : {&with.left, &with.right}) {
    table->columns[0].name = "id";
    table->columns[0].nullable = false;
  }
  auto const found = find_problems(with.definition, with.left, with.right);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(problem_code::key_types_incompatible, found[0].code);
  with.left.columns[0] = with.right.columns[0];
  EXPECT_EQ("", with.problems());
}

}  // namespace
}  // namespace dualwrite::engine
