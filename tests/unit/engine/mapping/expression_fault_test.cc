#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/mapping/expression.h"
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
          {.name = "doc", .type = value_type::json}};
}

std::string fault_of(std::string_view text) {
  auto const made = expression::prepare(text, columns(), open_sandbox());
  if (made) return "";
  EXPECT_EQ(made.error().code, error_code::expression_invalid);
  return made.error().detail;
}

TEST(ExpressionFault, ShowsThePlaceTheReasonAndTheWayOut) {
  EXPECT_EQ(fault_of("trim(nmae)"),
            "line 1, column 6: there is no column 'nmae'.\n"
            "  trim(nmae)\n"
            "       ^~~~\n"
            "  write name.");
  EXPECT_EQ(fault_of("price > 1\nAND\n  uper(name) = 'Å' AND Åse"),
            "line 3, column 3: there is no function 'uper'.\n"
            "    uper(name) = 'Å' AND Åse\n"
            "    ^~~~\n"
            "  write upper.");
  EXPECT_EQ(fault_of("'Åse' = Åse"),
            "line 1, column 9: there is no column 'Åse'.\n"
            "  'Åse' = Åse\n"
            "          ^~~");
}

struct broken {
  std::string_view text;
  std::string_view first_line;
  std::string_view fix;
};

constexpr broken traps[] = {
    {"'9.99' > 100.10",
     "line 1, column 10: '>' compares like with like: '9.99' is text and 100.10 is decimal.",
     "write the number without quotes."},
    {"price > '9.99'",
     "line 1, column 9: '>' compares like with like: 'price' is decimal and '9.99' is text.",
     "write the number without quotes."},
    {"name > 5",
     "line 1, column 8: '>' compares like with like: 'name' is text and 5 is int64.",
     "say what is meant: cast(... as decimal) or cast(... as text)."},
    {"rate + price",
     "line 1, column 8: '+' has no exact result: 'rate' is float64 and 'price' is decimal.",
     "say what is meant: cast(... as decimal) or cast(... as float64)."},
    {"rate = count",
     "line 1, column 8: '=' compares like with like: 'rate' is float64 and 'count' is int64.",
     "say what is meant: cast(... as decimal) or cast(... as float64)."},
    {"active = 1",
     "line 1, column 10: '=' compares like with like: 'active' is boolean and 1 is int64.",
     "a boolean is true or false: write it alone, or with NOT."},
    {"seen = made",
     "line 1, column 8: '=' compares like with like: 'seen' is timestamp_tz and 'made' is "
     "timestamp.",
     "give the clock a zone: at_utc(...)."},
    {"born = made",
     "line 1, column 8: '=' compares like with like: 'born' is date and 'made' is timestamp.",
     "say what is meant: cast(... as date) or cast(... as timestamp)."},
    {"count / 2",
     "line 1, column 7: '/' on int64 has no exact result.",
     "write div(a, b) for whole numbers, or div(a, b, places), which rounds half away from "
     "zero."},
    {"price / 3",
     "line 1, column 7: '/' on decimal has no exact result.",
     "write div(a, b) for whole numbers, or div(a, b, places), which rounds half away from "
     "zero."},
    {"name + 'x'",
     "line 1, column 1: '+' needs numbers; 'name' is text.",
     "join texts by ||, or cast(... as decimal)."},
    {"count || 'x'", "line 1, column 1: '||' needs text; 'count' is int64.", "cast(... as text)."},
    {"born = '2024-02-30'", "line 1, column 8: '2024-02-30' (text) does not fit date.", ""},
    {"seen > '2024-01-01T00:00:00'",
     "line 1, column 8: '2024-01-01T00:00:00' (text) does not fit timestamp_tz.",
     ""},
    {"grade = 'bronze'",
     "line 1, column 9: 'bronze' (text) does not fit enumeration: the type has no such label.",
     ""},
    {"grade < 'gold'",
     "line 1, column 7: enumeration values have no order.",
     "the order of labels is the app's own: use = or IN."},
    {"doc = doc",
     "line 1, column 5: json values have no comparison.",
     "only IS NULL can be asked of them."},
    {"count AND active",
     "line 1, column 1: AND needs true or false; 'count' is int64.",
     "compare it with something."},
    {"1 < count < 3",
     "line 1, column 11: comparisons do not chain.",
     "join two comparisons by AND."},
    {"count == 3", "line 1, column 7: '==' is not an operator.", "write = instead."},
    {"name = NULL AND", "line 1, column 16: something is missing at the end.", ""},
    {"(count + 1", "line 1, column 11: ')' is missing.", ""},
    {"count + 1)", "line 1, column 10: ')' is not expected here.", ""},
    {"name = 'abc", "line 1, column 8: the text has no end.", "add '"},
    {"\"name = 'abc'", "line 1, column 1: the name has no end.", "add \""},
    {"count -- 1", "line 1, column 7: expressions have no comments.", "take it out."},
    {"count && active", "line 1, column 7: '&&' is not an operator.", "write AND."},
    {"count; DROP TABLE x", "line 1, column 6: ';' has no meaning here.", "take it out."},
    {"3rd = 1",
     "line 1, column 1: '3rd' is neither a number nor a name.",
     "put double quotes around a name that begins with a digit."},
    {"t.name = 'x'",
     "line 1, column 2: a column has no table in front of it.",
     "name the column alone."},
    {"load_extension('x')", "line 1, column 1: there is no function 'load_extension'.", ""},
    {"randomblob(5)", "line 1, column 1: there is no function 'randomblob'.", ""},
    {"trim()", "line 1, column 1: trim takes 1 to 2 values, not 0.", ""},
    {"substr(name, 'a')",
     "line 1, column 14: 'substr' needs int64; 'a' is text.",
     "cast(... as int64)."},
    {"cast(name as money)", "line 1, column 14: 'money' is not a type.", ""},
    {"cast(name as decimal(2,3))",
     "line 1, column 22: a decimal has 1 to 1000 digits, and not more of them behind the "
     "point.",
     ""},
    {"cast('x' as uuid)", "line 1, column 6: 'x' (text) does not fit uuid.", ""},
    {"cast(doc as int64)", "line 1, column 1: 'doc' is json, which cannot become int64.", ""},
    {"name IS 'x'", "line 1, column 9: NULL is expected after IS.", "compare with = or <>."},
    {"name IN ()", "line 1, column 10: a value is missing here.", ""},
    {"name LIKE 'a' ESCAPE 'ab'", "line 1, column 22: ESCAPE needs one character.", ""},
    {"CASE WHEN active THEN 1 ELSE 'x' END",
     "line 1, column 30: the results of CASE are of one type: 1 is int64 and 'x' is text.",
     "write the number without quotes."},
    {"CASE WHEN active THEN 1", "line 1, column 24: END is expected here.", ""},
    {"count = 1 when", "line 1, column 11: 'when' is not expected here.", ""},
    {"SELECT name", "line 1, column 8: 'name' is not expected here.", ""},
    {"", "line 1, column 1: something is missing at the end.", ""},
};

