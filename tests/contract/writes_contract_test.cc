// What becomes of the writes of a batch that an application takes.
#include "tests/contract/connector_suite.h"

namespace dualwrite::contract {
namespace {

TEST_P(Connector, SaysWhatBecameOfEachWrite) {
  make({customers()});
  commit_all({inserted("customer", customer(1, text("Ann"))),
              inserted("customer", customer(2, text("Bob")))});
  auto const done =
      apply({put("customer", customer(1, text("Ann"))),
             put("customer", customer(2, text("Rob"))),
             put("customer", customer(3, text("Cy"))),
             put("customer", customer(1, text("Other")), write_kind::insert_if_absent),
             put("customer", customer(1, text("Ann")), write_kind::insert_if_absent),
             put("customer", customer(4, text("Di")), write_kind::insert_if_absent),
             put("customer", customer(9, text("Nobody")), write_kind::update),
             put("customer", customer(4, text("Dia")), write_kind::update),
             put("customer", customer(4, text("Dia")), write_kind::update),
             take_out("customer", {number(2)}),
             take_out("customer", {number(8)})});
  EXPECT_EQ("equal updated inserted kept equal inserted missing updated equal removed equal",
            effects(done));
  EXPECT_EQ("(1,Ann)(3,Cy)(4,Dia)", rows());
}

TEST_P(Connector, WritesInTheOrderOfTheBatch) {
  make({customers()});
  auto const done = apply({put("customer", customer(1, text("a"), text("x@y"))),
                           put("customer", customer(1, text("b"))),
                           put("customer", customer(2, text("c"), text("x@y"))),
                           take_out("customer", {number(1)}),
                           put("customer", customer(1, text("d")))});
  EXPECT_EQ("inserted updated inserted removed inserted", effects(done));
  EXPECT_EQ("(1,d)(2,c,x@y)", rows());
}

TEST_P(Connector, LeavesColumnsThatAreNotGivenAsTheyAre) {
  make({customers()});
  commit(inserted("customer", customer(1, text("Ann"), text("a@y"), number(5))));
  auto some = put("customer", customer(1, text("Ann")));
  some.columns = {0, 3};
  some.values = {number(1), number(6)};
  EXPECT_EQ("updated", effects(apply({some})));
  EXPECT_EQ("(1,Ann,a@y,6)", rows());
  EXPECT_EQ("equal", effects(apply({some})));
}

TEST_P(Connector, ChangesAKeyInPlace) {
  make({customers()});
  commit(inserted("customer", customer(1, text("Ann"), text("a@y"), number(5))));
  capture();
  auto moved = put("customer", customer(5, text("Ann")));
  moved.columns = {0, 1};
  moved.values = {number(5), text("Ann")};
  moved.old_key = row_values{number(1)};
  EXPECT_EQ("updated", effects(apply({moved})));
  EXPECT_EQ("(5,Ann,a@y,5)", rows());
  EXPECT_EQ("[1 ~(5,Ann,a@y,5)]", shown(captured()));
}

TEST_P(Connector, ChangesAPartOfACompositeKeyInPlace) {
  make({lines()});
  commit_all({inserted("line", line(1, "a", 7)), inserted("line", line(1, "b", 8))});
  auto moved = put_line(line(2, "a", 7));
  moved.old_key = row_values{number(1), text("a")};
  EXPECT_EQ("updated", effects(apply({moved})));
  EXPECT_EQ("(1,b,8)(2,a,7)", rows("line"));
}

TEST_P(Connector, LooksUnderTheNewKeyWhereNothingIsUnderTheOld) {
  make({customers()});
  commit(inserted("customer", customer(5, text("Ann"))));
  auto moved = put("customer", customer(5, text("Anna")));
  moved.old_key = row_values{number(1)};
  auto fresh = put("customer", customer(6, text("Bob")));
  fresh.old_key = row_values{number(2)};
  auto missing = put("customer", customer(7, text("Cy")), write_kind::update);
  missing.old_key = row_values{number(3)};
  EXPECT_EQ("updated inserted missing", effects(apply({moved, fresh, missing})));
  EXPECT_EQ("(5,Anna)(6,Bob)", rows());
}

TEST_P(Connector, GivesNoRowTheKeyOfAnother) {
  make({customers()});
  commit_all({inserted("customer", customer(1, text("Ann"))),
              inserted("customer", customer(5, text("Bob")))});
  auto moved = put("customer", customer(5, text("Ann")));
  moved.old_key = row_values{number(1)};
  EXPECT_EQ("refused", effects(apply({moved})));
  EXPECT_EQ("(1,Ann)(5,Bob)", rows());
}

TEST_P(Connector, WritesRowsWithACompositeKey) {
  make({lines()});
  commit(inserted("line", line(1, "a", 7)));
  EXPECT_EQ("equal updated inserted inserted removed",
            effects(apply({put_line(line(1, "a", 7)),
                           put_line(line(1, "a", 8)),
                           put_line(line(1, "b", 9)),
                           put_line(line(2, "a", 10)),
                           take_out("line", {number(1), text("a")})})));
  EXPECT_EQ("(1,b,9)(2,a,10)", rows("line"));
}

TEST_P(Connector, FindsRowsByAnotherUniqueColumn) {
  make({customers()});
  commit_all({inserted("customer", customer(1, text("Ann"), text("a@y"))),
              inserted("customer", customer(2, text("Bob"), text("b@y")))});
  target_write named;
  named.table = "customer";
  named.key_columns = {2};
  named.key = {text("a@y")};
  named.columns = {1, 2};
  named.values = {text("Anna"), text("a@y")};
  auto gone = named;
  gone.kind = write_kind::remove;
  gone.key = {text("b@y")};
  EXPECT_EQ("updated removed", effects(apply({named, gone})));
  EXPECT_EQ("(1,Anna,a@y)", rows());
}

// Some applications can exchange them and some cannot; none does half of it.
TEST_P(Connector, UniqueValuesAreExchangedOrNot) {
  make({customers()});
  commit_all({inserted("customer", customer(1, text("Ann"), text("a@y"))),
              inserted("customer", customer(2, text("Bob"), text("b@y")))});
  std::vector<target_write> writes = {put("customer", customer(1, text("Ann"), text("b@y"))),
                                      put("customer", customer(2, text("Bob"), text("a@y")))};
  for (auto& one : writes) one.whole_group = true;
  auto const done = effects(apply(writes));
  bool const exchanged = done == "updated updated";
  EXPECT_TRUE(exchanged || done == "refused refused") << done;
  EXPECT_EQ(exchanged ? "(1,Ann,b@y)(2,Bob,a@y)" : "(1,Ann,a@y)(2,Bob,b@y)", rows());
}

TEST_P(Connector, AnEmptyBatchIsABatch) {
  make({customers()});
  EXPECT_EQ("", effects(apply({})));
  EXPECT_EQ(batch_number{1}, open(main_lane).batch);
}

}  // namespace
}  // namespace dualwrite::contract
