#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <sstream>

#include "engine/cli/table_text.h"

namespace dualwrite::engine {
namespace {

constexpr table_column columns[] = {
    {"NAME", "name"}, {"COUNT", "count", true}, {"TEXT", "last.text"}};

boost::json::array items(char const* json) {
  return boost::json::parse(json).as_array();
}

TEST(TableText, AlignsNumbersRightAndCountsCharactersNotBytes) {
  auto const list = items(
      R"([{"name":"Köln","count":"7"},{"name":"Oslo","count":"12345","last":{"text":"no"}}])");
  EXPECT_EQ("NAME  COUNT  TEXT\nKöln      7\nOslo  12345  no\n", table_text(list, columns, 100));
}

TEST(TableText, NoLineIsWiderThanAsked) {
  std::string const wide(300, 'x');
  auto const list =
      items((R"([{"name":"a","count":"1","last":{"text":")" + wide + R"("}}])").c_str());
  std::istringstream lines(table_text(list, columns, 60));
  for (std::string line; std::getline(lines, line);) {
    std::size_t shown = 0;
    for (unsigned char const c : line) shown += (c & 0xC0) != 0x80;
    EXPECT_LE(shown, 60u);
  }
}

TEST(TableText, ControlCharactersDoNotReachTheTerminal) {
  auto const list = items(R"([{"name":"a\u001b[2Jb\nc","count":"1"}])");
  auto const text = table_text(list, columns, 100);
  EXPECT_EQ(std::string::npos, text.find('\x1b'));
  EXPECT_EQ(2, std::count(text.begin(), text.end(), '\n'));
}

TEST(TableCsv, QuotesWhatNeedsIt) {
  auto const list = items(R"([{"name":"a,\"b\"","count":"1"}])");
  EXPECT_EQ("name,count,last.text\r\n\"a,\"\"b\"\"\",1,\r\n", table_csv(list, columns));
}

}  // namespace
}  // namespace dualwrite::engine
