// A capture that is far behind reads in bulk, and nothing else is different.
#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/engine/connectors/postgresql/change_stream_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

// Whatever is behind is far behind.
constexpr stretch_limits always{0, 0, 64 * kib, 1024 * mib};

class BulkRead : public testing::Test {
 protected:
  BulkRead() : url(postgres_cluster::shared().fresh_database("shop")), people(url) {
    EXPECT_TRUE(people.run("CREATE TABLE item(id bigint PRIMARY KEY, token text)"));
  }

  change_stream_under_test capture(stretch_limits limits) const {
    return change_stream_under_test(url, {"item"}, limits);
  }
  // A slot, and so many transactions of a row each behind it.
  source_position leave_behind(int transactions) {
    auto first = capture({});
    auto const at = first.open();
    first.close();
    EXPECT_TRUE(people.run("CHECKPOINT"));
    for (int i = 1; i <= transactions; ++i)
      EXPECT_TRUE(people.run(fmt::format("INSERT INTO item VALUES({}, 'of {}')", i, i)));
    return at;
  }
  static std::string show_all(std::vector<captured_transaction> const& all) {
    std::string out;
    for (auto const& one : all) out += (out.empty() ? "" : "/") + show(one);
    return out;
  }
  std::uint64_t confirmed() {
    return std::stoull(people.ask(
        "SELECT (confirmed_flush_lsn - '0/0')::bigint FROM pg_replication_slots WHERE database = "
        "current_database()"));
  }

  std::string url;
  postgres_user people;
};

TEST(EndOfPart, IsTheLeastOrWhatIsThere) {
  stretch_limits const limits{0, 0, 100, 1000};
  EXPECT_EQ(600U, end_of_part(limits, 500, 500, 5000));
  EXPECT_EQ(550U, end_of_part(limits, 500, 500, 550));
  EXPECT_FALSE(end_of_part(limits, 500, 500, 500));
  EXPECT_FALSE(end_of_part(limits, 500, 500, 400));
}

TEST(EndOfPart, GrowsWithWhatIsReadAgainUpToTheMost) {
  stretch_limits const limits{0, 0, 100, 1000};
  EXPECT_EQ(1000U, end_of_part(limits, 400, 700, 5000));
  EXPECT_EQ(1500U, end_of_part(limits, 500, 1100, 5000));
  EXPECT_EQ(1500U, end_of_part(limits, 500, 1400, 5000));
  EXPECT_FALSE(end_of_part(limits, 500, 1401, 5000));
  // What is left needs no least.
  EXPECT_EQ(1450U, end_of_part(limits, 500, 1401, 1450));
  EXPECT_FALSE(end_of_part(limits, 500, 1401, 1501));
}

TEST_F(BulkRead, BeginsWhereItIsFarBehindAndEndsWhereItIsNear) {
  auto const at = leave_behind(3);
  auto stream = capture(always);
  stream.open(at);
  EXPECT_EQ(way::in_bulk, stream.read_how());
  EXPECT_EQ("+item(1,of 1)/+item(2,of 2)/+item(3,of 3)", show_all(stream.captured(3)));
  auto rest = capture({});
  stream.close();
  rest.open(at);
  EXPECT_EQ(way::streamed, rest.read_how());
}

TEST_F(BulkRead, AStreamThatFellBehindReadsInBulkAndIsStreamedAgain) {
  auto stream = capture({256 * kib, 32 * kib, 64 * kib, 1024 * mib});
  stream.open();
  EXPECT_EQ(way::streamed, stream.read_how());
  EXPECT_TRUE(people.run("CHECKPOINT"));
  for (int i = 0; i < 60; ++i) {
    EXPECT_TRUE(people.run(fmt::format(
        "INSERT INTO item SELECT {} + g, repeat('x', 900) FROM generate_series(1, 20) g", i * 20)));
  }
  bool was_in_bulk = false;
  std::size_t rows = 0;
  for (int i = 0; i < 60; ++i) {
    auto const one = stream.captured(1);
    ASSERT_EQ(1U, one.size());
    rows += one.front().rows.size();
    was_in_bulk = was_in_bulk || stream.read_how() == way::in_bulk;
  }
  EXPECT_EQ(1200U, rows);
  EXPECT_TRUE(was_in_bulk);
  EXPECT_TRUE(people.run("INSERT INTO item VALUES(0, 'last')"));
  EXPECT_EQ("+item(0,last)", show_all(stream.captured(1)));
  EXPECT_EQ(way::streamed, stream.read_how());
}

TEST_F(BulkRead, ATransactionOverTheMostIsStreamed) {
  for (auto const most : {1024 * mib, 512 * kib}) {
    auto const at = leave_behind(0);
    EXPECT_TRUE(
        people.run("DELETE FROM item; INSERT INTO item SELECT g, repeat('x', 900) FROM "
                   "generate_series(1, 1000) g"));
    auto stream = capture({0, 0, 64 * kib, most});
    stream.open(at);
    auto const deleted = most == 1024 * mib ? 0U : 1000U;
    EXPECT_EQ(deleted + 1000U, stream.captured_rows(deleted + 1000));
    EXPECT_EQ(most == 1024 * mib ? way::in_bulk : way::streamed, stream.read_how());
  }
}

