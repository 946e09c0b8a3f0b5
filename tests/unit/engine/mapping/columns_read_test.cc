// Which columns a map reads of a table.
#include "engine/mapping/columns_read.h"

#include <gtest/gtest.h>

namespace dualwrite::engine {
namespace {

using names = std::vector<std::string>;

TEST(ColumnsRead, AreThoseThatAreWrittenFromThatSide) {
  map_definition map;
  map.key = {{"id", "number"}};
  map.columns.resize(4);
  map.columns[0].left = "name";
  map.columns[0].right = "fullname";
  map.columns[1].left = "total";
  map.columns[1].right = "sum";
  map.columns[1].only = direction::left_to_right;
  map.columns[2].right = "label";
  map.columns[2].only = direction::left_to_right;
  map.columns[2].expression = "upper(trim(\"first name\")) || CASE WHEN vip THEN '!' ELSE '' END";
  map.columns[3].right = "origin";
  map.columns[3].only = direction::left_to_right;
  map.columns[3].default_value = "erp";
  map.left.filter = "active AND country IN ('DE', 'AT')";
  map.right.soft_delete = "is_deleted";
  EXPECT_EQ((names{"active", "country", "first name", "id", "name", "total", "vip"}),
            columns_read(map, side::left));
  EXPECT_EQ((names{"fullname", "is_deleted", "number"}), columns_read(map, side::right));
}

TEST(ColumnsRead, OfARowThatWasAreThoseOfTheFilterAndOfExpressionsOverSeveral) {
  map_definition map;
  map.key = {{"id", "id"}};
  map.left.filter = "active";
  map.right.filter = "listed";
  map.columns.resize(3);
  map.columns[0].left = map.columns[0].right = "name";
  map.columns[1].right = "label";
  map.columns[1].only = direction::left_to_right;
  map.columns[1].expression = "first || last";
  map.columns[2].right = "short";
  map.columns[2].only = direction::left_to_right;
  map.columns[2].expression = "upper(code)";
  EXPECT_EQ((names{"active", "first", "last"}), columns_known_before(map, side::left));
  EXPECT_EQ(names{"listed"}, columns_known_before(map, side::right));
}

TEST(ColumnsRead, OfAnExpressionThatIsWrongAreNone) {
  map_definition map;
  map.key = {{"id", "id"}};
  map.left.filter = "active AND (";
  EXPECT_EQ(names{"id"}, columns_read(map, side::left));
}

}  // namespace
}  // namespace dualwrite::engine
