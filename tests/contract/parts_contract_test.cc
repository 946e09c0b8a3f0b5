// A batch that comes in parts is one transaction of the target.
#include "tests/contract/connector_suite.h"

namespace dualwrite::contract {
namespace {

target_write name(std::int64_t id, char const* name) {
  return put("customer", customer(id, text(name)));
}

table_declaration customers_with_good_names() {
  auto table = customers();
  table.trigger = forbidden_value{1, text("bad"), "no bad names"};
  return table;
}

TEST_P(Connector, PartsOfABatchAreOneTransaction) {
  if (!subject->target().takes_parts()) GTEST_SKIP() << "it takes whole batches only";
  make({customers_with_good_names()});
  auto lane = open(main_lane);
  capture();
  EXPECT_EQ("inserted", sent(part_of(lane, {name(1, "Ann")}, true, false)));
  EXPECT_EQ("inserted updated",
            sent(part_of(lane, {name(2, "Bob"), name(1, "Eve")}, false, false)));
  EXPECT_EQ("removed", sent(part_of(lane, {take_out("customer", {number(2)})}, false, true)));
  EXPECT_EQ("(1,Eve)", rows());
  auto const all = captured();
  ASSERT_EQ(1u, all.size());
  EXPECT_EQ("[1 +(1,Ann)+(2,Bob)~(1,Eve)-(2)]", shown(all));
  ASSERT_TRUE(all[0].mark);
  EXPECT_EQ(batch_number{1}, all[0].mark->batch);
  EXPECT_EQ(batch_number{1}, open(main_lane, lane.session).batch);
}

TEST_P(Connector, WhatIsRefusedOfAPartTakesNothingElseWithIt) {
  if (!subject->target().takes_parts()) GTEST_SKIP() << "it takes whole batches only";
  make({customers_with_good_names()});
  auto lane = open(main_lane);
  EXPECT_EQ("inserted refused", sent(part_of(lane, {name(1, "Ann"), name(2, "bad")}, true, false)));
  EXPECT_EQ("refused inserted updated",
            sent(part_of(lane, {name(3, "bad"), name(4, "Cy"), name(1, "Eve")}, false, false)));
  EXPECT_EQ("refused updated", sent(part_of(lane, {name(4, "bad"), name(4, "Di")}, false, true)));
  EXPECT_EQ("(1,Eve)(4,Di)", rows());
}

TEST_P(Connector, AnErrorOfOnePartTakesAllOfThemBack) {
  if (!subject->target().takes_parts()) GTEST_SKIP() << "it takes whole batches only";
  make({customers_with_good_names()});
  auto lane = open(main_lane);
  EXPECT_EQ("inserted", sent(part_of(lane, {name(1, "Ann")}, true, false)));
  auto wrong = part_of(lane, {name(2, "Bob")}, false, false);
  wrong.tables = {{"customer", 1}};
  EXPECT_EQ("table_changed", sent(wrong));
  EXPECT_EQ("app_unreachable", sent(part_of(lane, {name(3, "Cy")}, false, true)));
  EXPECT_EQ("", rows());
  EXPECT_EQ("inserted", sent(part_of(lane, {name(4, "Di")}, true, true)));
  EXPECT_EQ("(4,Di)", rows());
}

TEST_P(Connector, ABatchThatIsGivenUpLeavesNoTrace) {
  if (!subject->target().takes_parts()) GTEST_SKIP() << "it takes whole batches only";
  make({customers_with_good_names()});
  auto lane = open(main_lane);
  EXPECT_EQ("inserted", sent(part_of(lane, {name(1, "Ann")}, true, false)));
  ASSERT_TRUE(wait(subject->target().give_up(main_lane)));
  EXPECT_EQ("app_unreachable", sent(part_of(lane, {name(2, "Bob")}, false, true)));
  EXPECT_EQ("", rows());
  ASSERT_TRUE(wait(subject->target().give_up(main_lane))) << "there is nothing to give up";
  EXPECT_EQ(batch_number{}, open(main_lane, lane.session).batch);
}

// Who opens the lanes must not wait for a transaction that nobody ends.
TEST_P(Connector, AnOpenedLaneEndsTheBatchThatWasLeftOpen) {
  if (!subject->target().takes_parts()) GTEST_SKIP() << "it takes whole batches only";
  make({customers_with_good_names()});
  auto lane = open(main_lane);
  EXPECT_EQ("inserted", sent(part_of(lane, {name(1, "Ann")}, true, false)));
  lane = open(main_lane, lane.session);
  EXPECT_EQ(batch_number{}, lane.batch);
  EXPECT_EQ("", rows());
  EXPECT_EQ("app_unreachable", sent(part_of(lane, {name(2, "Bob")}, false, true)));
  EXPECT_EQ("inserted", sent(part_of(lane, {name(3, "Cy")}, true, true)));
}

TEST_P(Connector, AnotherLaneWritesOtherRowsBesideABatchInParts) {
  if (!subject->target().takes_parts()) GTEST_SKIP() << "it takes whole batches only";
  make({customers_with_good_names()});
  auto lane = open(main_lane);
  auto const other = open(side_lane);
  EXPECT_EQ("inserted", sent(part_of(lane, {name(1, "Ann")}, true, false)));
  std::optional<result<std::vector<write_result>>> beside;
  start(subject->target().apply(next_batch(side_lane, other, {name(2, "Bob")})), beside);
  EXPECT_EQ("inserted", sent(part_of(lane, {name(3, "Cy")}, false, true)));
  subject->run();
  ASSERT_TRUE(beside && *beside);
  EXPECT_EQ("(1,Ann)(2,Bob)(3,Cy)", rows());
}

}  // namespace
}  // namespace dualwrite::contract