TEST_F(BulkRead, TheSlotIsNotMovedPastWhatWasAcknowledged) {
  auto const at = leave_behind(200);
  auto stream = capture({0, 0, 4 * kib, 1024 * mib});
  stream.open(at);
  std::vector<captured_transaction> all;
  source_position acknowledged = at;
  while (all.size() < 200) {
    auto const more = stream.next(7);
    ASSERT_TRUE(more && !more->empty());
    EXPECT_EQ(way::in_bulk, stream.read_how());
    EXPECT_LE(confirmed(), acknowledged.commit);
    all.insert(all.end(), more->begin(), more->end());
    if (all.size() < 100) continue;
    acknowledged = all[all.size() / 2].position;
    stream.acknowledge(acknowledged);
  }
  EXPECT_LT(at.commit, confirmed());
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(fmt::format("+item({0},of {0})", i + 1), show(all[static_cast<std::size_t>(i)]));
  stream.open(acknowledged);
  auto const again = stream.captured(99);
  ASSERT_EQ(99U, again.size());
  EXPECT_EQ(all[101].position, again.front().position);
}

TEST_F(BulkRead, ATableThatChangedMeanwhileIsNoticed) {
  auto const at = leave_behind(3);
  auto stream = capture(always);
  stream.open(at);
  EXPECT_TRUE(people.run("ALTER TABLE item ADD COLUMN more text"));
  EXPECT_EQ(error_code::table_changed, stream.next().error().code);
  EXPECT_EQ(way::closed, stream.read_how());
}

TEST_F(BulkRead, ATableThatWasTruncatedIsNotTakenForEqual) {
  auto const at = leave_behind(1);
  EXPECT_TRUE(people.run("TRUNCATE item"));
  auto stream = capture(always);
  stream.open(at);
  auto got = stream.next(1);
  EXPECT_TRUE(got);
  while (got) got = stream.next();
  EXPECT_EQ(error_code::source_rewound, got.error().code);
}

TEST_F(BulkRead, WhatOtherTablesWriteIsPassed) {
  EXPECT_TRUE(people.run("CREATE TABLE aside(note text)"));
  auto const at = leave_behind(0);
  EXPECT_TRUE(
      people.run("INSERT INTO aside SELECT repeat('x', 1000) FROM generate_series(1, 40000)"));
  EXPECT_TRUE(people.run("INSERT INTO item VALUES(1, 'Ann')"));
  auto stream = capture({mib, 0, 2 * mib, 1024 * mib});
  stream.open(at);
  EXPECT_EQ(way::in_bulk, stream.read_how());
  EXPECT_EQ("+item(1,Ann)", show_all(stream.captured(1)));
  EXPECT_LE(at.commit + 16 * mib, confirmed());
  stream.open(at);
  EXPECT_EQ("+item(1,Ann)", show_all(stream.captured(1)));
}

TEST_F(BulkRead, GoesOnAfterItsSessionWasEnded) {
  auto at = leave_behind(0);
  EXPECT_TRUE(
      people.run("INSERT INTO item SELECT g, repeat('x', 900) FROM generate_series(1, 40000) g"));
  EXPECT_TRUE(people.run("INSERT INTO item VALUES(0, 'last')"));
  auto stream = capture({0, 0, 1024 * mib, 1024 * mib});
  stream.open(at);
  EXPECT_EQ(way::in_bulk, stream.read_how());
  // It has more to send than a socket holds, so it is there until it is ended.
  auto const ended = [&] {
    return people.ask(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'COPY%peek%' AND pid <> "
        "pg_backend_pid()");
  };
  while (ended() == "0") {
  }
  auto got = stream.next();
  while (got) got = stream.next();
  EXPECT_EQ(error_code::app_unreachable, got.error().code);
  stream.open(at);
  EXPECT_EQ(40000U, stream.captured_rows(40000));
  EXPECT_EQ("+item(0,last)", show_all(stream.captured(1)));
}

TEST_F(BulkRead, WhatTheServerRefusesToReadInBulkIsStreamed) {
  auto const at = leave_behind(1);
  EXPECT_TRUE(
      people.run("INSERT INTO item SELECT g, repeat('x', 900) FROM generate_series(2, 2000) g"));
  EXPECT_TRUE(people.run("ALTER DATABASE shop SET work_mem = '64kB'"));
  EXPECT_TRUE(people.run("ALTER DATABASE shop SET temp_file_limit = '64kB'"));
  auto stream = capture(always);
  stream.open(at);
  EXPECT_EQ(way::in_bulk, stream.read_how());
  EXPECT_EQ("+item(1,of 1)", show_all(stream.captured(1)));
  EXPECT_EQ(1999U, stream.captured_rows(1999));
  EXPECT_EQ(way::streamed, stream.read_how());
}

TEST_F(BulkRead, AnEndedReadDoesNotHoldTheSlot) {
  auto const at = leave_behind(0);
  EXPECT_TRUE(
      people.run("INSERT INTO item SELECT g, repeat('x', 900) FROM generate_series(1, 40000) g"));
  auto stream = capture(always);
  for (int i = 0; i < 3; ++i) {
    stream.open(at);
    EXPECT_EQ(way::in_bulk, stream.read_how());
  }
  EXPECT_EQ(40000U, stream.captured_rows(40000));
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
