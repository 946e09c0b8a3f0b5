// What is read from an application: what was committed, in its order, once, and from where on.
#include "events/row_image.h"
#include "tests/contract/connector_suite.h"

namespace dualwrite::contract {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_P(Connector, GivesWhatIsWrittenInItsOrder) {
  make({customers()});
  capture();
  commit_all({inserted("customer", customer(1, text("Ann"))),
              inserted("customer", customer(2, text("Bob"), text("b@y")))});
  commit(updated("customer", {number(1)}, customer(1, text("Ann B."))));
  commit(removed("customer", {number(2)}));
  EXPECT_EQ("+(1,Ann)+(2,Bob,b@y)~(1,Ann B.)-(2)", shown(captured()));
}

TEST_P(Connector, GivesEachCommitOnce) {
  make({customers()});
  capture();
  commit(inserted("customer", customer(1, text("Ann"))));
  EXPECT_EQ("+(1,Ann)", shown(captured()));
  EXPECT_EQ("", shown(captured()));
}

TEST_P(Connector, GivesATransactionWhole) {
  make({customers()});
  capture();
  commit_all({inserted("customer", customer(1, text("a"))),
              inserted("customer", customer(2, text("b"))),
              updated("customer", {number(1)}, customer(1, text("c")))});
  auto const all = captured(1);
  ASSERT_EQ(1U, all.size());
  EXPECT_EQ("+(1,a)+(2,b)~(1,c)", shown(all));
}

// However a connector cuts it: the parts follow each other, say the same of it, and are all of it.
TEST_P(Connector, GivesALargeTransactionWholeOrInPartsThatFollowEachOther) {
  make({customers()});
  capture();
  commit(inserted("customer", customer(1, text("before"))));
  std::vector<user_change> large;
  for (int i = 2; i <= 3000; ++i)
    large.push_back(inserted("customer", customer(i, text(std::string(1000, 'x')))));
  commit_all(large);
  commit(inserted("customer", customer(3001, text("behind"))));
  std::int64_t next = 1;
  engine::captured_transaction const* open = nullptr;
  auto const all = captured();
  for (auto const& part : all) {
    EXPECT_EQ(open == nullptr, part.begins);
    if (open != nullptr) {
      EXPECT_EQ(open->position, part.position);
      EXPECT_EQ(open->committed_at, part.committed_at);
    }
    open = part.ends ? nullptr : &part;
    for (auto const& row : part.rows) EXPECT_EQ(number(next++), decode_row(row.after)->at(0));
  }
  EXPECT_EQ(nullptr, open);
  EXPECT_EQ(3002, next);
}

TEST_P(Connector, TellsTransactionsApart) {
  if (!subject->can().tells_transactions_apart) GTEST_SKIP() << "it gives several as one";
  make({customers()});
  capture();
  for (int i = 1; i <= 3; ++i) commit(inserted("customer", customer(i, text("x"))));
  EXPECT_EQ(3U, captured().size());
}

TEST_P(Connector, GivesNothingOfARefusedTransaction) {
  make({customers()});
  capture();
  EXPECT_FALSE(subject->commit({inserted("customer", customer(1, text("Ann"))),
                                inserted("customer", customer(2, value::null()))}));
  EXPECT_EQ("", rows());
  EXPECT_EQ("", shown(captured()));
}

TEST_P(Connector, AChangedKeyComesWithTheOldOne) {
  make({customers(), lines()});
  commit_all({inserted("customer", customer(1, text("Ann"))), inserted("line", line(1, "a", 7))});
  capture();
  commit(updated("customer", {number(1)}, customer(5, text("Ann"))));
  commit(updated("line", {number(1), text("a")}, line(1, "b", 7)));
  std::vector<engine::captured_row> all;
  for (auto const& one : captured()) all.insert(all.end(), one.rows.begin(), one.rows.end());
  ASSERT_EQ(2U, all.size());
  EXPECT_EQ(operation::update, all[0].op);
  EXPECT_EQ(number(1), decode_row(all[0].before)->at(0));
  EXPECT_EQ(number(5), decode_row(all[0].after)->at(0));
  EXPECT_EQ(text("a"), decode_row(all[1].before)->at(1));
  EXPECT_EQ(line(1, "b", 7), *decode_row(all[1].after));
}

TEST_P(Connector, ARemovalTellsTheWholeKey) {
  make({lines()});
  commit_all({inserted("line", line(1, "a", 7)), inserted("line", line(1, "b", 8))});
  capture();
  commit(removed("line", {number(1), text("b")}));
  auto const all = captured();
  ASSERT_EQ(1U, all.size());
  auto const& gone = all[0].rows.at(0);
  EXPECT_EQ(operation::remove, gone.op);
  EXPECT_EQ("", gone.after);
  EXPECT_EQ(number(1), decode_row(gone.before)->at(0));
  EXPECT_EQ(text("b"), decode_row(gone.before)->at(1));
}

TEST_P(Connector, GivesNothingFromBeforeTheCapture) {
  make({customers()});
  commit(inserted("customer", customer(1, text("Ann"))));
  capture();
  EXPECT_EQ("", shown(captured()));
  commit(inserted("customer", customer(2, text("Bob"))));
  capture();
  EXPECT_EQ("", shown(captured()));
}

TEST_P(Connector, GoesOnBehindAPosition) {
  make({customers()});
  auto const start = capture();
  commit(inserted("customer", customer(1, text("Ann"))));
  auto const at = captured().back().position;
  commit(inserted("customer", customer(2, text("Bob"))));
  subject->restart();
  EXPECT_EQ(at, capture(at));
  EXPECT_EQ("+(2,Bob)", shown(captured()));
  capture(start);
  EXPECT_EQ("+(1,Ann)+(2,Bob)", shown(captured()));
}

TEST_P(Connector, GoesOnBehindWhatWasAcknowledged) {
  make({customers()});
  capture();
  for (int i = 1; i <= 3; ++i) commit(inserted("customer", customer(i, text("x"))));
  auto const at = captured().back().position;
  ASSERT_TRUE(wait(subject->source().acknowledge(at)));
  subject->restart();
  capture(at);
  commit(inserted("customer", customer(4, text("Di"))));
  EXPECT_EQ("+(4,Di)", shown(captured()));
}

// What was acknowledged may be forgotten, but is never passed over in silence.
TEST_P(Connector, APositionBeforeWhatWasAcknowledgedIsRefusedOrGivesAll) {
  make({customers()});
  capture();
  commit(inserted("customer", customer(1, text("Ann"))));
  auto const early = captured().back().position;
  for (int i = 2; i <= 4; ++i) commit(inserted("customer", customer(i, text("x"))));
  auto const late = captured().back().position;
  ASSERT_TRUE(wait(subject->source().acknowledge(late)));
  subject->restart();
  auto const opened = try_capture(early);
  if (opened) {
    EXPECT_EQ("+(2,x)+(3,x)+(4,x)", shown(captured()));
  } else {
    EXPECT_TRUE(failure(opened) == "source_rewound" || failure(opened) == "slot_lost")
        << failure(opened);
  }
}

TEST_P(Connector, GivesNothingUntilTheCaptureIsOpened) {
  make({customers()});
  auto const at = capture();
  commit(inserted("customer", customer(1, text("Ann"))));
  subject->restart();
  auto const closed = wait(subject->source().next(10, milliseconds(1)));
  EXPECT_EQ("app_unreachable", failure(closed));
  capture(at);
  EXPECT_EQ("+(1,Ann)", shown(captured()));
}

TEST_P(Connector, AnEndedCaptureBeginsAnewAndNotWhereItWas) {
  make({customers()});
  auto const start = capture();
  apply({put("customer", customer(1, text("Ann")))});
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(wait(subject->source().end_capture()));
  commit(inserted("customer", customer(2, text("Bob"))));
  auto const again = try_capture(start);
  EXPECT_TRUE(failure(again) == "source_rewound" || failure(again) == "slot_lost")
      << failure(again);
  apply({put("customer", customer(3, text("Cy")))});
  capture();
  apply({put("customer", customer(4, text("Di")))});
  EXPECT_EQ("[3 +(4,Di)]", shown(captured()));
}

TEST_P(Connector, CapturesATableThatIsAddedLater) {
  make({customers(), orders()});
  auto& source = subject->source();
  auto const start = wait(source.open_capture({"customer"}, std::nullopt));
  ASSERT_TRUE(start);
  commit(inserted("customer", customer(1, text("Ann"))));
  ASSERT_TRUE(try_capture(*start));
  commit(inserted("order", order(1, number(1))));
  EXPECT_EQ("+(1,Ann)+(1,1)", shown(captured()));
}

TEST_P(Connector, LeavesOutTablesThatWereNotNamed) {
  if (!subject->can().captures_named_tables_only) GTEST_SKIP() << "it gives all tables";
  make({customers(), orders()});
  ASSERT_TRUE(wait(subject->source().open_capture({"order", "fence"}, std::nullopt)));
  commit_all(
      {inserted("customer", customer(1, text("Ann"))), inserted("order", order(1, number(1)))});
  commit(inserted("customer", customer(2, text("Bob"))));
  EXPECT_EQ("+(1,1)", shown(captured()));
}

TEST_P(Connector, CapturesNoTableThatIsNotThere) {
  if (!subject->can().captures_named_tables_only) GTEST_SKIP() << "it gives all tables";
  make({customers()});
  auto const opened = wait(subject->source().open_capture({"customer", "nobody"}, std::nullopt));
  EXPECT_EQ("table_missing", failure(opened));
}

TEST_P(Connector, RefusesAPositionThatARestoreHasLost) {
  make({customers()});
  capture();
  subject->save_copy();
  // More than a server writes to its own log when it starts.
  for (int i = 1; i <= 50; ++i) commit(inserted("customer", customer(i, text("Ann"))));
  auto const at = captured().back().position;
  subject->restore_copy();
  EXPECT_EQ("source_rewound", failure(try_capture(at)));
  capture();
  commit(inserted("customer", customer(2, text("Bob"))));
  EXPECT_EQ("+(2,Bob)", shown(captured()));
}

TEST_P(Connector, RefusesALostPositionWhereAsMuchWasWrittenSince) {
  if (!subject->can().knows_lost_positions_for_ever)
    GTEST_SKIP() << "places in its log tell nothing";
  make({customers()});
  capture();
  subject->save_copy();
  commit(inserted("customer", customer(1, text("Ann"))));
  auto const at = captured().back().position;
  subject->restore_copy();
  for (int i = 1; i <= 9; ++i) commit(inserted("customer", customer(i, text("x"))));
  EXPECT_EQ("source_rewound", failure(try_capture(at)));
}

TEST_P(Connector, RefusesToGoOnWhereARestoreHasLostWhatWasCopied) {
  if (!subject->can().knows_lost_positions_for_ever)
    GTEST_SKIP() << "what a server loses when it crashes need not have been committed";
  make({customers()});
  auto const at = capture();
  subject->save_copy();
  commit(inserted("customer", customer(1, text("Ann"))));
  engine::chunk_request request;
  request.table = "customer";
  request.key = {0};
  auto const copy = chunk(request);
  ASSERT_TRUE(copy) << to_string(copy.error());
  subject->restore_copy();
  engine::source_progress const known(at, copy->snapshot.commit);
  EXPECT_EQ("source_rewound", failure(try_capture(known)));
}

TEST_P(Connector, PositionsGrow) {
  make({customers()});
  auto last = capture();
  for (int i = 1; i <= 3; ++i) {
    commit(inserted("customer", customer(i, text("x"))));
    for (auto const& one : captured()) {
      EXPECT_EQ(last.incarnation, one.position.incarnation);
      EXPECT_GT(one.position.commit, last.commit);
      EXPECT_GT(one.committed_at, instant{});
      last = one.position;
    }
  }
}

TEST_P(Connector, GivesNoMoreThanItsLimit) {
  make({customers()});
  capture();
  for (int i = 1; i <= 5; ++i) {
    apply({put("customer", customer(i, text("x")))});
    commit(updated("customer", {number(i)}, customer(i, text("y"))));
  }
  EXPECT_EQ("[1 +(1,x)]~(1,y)[2 +(2,x)]~(2,y)[3 +(3,x)]~(3,y)[4 +(4,x)]~(4,y)[5 +(5,x)]~(5,y)",
            shown(captured(2)));
}

TEST_P(Connector, GivesNothingWhereNothingIsCommitted) {
  make({customers()});
  capture();
  auto const none = wait(subject->source().next(10, milliseconds(1)));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST_P(Connector, AWaitEndsWithACommit) {
  make({customers()});
  capture();
  std::optional<result<std::vector<captured_transaction>>> out;
  start(subject->source().next(10, seconds(30)), out);
  subject->io.poll();
  commit(inserted("customer", customer(1, text("Ann"))));
  subject->run();
  ASSERT_TRUE(out && *out);
  EXPECT_EQ("+(1,Ann)", shown(**out));
}

TEST_P(Connector, OurBatchComesBackMarkedAndByItself) {
  make({customers()});
  capture();
  commit(inserted("customer", customer(1, text("Ann"))));
  apply({put("customer", customer(2, text("Bob")))});
  commit(inserted("customer", customer(3, text("Cy"))));
  auto const all = captured();
  EXPECT_EQ("+(1,Ann)[1 +(2,Bob)]+(3,Cy)", shown(all));
  ASSERT_EQ(3U, all.size());
  EXPECT_EQ((engine::batch_mark{main_lane, main->session, batch_number{1}}), *all[1].mark);
}

TEST_P(Connector, ABatchThatChangedNothingComesBackToo) {
  make({customers()});
  commit(inserted("customer", customer(1, text("Ann"))));
  capture();
  apply({put("customer", customer(1, text("Ann")))});
  apply({put("customer", customer(2, value::null()))});
  apply({});
  EXPECT_EQ("[1 ][2 ][3 ]", shown(captured()));
}

TEST_P(Connector, ABatchOfTablesThatAreNotCapturedComesBackToo) {
  make({customers(), orders()});
  ASSERT_TRUE(wait(subject->source().open_capture({"order", "fence"}, std::nullopt)));
  apply({put("customer", customer(1, text("Ann")))});
  auto const all = captured();
  ASSERT_EQ(1U, all.size());
  EXPECT_TRUE(all[0].mark);
}

TEST_P(Connector, WhatTheAppAddsToABatchComesWithIt) {
  auto noted = customers();
  noted.noted_in = "seen";
  make({noted, seen()});
  capture();
  apply({put("customer", customer(1, text("Ann")))});
  EXPECT_EQ("+(101,1)", "+" + rows("seen"));
  auto const all = captured();
  ASSERT_EQ(1U, all.size());
  EXPECT_TRUE(all[0].mark);
  std::vector<std::string> tables;
  for (auto const& row : all[0].rows) tables.push_back(row.table);
  std::sort(tables.begin(), tables.end());
  EXPECT_EQ((std::vector<std::string>{"customer", "seen"}), tables);
}

}  // namespace
}  // namespace dualwrite::contract
