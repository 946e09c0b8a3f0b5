// What an application refuses: said in its own words, without a trace, and at nobody else's cost.
#include "tests/contract/connector_suite.h"

namespace dualwrite::contract {
namespace {

using engine::write_effect;

target_write in_group(target_write write, std::uint32_t group) {
  write.group = group;
  write.whole_group = true;
  return write;
}

TEST_P(Connector, ARefusedRowLeavesNoTraceAndTheOthersAreWritten) {
  make({customers()});
  commit(inserted("customer", customer(2, text("Bob"), text("b@y"))));
  capture();
  auto const done = apply({put("customer", customer(1, text("Ann"))),
                           put("customer", customer(2, value::null(), text("new@y"))),
                           put("customer", customer(3, value::null())),
                           put("customer", customer(4, text("Di"), text("b@y"))),
                           put("customer", customer(5, text("Ed")))});
  EXPECT_EQ("inserted refused refused refused inserted", effects(done));
  EXPECT_EQ("(1,Ann)(2,Bob,b@y)(5,Ed)", rows());
  EXPECT_EQ("[1 +(1,Ann)+(5,Ed)]", shown(captured()));
}

TEST_P(Connector, ASecondUniqueValueIsRefused) {
  make({customers()});
  commit(inserted("customer", customer(1, text("Ann"), text("a@y"))));
  auto const done = apply({put("customer", customer(2, text("Bob"), text("a@y"))),
                           put("customer", customer(3, text("Cy"))),
                           put("customer", customer(4, text("Di")))});
  EXPECT_EQ("refused inserted inserted", effects(done));
  EXPECT_EQ(fault_class::application, done[0].kind);
  EXPECT_EQ(subject->code_of(rule::unique), done[0].code);
  EXPECT_EQ("email", done[0].column);
  EXPECT_NE("", done[0].text);
}

TEST_P(Connector, ATakenValueNamesTheRowThatHasIt) {
  make({customers()});
  commit_all({inserted("customer", customer(1, text("Ann"), text("a@y"))),
              inserted("customer", customer(2, text("Bob"), text("b@y")))});
  auto moved = put("customer", customer(4, text("Bob"), text("a@y")));
  moved.old_key = row_values{number(2)};
  auto const done = apply({put("customer", customer(3, text("Cy"), text("b@y"))),
                           put("customer", customer(2, text("Bob"), text("a@y"))),
                           moved,
                           put("customer", customer(1, value::null(), text("a@y")))});
  EXPECT_EQ("refused refused refused refused", effects(done));
  std::int64_t const takers[] = {2, 1, 1};
  for (std::size_t i = 0; i < std::size(takers); ++i) {
    SCOPED_TRACE(i);
    ASSERT_TRUE(done[i].taken_by);
    EXPECT_EQ("customer", done[i].taken_by->table);
    EXPECT_EQ(std::vector<std::size_t>{0}, done[i].taken_by->columns);
    EXPECT_EQ(row_values{number(takers[i])}, done[i].taken_by->values);
  }
  EXPECT_FALSE(done[3].taken_by);
}

TEST_P(Connector, AMissingValueIsRefused) {
  make({customers()});
  auto const done = apply({put("customer", customer(1, value::null()))});
  EXPECT_EQ("refused", effects(done));
  EXPECT_EQ(fault_class::application, done[0].kind);
  EXPECT_EQ(subject->code_of(rule::not_null), done[0].code);
  EXPECT_EQ("name", done[0].column);
  EXPECT_NE("", done[0].text);
}

TEST_P(Connector, WhatACheckForbidsIsRefused) {
  auto table = customers();
  table.check = forbidden_value{3, number(-1), "no debts"};
  make({table});
  auto const done = apply({put("customer", customer(1, text("Ann"), {}, number(-1))),
                           put("customer", customer(2, text("Bob"), {}, number(1))),
                           put("customer", customer(2, text("Bob"), {}, number(-1)))});
  EXPECT_EQ("refused inserted refused", effects(done));
  EXPECT_EQ(fault_class::application, done[0].kind);
  EXPECT_EQ(subject->code_of(rule::check), done[0].code);
  EXPECT_NE("", done[0].text);
  EXPECT_EQ("(2,Bob,NULL,1)", rows());
}

TEST_P(Connector, WhatTheAppsOwnCodeRefusesIsSaidInItsWords) {
  auto table = customers();
  table.trigger = forbidden_value{1, text("bad"), "no bad names, said \"Zoë\""};
  make({table});
  auto const done = apply({put("customer", customer(1, text("good"))),
                           put("customer", customer(2, text("bad"))),
                           put("customer", customer(1, text("bad"))),
                           put("customer", customer(3, text("good too")))});
  EXPECT_EQ("inserted refused refused inserted", effects(done));
  for (auto const at : {1U, 2U}) {
    EXPECT_EQ(fault_class::application, done[at].kind);
    EXPECT_EQ(subject->code_of(rule::trigger), done[at].code);
    EXPECT_EQ("no bad names, said \"Zoë\"", done[at].text);
  }
  EXPECT_EQ("(1,good)(3,good too)", rows());
}

// Its own code notes each customer, and cannot note this one.
TEST_P(Connector, WhatTheAppAddsAndRefusesTakesTheRowWithIt) {
  auto table = customers();
  table.noted_in = "seen";
  make({table, seen()});
  commit(inserted("seen", {number(1), number(2)}));
  capture();
  auto const done = apply({put("customer", customer(1, text("Ann"))),
                           put("customer", customer(2, text("Bob"))),
                           put("customer", customer(3, text("Cy")))});
  EXPECT_EQ("inserted refused inserted", effects(done));
  EXPECT_EQ("(1,Ann)(3,Cy)", rows());
  EXPECT_EQ("(1,2)(101,1)(103,3)", rows("seen"));
  auto const all = captured();
  ASSERT_EQ(1U, all.size());
  EXPECT_EQ(4U, all[0].rows.size());
}

// Of many, in a batch that meets the first refusals, in one that expects them, and without any.
TEST_P(Connector, RefusedRowsAmongManyCostNoOtherRow) {
  make({customers()});
  std::size_t present = 0;
  for (std::int64_t const every : {7, 3, 1000}) {
    SCOPED_TRACE(every);
    std::vector<target_write> writes;
    for (std::int64_t i = 1; i <= 50; ++i) {
      auto const id = every * 100 + i;
      writes.push_back(put("customer", customer(id, i % every == 0 ? value::null() : text("x"))));
    }
    // A part of a row that was refused, and of one that was not.
    writes.push_back(put("customer", customer(every * 100 + 1, text("y")), write_kind::update));
    writes.push_back(put("customer", customer(every * 100 + 7, text("y")), write_kind::update));
    writes.back().behind = 6;
    auto const done = apply(writes);
    ASSERT_EQ(52U, done.size());
    for (std::int64_t i = 1; i <= 50; ++i) {
      auto const wanted = i % every == 0 ? write_effect::refused : write_effect::inserted;
      EXPECT_EQ(wanted, done[static_cast<std::size_t>(i - 1)].effect) << i;
    }
    EXPECT_EQ(write_effect::updated, done[50].effect);
    EXPECT_EQ(every == 7 ? write_effect::held : write_effect::updated, done[51].effect);
    present += 50 - static_cast<std::size_t>(50 / every);
    EXPECT_EQ(present, subject->rows("customer").size());
  }
}

TEST_P(Connector, NamesTheTablesThatATableRefersTo) {
  make({customers(), orders()});
  EXPECT_EQ(std::vector<std::string>{}, *wait(subject->source().referred_tables("customer")));
  auto const names = *wait(subject->source().referred_tables("order"));
  EXPECT_EQ(1, std::count(names.begin(), names.end(), "customer"));
  engine::table_use const use{"order", {"id"}, true, true};
  EXPECT_TRUE(wait(subject->source().find_obstacles(use))->empty());
}

TEST_P(Connector, AMissingReferenceNamesTheRow) {
  for (auto const deferred : {false, true}) {
    if (deferred && !subject->can().has_deferred_references) continue;
    SCOPED_TRACE(deferred);
    begin_anew();
    make({customers(), orders(deferred)});
    auto const done = apply({put("customer", customer(5, text("x"))),
                             put("order", order(1, number(77))),
                             put("order", order(2, number(5))),
                             put("order", order(3, value::null()))});
    EXPECT_EQ("inserted refused inserted inserted", effects(done));
    EXPECT_EQ(fault_class::application, done[1].kind);
    EXPECT_EQ(subject->code_of(rule::reference), done[1].code);
    ASSERT_TRUE(done[1].references);
    EXPECT_EQ("customer", done[1].references->table);
    EXPECT_EQ(std::vector<std::size_t>{0}, done[1].references->columns);
    EXPECT_EQ(row_values{number(77)}, done[1].references->values);
    EXPECT_EQ("(2,5)(3)", rows("order"));
  }
}

TEST_P(Connector, AChangeToAMissingReferenceIsRefused) {
  make({customers(), orders()});
  commit_all(
      {inserted("customer", customer(1, text("Ann"))), inserted("order", order(1, number(1)))});
  auto const done = apply({put("order", order(1, number(77)))});
  EXPECT_EQ("refused", effects(done));
  ASSERT_TRUE(done[0].references);
  EXPECT_EQ(row_values{number(77)}, done[0].references->values);
  EXPECT_EQ("(1,1)", rows("order"));
}

TEST_P(Connector, ARowThatOthersReferToStays) {
  make({customers(), orders()});
  commit_all(
      {inserted("customer", customer(1, text("Ann"))), inserted("order", order(1, number(1)))});
  auto moved = put("customer", customer(2, text("Ann")));
  moved.old_key = row_values{number(1)};
  auto const done = apply({take_out("customer", {number(1)}), moved});
  EXPECT_EQ("refused refused", effects(done));
  EXPECT_EQ(subject->code_of(rule::reference), done[0].code);
  // No row is missing that could arrive and mend it; others may go.
  for (auto const& one : done) {
    EXPECT_FALSE(one.references);
    EXPECT_EQ(fault_class::dependency, one.kind);
  }
  EXPECT_EQ("(1,Ann)", rows());
  EXPECT_EQ("removed removed",
            effects(apply({take_out("order", {number(1)}), take_out("customer", {number(1)})})));
}

TEST_P(Connector, AllOfAGroupIsRefusedWhereItAsksForThat) {
  make({customers(), orders()});
  capture();
  auto const done = apply({in_group(put("customer", customer(1, text("Ann"))), 7),
                           in_group(put("customer", customer(4, text("Di"))), 8),
                           in_group(put("customer", customer(2, value::null())), 7),
                           in_group(put("order", order(1, value::null())), 7),
                           put("customer", customer(3, text("Cy")))});
  EXPECT_EQ("refused inserted refused refused inserted", effects(done));
  EXPECT_EQ(subject->code_of(rule::group), done[0].code);
  EXPECT_EQ(subject->code_of(rule::not_null), done[2].code);
  EXPECT_EQ(subject->code_of(rule::group), done[3].code);
  EXPECT_EQ(fault_class::application, done[0].kind);
  EXPECT_EQ("(3,Cy)(4,Di)", rows());
  EXPECT_EQ("", rows("order"));
  EXPECT_EQ("[1 +(4,Di)+(3,Cy)]", shown(captured()));
}

TEST_P(Connector, SeveralGroupsAreRefusedEachForItself) {
  make({customers()});
  auto const done = apply({in_group(put("customer", customer(1, text("Ann"))), 1),
                           in_group(put("customer", customer(2, text("Bob"))), 2),
                           in_group(put("customer", customer(3, text("Cy"))), 3),
                           in_group(put("customer", customer(4, value::null())), 1),
                           in_group(put("customer", customer(5, value::null())), 3)});
  EXPECT_EQ("refused inserted refused refused refused", effects(done));
  EXPECT_EQ("(2,Bob)", rows());
}

TEST_P(Connector, AGroupThatDoesNotAskForItIsNotRefusedAsAWhole) {
  make({customers()});
  auto one = put("customer", customer(1, text("Ann")));
  auto two = put("customer", customer(2, value::null()));
  one.group = two.group = 7;
  EXPECT_EQ("inserted refused", effects(apply({one, two})));
  EXPECT_EQ("(1,Ann)", rows());
}

TEST_P(Connector, WhatStandsBehindARefusedWriteIsHeld) {
  make({customers()});
  commit(inserted("customer", customer(9, text("Zoë"))));
  auto tail = put("customer", customer(9, text("later")), write_kind::update);
  tail.behind = 0;
  auto further = put("customer", customer(8, text("later still")));
  further.behind = 1;
  auto free = put("customer", customer(7, text("free")));
  auto follows = put("customer", customer(7, text("follows")));
  follows.behind = 3;
  auto const done =
      apply({put("customer", customer(1, value::null())), tail, further, free, follows});
  EXPECT_EQ("refused held held inserted updated", effects(done));
  EXPECT_EQ("(7,follows)(9,Zoë)", rows());
}

TEST_P(Connector, WhatStandsBehindARowThatWasLeftAloneIsHeld) {
  make({customers()});
  commit(inserted("customer", customer(1, text("Ann"))));
  std::vector<target_write> writes;
  for (std::int64_t id : {1, 2}) {
    writes.push_back(put("customer", customer(id, text("x")), write_kind::insert_if_absent));
    writes.push_back(put("customer", customer(id, text("y")), write_kind::update));
    writes.back().behind = writes.size() - 2;
  }
  EXPECT_EQ("kept held inserted updated", effects(apply(writes)));
  EXPECT_EQ("(1,Ann)(2,y)", rows());
}

TEST_P(Connector, WhatStandsBehindARefusedGroupIsHeld) {
  make({customers()});
  auto tail = put("customer", customer(3, text("later")));
  tail.behind = 0;
  auto const done = apply({in_group(put("customer", customer(1, text("Ann"))), 7),
                           tail,
                           in_group(put("customer", customer(2, value::null())), 7)});
  EXPECT_EQ("refused held refused", effects(done));
  EXPECT_TRUE(done[0].for_group);
  EXPECT_FALSE(done[2].for_group);
  EXPECT_EQ("", rows());
}

TEST_P(Connector, ABatchForAnUnknownTableIsNotWritten) {
  make({customers()});
  auto const opened = open(main_lane);
  auto const batch = next_batch(
      main_lane,
      opened,
      {put("customer", customer(1, text("Ann"))), put("nobody", customer(1, text("Ann")))});
  EXPECT_EQ("table_missing", failure(send(batch)));
  EXPECT_EQ("", rows());
  EXPECT_EQ(batch_number{0}, open(main_lane).batch);
}

}  // namespace
}  // namespace dualwrite::contract
