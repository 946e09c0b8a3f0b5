#include "engine/mapping/expression.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/random_values.h"

namespace dualwrite::engine {
namespace {

std::vector<column_schema> columns() {
  return {{.name = "name", .type = value_type::text},
          {.name = "count", .type = value_type::int64},
          {.name = "price", .type = value_type::decimal},
          {.name = "rate", .type = value_type::float64},
          {.name = "active", .type = value_type::boolean},
          {.name = "born", .type = value_type::date},
          {.name = "seen", .type = value_type::timestamp_tz},
          {.name = "made", .type = value_type::timestamp},
          {.name = "grade", .type = value_type::enumeration, .labels = {"gold", "silver"}},
          {.name = "id", .type = value_type::uuid},
          {.name = "raw", .type = value_type::bytes},
          {.name = "doc", .type = value_type::json}};
}

value money(std::string_view text) {
  return value::of_decimal(*decimal::parse(text));
}

row_values row() {
  return {value::of_text("  Åse "),
          value::of_int64(7),
          money("100.10"),
          value::of_float64(0.5),
          value::of_boolean(true),
          value::of_date(*parse_date("2024-02-29")),
          value::of_timestamp_tz(*parse_timestamp_tz("2024-02-29T12:00:00Z")),
          value::of_timestamp(*parse_timestamp("2024-02-29T12:00:00")),
          value::of_enumeration("gold"),
          value::of_uuid(*parse_uuid("00000000-0000-0000-0000-0000000000ff")),
          value::of_bytes(std::string("\0\1", 2)),
          value::of_json("{}")};
}

std::string evaluated(std::string_view text, row_values const& on = row()) {
  auto const made = expression::prepare(text, columns(), open_sandbox());
  if (!made) return "invalid: " + made.error().detail;
  auto const got = made->evaluate(on);
  if (!got) return "failed: " + got.error().detail;
  if (!got->is_null()) {
    EXPECT_EQ(got->type(), made->type()) << text;
  }
  return to_string(*got);
}

struct golden {
  std::string_view text;
  std::string_view result;
};

TEST(Expression, ComparesExactly) {
  golden const rows[] = {
      {"price > 9.99", "true"},
      {"price = 100.1", "true"},
      {"price = 100.100000000000000000000000000001", "false"},
      {"price <> 100.10", "false"},
      {"price >= 100", "true"},
      {"price > count", "true"},
      {"count < 7.0000001", "true"},
      {"count = 7.0", "true"},
      {"0.1 + 0.2 = 0.3", "true"},
      {"9223372036854775807 < 9223372036854775808", "true"},
      {"rate = 0.5", "true"},
      {"name = '  Åse '", "true"},
      {"'a' < 'B'", "false"},
      {"born = '2024-02-29'", "true"},
      {"born > DATE '2024-02-28'", "true"},
      {"born < 'infinity'", "true"},
      {"seen = '2024-02-29T13:00:00+01:00'", "true"},
      {"made < '2024-02-29 12:00:00.000001'", "true"},
      {"at_utc(made) = seen", "true"},
      {"at_utc(seen) = made", "true"},
      {"grade = 'gold'", "true"},
      {"grade IN ('silver')", "false"},
      {"id = '00000000-0000-0000-0000-0000000000ff'", "true"},
      {"active", "true"},
      {"active = false", "false"},
      {"NOT active OR count = 7", "true"},
      {"raw IS NOT NULL", "true"},
      {"doc IS NULL", "false"},
  };
  for (auto const& one : rows) EXPECT_EQ(evaluated(one.text), one.result) << one.text;
}

TEST(Expression, CalculatesExactly) {
  golden const rows[] = {
      {"price * 3", "300.30"},
      {"price + count", "107.10"},
      {"price - 0.10", "100.00"},
      {"-price", "-100.10"},
      {"count % 4", "3"},
      {"price % 3", "1.10"},
      {"count * 9223372036854775807", "failed: the whole number does not fit 64 bits."},
      {"abs(-9223372036854775808)", "failed: the whole number does not fit 64 bits."},
      {"9223372036854775808 + 1", "9223372036854775809"},
      {"div(price, 3, 4)", "33.3667"},
      {"div(count, 2)", "3"},
      {"div(-count, 2)", "-3"},
      {"div(count, 0)", "failed: division by zero."},
      {"round(2.5)", "3"},
      {"round(-2.45, 1)", "-2.5"},
      {"round(count, -1)", "10"},
      {"abs(-price)", "100.10"},
      {"min(price, count, 3.5)", "3.5"},
      {"max(price, count)", "100.10"},
      {"min(count, 3)", "3"},
      {"rate / 2", "0.25"},
      {"rate * 2.0", "1"},
      {"rate / 0", "failed: division by zero."},
      {"1 + 2 * 3 - 4", "3"},
      {"(1 + 2) * 3", "9"},
      {"- - 5", "5"},
      {"1e2 + 1", "101"},
  };
  for (auto const& one : rows) EXPECT_EQ(evaluated(one.text), one.result) << one.text;
}

TEST(Expression, KnowsThreeTruths) {
  auto sparse = row();
  for (auto& one : sparse) one = value::null();
  golden const rows[] = {
      {"price > 1", "NULL"},
      {"price IS NULL", "true"},
      {"NOT active", "NULL"},
      {"active AND false", "false"},
      {"active OR true", "true"},
      {"name || 'x'", "NULL"},
      {"concat(name, 'x', NULL)", "x"},
      {"coalesce(price, count, 5)", "5"},
      {"count IN (1, 2)", "NULL"},
      {"price BETWEEN 1 AND 2", "NULL"},
      {"5.0 BETWEEN price AND 2", "false"},
      {"CASE WHEN active THEN 1 ELSE 2 END", "2"},
      {"CASE WHEN active THEN 1 END", "NULL"},
      {"iif(active, 'y', 'n')", "n"},
      {"min(count, 1)", "NULL"},
      {"NULL", "NULL"},
  };
  for (auto const& one : rows) EXPECT_EQ(evaluated(one.text, sparse), one.result) << one.text;
}

TEST(Expression, ChoosesAndMatches) {
  golden const rows[] = {
      {"count IN (1, 7.0)", "true"},
      {"price IN (100.1, 2)", "true"},
      {"price NOT IN (100.1, 2)", "false"},
      {"price BETWEEN 100.1 AND 100.10", "true"},
      {"price NOT BETWEEN 1 AND 2", "true"},
      {"count BETWEEN 1 AND 6", "false"},
      {"born BETWEEN '2024-01-01' AND '2024-12-31'", "true"},
      {"CASE price WHEN 100.1 THEN 'a' ELSE 'b' END", "a"},
      {"CASE count WHEN 1 THEN 0.5 WHEN 7 THEN 2 END", "2"},
      {"CASE WHEN count > 5 THEN 'many' WHEN count > 0 THEN 'few' ELSE 'none' END", "many"},
      {"nullif(price, 100.1)", "NULL"},
      {"nullif(count, 8)", "7"},
      {"'Hello' LIKE 'h%'", "false"},
      {"'Hello' LIKE 'H_ll%'", "true"},
      {"name LIKE '%Å%'", "true"},
      {"'50%' LIKE '%!%' ESCAPE '!'", "true"},
      {"'505' LIKE '50!%' ESCAPE '!'", "false"},
      {"'x' NOT LIKE 'y'", "true"},
      {"iif(count > 5, price, 0)", "100.10"},
  };
  for (auto const& one : rows) EXPECT_EQ(evaluated(one.text), one.result) << one.text;
}

TEST(Expression, WorksOnTextByCharacters) {
  golden const rows[] = {
      {"trim(name)", "Åse"},
      {"ltrim(name) || '|'", "Åse |"},
      {"rtrim(name) || '|'", "  Åse|"},
      {"trim('xxaxx', 'x')", "a"},
      {"upper('åse straße')", "ÅSE STRAßE"},
      {"lower('ÅSE ΔЖ')", "åse δж"},
      {"length(trim(name))", "3"},
      {"length(raw)", "2"},
      {"substr('Åse', 2)", "se"},
      {"substring('Åse', 1, 1)", "Å"},
      {"substr('Åse', -2, 1)", "s"},
      {"replace('a-b-c', '-', '')", "abc"},
      {"instr('Åse', 's')", "2"},
      {"instr('Åse', 'z')", "0"},
      {"starts_with('Åse', 'Å')", "true"},
      {"ends_with('Åse', 'x')", "false"},
      {"contains('Åse', 's')", "true"},
      {"'it''s'", "it's"},
      {"\"name\" = name", "true"},
      {"NAME = name", "true"},
      {"year(born) * 100 + month(born)", "202402"},
      {"day(seen)", "29"},
  };
  for (auto const& one : rows) EXPECT_EQ(evaluated(one.text), one.result) << one.text;
}

TEST(Expression, CastsWhereAskedTo) {
  golden const rows[] = {
      {"cast(price as text)", "100.10"},
      {"cast('9.99' as decimal) > 100.10", "false"},
      {"cast(price as decimal(5,2))", "100.10"},
      {"cast(price as decimal(4,2))",
       "failed: '100.10' (decimal) does not fit decimal(4,2): it has more digits."},
      {"cast(count as decimal(5,2))", "7.00"},
      {"cast(rate as decimal)", "0.5"},
      {"cast(0.1 as float64)", "0.1"},
      {"cast(cast(0.1 as float64) as decimal)", "0.1"},
      {"cast(price as int64)",
       "failed: '100.10' (decimal) does not fit int64: it is not a whole number of 64 bits."},
      {"cast(round(price) as int64)", "100"},
      {"cast(made as date) = born", "true"},
      {"cast(grade as text) || '!'", "gold!"},
      {"cast(active as int64)", "1"},
      {"cast(count as boolean)", "failed: '7' (int64) does not fit boolean: only 0 and 1 are."},
      {"cast(id as text)", "00000000-0000-0000-0000-0000000000ff"},
      {"cast(seen as text)", "2024-02-29T12:00:00Z"},
      {"cast('2024-01-01' as date)", "2024-01-01"},
  };
  for (auto const& one : rows) EXPECT_EQ(evaluated(one.text), one.result) << one.text;
}

TEST(Expression, NamesTheColumnThatARecordLacks) {
  auto const made = expression::prepare("price > 1 AND active", columns(), open_sandbox());
  ASSERT_TRUE(made);
  EXPECT_EQ(made->reads(), (std::vector<std::size_t>{2, 4}));
  auto partial = row();
  partial[2] = value::unchanged();
  EXPECT_EQ(made->evaluate(partial).error(), (error{error_code::column_missing, "price"}));
  EXPECT_EQ(made->evaluate({}).error().code, error_code::column_missing);
}

TEST(Expression, ReadsValuesThatAnAppStoredUnderAnotherType) {
  auto loose = row();
  loose[2] = value::of_text("5.5");
  EXPECT_EQ(evaluated("price + 1", loose), "6.5");
  loose[2] = value::of_text("five");
  EXPECT_EQ(evaluated("price + 1", loose), "failed: price: 'five' (text) does not fit decimal.");
}

TEST(Expression, NanHasNoPlace) {
  auto strange = row();
  strange[3] = value::of_float64(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(evaluated("rate > 1", strange), "failed: NaN has no place in an expression.");
  strange[3] = value::of_float64(std::numeric_limits<double>::infinity());
  EXPECT_EQ(evaluated("rate - rate", strange), "failed: the result is not a number.");
  EXPECT_EQ(evaluated("rate * rate", strange), "Infinity");
}

TEST(Expression, DecimalsAgreeWithDecimals) {
  test::random_values random(20);
  std::vector<column_schema> const two{{.name = "a", .type = value_type::decimal},
                                       {.name = "b", .type = value_type::decimal}};
  auto const sandbox = open_sandbox();
  auto const less = expression::prepare("a < b", two, sandbox);
  auto const in = expression::prepare("a IN (b)", two, sandbox);
  auto const sum = expression::prepare("a + b", two, sandbox);
  ASSERT_TRUE(less && in && sum);
  for (int round = 0; round < 1000; ++round) {
    row_values const drawn{value::of_decimal(random.any_decimal()),
                           value::of_decimal(random.any_decimal())};
    EXPECT_EQ(less->evaluate(drawn)->as_boolean(), drawn[0] < drawn[1]);
    EXPECT_EQ(in->evaluate(drawn)->as_boolean(), drawn[0] == drawn[1]);
    EXPECT_EQ(sum->evaluate(drawn)->as_decimal(),
              *add(drawn[0].as_decimal(), drawn[1].as_decimal()));
  }
}

TEST(Expression, EveryTypeGoesThroughUnchanged) {
  test::random_values random(21);
  for (std::uint8_t at = 1; at < value_type_count - 1; ++at) {
    auto const type = static_cast<value_type>(at);
    std::vector<column_schema> const one{{.name = "a", .type = type}};
    auto const same = expression::prepare("coalesce(a, a)", one, open_sandbox());
    ASSERT_TRUE(same) << name_of(type);
    for (int round = 0; round < 200; ++round) {
      auto const drawn = random.of_type(type);
      if (type == value_type::float64 && drawn.as_float64() != drawn.as_float64()) continue;
      auto const got = same->evaluate({&drawn, 1});
      ASSERT_TRUE(got) << to_string(drawn) << got.error().detail;
      EXPECT_EQ(*got, drawn) << name_of(type);
    }
  }
}

TEST(Expression, LongChainsWork) {
  std::string text = "count";
  for (int at = 0; at < 100; ++at) text += " + 1";
  EXPECT_EQ(evaluated(text), "107");
  std::string all = "active";
  for (int at = 0; at < 100; ++at) all += " AND active";
  EXPECT_EQ(evaluated(all), "true");
}

}  // namespace
}  // namespace dualwrite::engine
