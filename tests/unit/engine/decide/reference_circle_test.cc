// Which parked rows are a circle, which are worth a try, and how they are written.
#include "engine/decide/reference_circle.h"

#include <gtest/gtest.h>

namespace dualwrite::engine {
namespace {

constexpr map_id of{7};

waiting_row waiting(std::uint64_t record, std::uint64_t on) {
  return {of, sequence{record}, sequence{on}};
}
// "1>2 2>1": which record refers to which.
std::string shown(reference_circle const& circle) {
  std::string out;
  for (auto const& member : circle) {
    for (auto const to : member.refers_to) {
      out += (out.empty() ? "" : " ") + std::to_string(member.record.value) + ">" +
             std::to_string(to.value);
    }
  }
  return out;
}
std::vector<std::string> shown(std::vector<reference_circle> const& circles) {
  std::vector<std::string> out;
  for (auto const& circle : circles) out.push_back(shown(circle));
  return out;
}
using strings = std::vector<std::string>;

TEST(ReferenceCircles, AreFoundWithoutWhatOnlyLeadsToThem) {
  reference_circles const none;
  EXPECT_EQ(strings{}, shown(none.untried({})));
  EXPECT_EQ(strings{},
            shown(none.untried(std::vector{waiting(1, 2), waiting(2, 3), waiting(4, 2)})));
  EXPECT_EQ((strings{"1>2 2>1", "5>6 6>7 7>5", "9>9"}),
            shown(none.untried(std::vector{waiting(1, 2),
                                           waiting(2, 1),
                                           waiting(3, 1),
                                           waiting(4, 3),
                                           waiting(5, 6),
                                           waiting(6, 7),
                                           waiting(7, 5),
                                           waiting(8, 12),
                                           waiting(9, 9)})));
}

TEST(ReferenceCircles, AreTriedOnceUntilSomethingChanges) {
  reference_circles circles;
  std::vector const rows{waiting(1, 2), waiting(2, 1)};
  circles.tried(circles.untried(rows).front());
  EXPECT_EQ(strings{}, shown(circles.untried(rows)));
  circles.forget(of, sequence{2});
  EXPECT_EQ(strings{"1>2 2>1"}, shown(circles.untried(rows)));
}

TEST(ReferenceCircles, GrowByTheReferencesThatATryFinds) {
  reference_circles circles;
  circles.tried(circles.untried(std::vector{waiting(1, 2), waiting(2, 1), waiting(3, 1)}).front());
  std::vector const rows{waiting(1, 3), waiting(2, 1), waiting(3, 1)};
  auto const grown = circles.untried(rows);
  EXPECT_EQ(strings{"1>2 1>3 2>1 3>1"}, shown(grown));
  circles.tried(grown.front());
  EXPECT_EQ(strings{}, shown(circles.untried(rows)));
}

TEST(ReferenceCircles, AreNotTriedWhileARowWaitsForAnotherOneOutside) {
  reference_circles circles;
  circles.tried(circles.untried(std::vector{waiting(1, 2), waiting(2, 1)}).front());
  // 1 refers to 2 and 3, of which 2 waits for a row that was refused.
  EXPECT_EQ(strings{},
            shown(circles.untried(std::vector{waiting(1, 3), waiting(2, 9), waiting(3, 1)})));
}

// Tables of an id and two references.
table_schema referring(bool nullable) {
  table_schema out;
  out.table = "person";
  out.columns.resize(3);
  for (auto& column : out.columns) column.type = value_type::int64;
  out.columns[0].nullable = false;
  out.columns[1].nullable = out.columns[2].nullable = nullable;
  out.key = {0};
  return out;
}
circle_row person(table_schema const& schema,
                  std::vector<std::int64_t> values,
                  std::set<std::size_t> refers_to) {
  circle_row out;
  out.schema = &schema;
  out.refers_to = std::move(refers_to);
  out.write.table = schema.table;
  out.write.key_columns = {0};
  out.write.key = {value::of_int64(values[0])};
  out.write.columns = {0, 1, 2};
  for (auto const one : values) out.write.values.push_back(value::of_int64(one));
  return out;
}
// "(1,-,3)": the rows that are written.
std::string shown(std::vector<target_write> const& writes) {
  std::string out;
  for (auto const& write : writes) {
    for (std::size_t i = 0; i < write.values.size(); ++i) {
      out += i == 0 ? "(" : ",";
      out += write.values[i].is_null() ? "-" : std::to_string(write.values[i].as_int64());
    }
    out += ")";
  }
  return out;
}

TEST(CircleWrites, LeaveOutOnlyWhatIsNotThereYet) {
  auto const open = referring(true);
  std::vector<target_write> writes;
  std::vector const rows{
      person(open, {1, 2, 90}, {1}), person(open, {2, 3, 91}, {2}), person(open, {3, 1, 92}, {0})};
  auto const places = write_circle(rows, 4, writes);
  EXPECT_EQ("(1,-,90)(3,1,92)(2,3,91)(1,2,90)", shown(writes));
  for (auto const& write : writes) {
    EXPECT_EQ(4u, write.group);
    EXPECT_TRUE(write.whole_group);
  }
  EXPECT_EQ(0u, places[0].first);
  EXPECT_EQ(3u, places[0].last);
  EXPECT_EQ(0u, writes[3].behind);
  EXPECT_FALSE(places[1].first);
  EXPECT_EQ(2u, places[1].last);
}

TEST(CircleWrites, BeginWithARowThatTakesNull) {
  auto const open = referring(true);
  auto const closed = referring(false);
  std::vector<target_write> writes;
  std::vector const rows{person(closed, {1, 2, 3}, {1, 2}),
                         person(open, {2, 1, 90}, {0}),
                         person(open, {3, 1, 1}, {0})};
  std::ignore = write_circle(rows, 0, writes);
  EXPECT_EQ("(2,-,90)(3,-,-)(1,2,3)(2,1,90)(3,1,1)", shown(writes));
}

TEST(CircleWrites, AreAsTheyAreWhereNoneTakesNull) {
  auto const closed = referring(false);
  std::vector<target_write> writes;
  std::vector const rows{person(closed, {1, 2, 90}, {1}), person(closed, {2, 1, 91}, {0})};
  std::ignore = write_circle(rows, 0, writes);
  EXPECT_EQ("(1,2,90)(2,1,91)", shown(writes));
}

TEST(CircleWrites, LeaveARowAloneThatIsThereAlready) {
  auto const open = referring(true);
  std::vector<target_write> writes;
  std::vector rows{person(open, {1, 2, 90}, {1}), person(open, {2, 1, 91}, {0})};
  for (auto& row : rows) row.write.kind = write_kind::insert_if_absent;
  std::ignore = write_circle(rows, 0, writes);
  EXPECT_EQ("(1,-,90)(2,1,91)(1,2,90)", shown(writes));
  EXPECT_EQ(write_kind::insert_if_absent, writes[0].kind);
  EXPECT_EQ(write_kind::update, writes[2].kind);
  EXPECT_EQ(0u, writes[2].behind);
}

}  // namespace
}  // namespace dualwrite::engine