TEST(ExpressionFault, OfEveryTrapIsExact) {
  for (auto const& one : traps) {
    auto const fault = fault_of(one.text);
    EXPECT_EQ(fault.substr(0, fault.find('\n')), one.first_line) << one.text;
    if (!one.fix.empty()) {
      EXPECT_TRUE(fault.ends_with("\n  " + std::string(one.fix))) << fault;
    }
  }
}

TEST(ExpressionFault, ComesInsteadOfACrashWhateverTheText) {
  std::string_view const words[] = {
      "name", "count", "price",    "1",    "2.5",  "'x'",     "(",      ")",       ",",    "+",
      "-",    "*",     "/",        "||",   "=",    "<",       "AND",    "OR",      "NOT",  "IS",
      "NULL", "IN",    "LIKE",     "CASE", "WHEN", "THEN",    "ELSE",   "END",     "CAST", "AS",
      "date", "trim",  "coalesce", "min",  "div",  "BETWEEN", "active", "decimal", "\"",   "'"};
  test::random_values random(32);
  auto const sandbox = open_sandbox();
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (auto size = random.number(1, 12); size > 0; --size) {
      text += words[static_cast<std::size_t>(random.number(0, std::ssize(words) - 1))];
      text += " ";
    }
    if (random.chance(10)) text = random.bytes(20);
    auto const made = expression::prepare(text, columns(), sandbox);
    if (!made) {
      EXPECT_TRUE(made.error().detail.starts_with("line ")) << text;
    }
  }
}

TEST(ExpressionFault, BoundsTheSizeOfAnExpression) {
  EXPECT_NE(fault_of(std::string(200, '(') + "1" + std::string(200, ')')), "");
  std::string sum = "1";
  for (int at = 0; at < 600; ++at) sum += "+1";
  EXPECT_NE(fault_of(sum), "");
  EXPECT_NE(fault_of(std::string(20000, ' ') + "1"), "");
  EXPECT_NE(fault_of(std::string(5000, '-')), "");
  std::string nots;
  for (int at = 0; at < 300; ++at) nots += "NOT ";
  EXPECT_NE(fault_of(nots + "active"), "");
}

}  // namespace
}  // namespace dualwrite::engine
