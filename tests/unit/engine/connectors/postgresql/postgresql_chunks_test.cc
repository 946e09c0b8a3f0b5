// PostgreSQL behind the ports: tables that are copied chunk by chunk.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

TEST_F(PostgresqlApp, ReadsChunksInKeyOrderWithTheirPosition) {
  capture();
  people->run("INSERT INTO customer(id, name) VALUES(3, 'c'), (1, 'a'), (2, 'b')");
  auto const at = captured(1).back().position;
  chunk_request request;
  request.table = "customer";
  request.key = {0};
  request.limit = 2;
  auto const first = wait(app->read_chunk(request));
  ASSERT_TRUE(first) << to_string(first.error());
  ASSERT_EQ(2U, first->rows.size());
  EXPECT_EQ(1, first->rows[0][0].as_int64());
  EXPECT_LE(at, first->snapshot);
  people->run("UPDATE customer SET name = 'bb' WHERE id = 2");
  EXPECT_GT(captured(1).back().position, first->snapshot);
  EXPECT_EQ(3U, *wait(app->count_rows("customer")));
  request.after = row_values{value::of_int64(2)};
  EXPECT_EQ(1U, wait(app->read_chunk(request))->rows.size());
  request.only = row_values{value::of_int64(2)};
  EXPECT_EQ("bb", wait(app->read_chunk(request))->rows.at(0)[1].as_string());
}

// Neither a copy nor a capture that is to begin keeps others from writing beside a transaction that
// does not end.
TEST_F(PostgresqlApp, NobodyWaitsForUsBehindAnOpenTransaction) {
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  connection patient;
  ASSERT_TRUE(patient.open(url));
  ASSERT_TRUE(patient.execute("BEGIN; UPDATE customer SET name = 'Anna' WHERE id = 1"));
  // As long as both try, others come and go.
  std::atomic<bool> is_over = false;
  std::thread others([&] {
    connection hasty;
    EXPECT_TRUE(hasty.open(url));
    EXPECT_TRUE(hasty.execute("SET lock_timeout = '100ms'"));
    for (int id = 10; !is_over; ++id) {
      auto const put =
          hasty.execute(fmt::format("INSERT INTO customer(id, name) VALUES({}, 'hasty')", id));
      EXPECT_TRUE(put) << to_string(put.error());
    }
  });
  chunk_request request;
  request.table = "customer";
  request.key = {0};
  request.limit = 10;
  EXPECT_EQ(error_code::app_busy, wait(app->read_chunk(request)).error().code);
  EXPECT_EQ(error_code::app_busy, wait(app->prepare_capture({"customer"})).error().code);
  EXPECT_EQ(error_code::app_busy, wait(app->open_capture({"customer"}, std::nullopt)).error().code);
  ASSERT_TRUE(patient.execute("COMMIT"));
  EXPECT_TRUE(wait(app->prepare_capture({"customer"})));
  EXPECT_TRUE(wait(app->read_chunk(request)));
  is_over = true;
  others.join();
}

// Such a lock as a VACUUM has bars those who write to others, not us.
TEST_F(PostgresqlApp, NoLockIsNeededForAChunkOfATableThatNobodyWritesTo) {
  people->run("CREATE TABLE other(id int); INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  people->run(
      "BEGIN; INSERT INTO other VALUES(1); LOCK TABLE customer IN SHARE UPDATE EXCLUSIVE MODE");
  chunk_request request;
  request.table = "customer";
  request.key = {0};
  request.limit = 3;
  auto const read = wait(app->read_chunk(request));
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(1U, read->rows.size());
  people->run("ROLLBACK");
}

// What one sees of a table is all that was committed up to the position, and nothing else.
TEST_F(PostgresqlApp, AChunkIsOfItsPositionWhileOthersWrite) {
  people->run("INSERT INTO customer(id, name) SELECT i, '0' FROM generate_series(1, 3) i");
  capture();
  std::atomic<bool> is_over = false;
  std::vector<std::thread> others;
  for (int writer = 1; writer <= 3; ++writer) {
    others.emplace_back([&, writer] {
      connection on;
      EXPECT_TRUE(on.open(url));
      for (int i = 1; !is_over; ++i) {
        EXPECT_TRUE(
            on.execute(fmt::format("UPDATE customer SET name = '{}' WHERE id = {}", i, writer)));
        // Now and then nobody writes.
        std::this_thread::sleep_for(std::chrono::milliseconds(writer));
      }
    });
  }
  std::vector<chunk> chunks;
  chunk_request request;
  request.table = "customer";
  request.key = {0};
  request.limit = 3;
  while (chunks.size() < 60) {
    auto read = wait(app->read_chunk(request));
    if (read) chunks.push_back(std::move(*read));
    if (!read) {
      ASSERT_EQ(error_code::app_busy, read.error().code) << to_string(read.error());
    }
  }
  is_over = true;
  for (auto& one : others) one.join();
  people->run("INSERT INTO customer(id, name) VALUES(4, 'end')");
  std::map<std::int64_t, std::map<std::uint64_t, std::string>> history;
  while (!history.contains(4)) {
    auto const some = wait(app->next(256, std::chrono::milliseconds(500)));
    ASSERT_TRUE(some) << to_string(some.error());
    for (auto const& transaction : *some) {
      for (auto const& row : transaction.rows) {
        auto const values = *decode_row(row.after);
        history[values[0].as_int64()][transaction.position.commit] =
            std::string(values[1].as_string());
      }
    }
  }
  for (auto const& one : chunks) {
    for (auto const& row : one.rows) {
      auto const& states = history[row[0].as_int64()];
      auto const next = states.upper_bound(one.snapshot.commit);
      auto const then = next == states.begin() ? "0" : std::prev(next)->second;
      EXPECT_EQ(then, row[1].as_string());
    }
  }
}

TEST_F(PostgresqlApp, ChunksAreInTheOrderOfBytesWhateverTheColumnsLanguage) {
  people->run(
      "CREATE TYPE mood AS ENUM('sad', 'glad', 'calm'); CREATE TABLE word(text text COLLATE "
      "\"en-x-icu\", m mood, PRIMARY KEY(text, m)); INSERT INTO word SELECT t, m FROM "
      "unnest('{b,B,a,é,_,Z,\"\",zz}'::text[]) t, unnest('{sad,glad,calm}'::mood[]) m");
  for (std::uint64_t copy = 0; copy < 2; ++copy) {
    chunk_request request;
    request.table = "word";
    request.key = {0, 1};
    request.limit = 5;
    request.copy = copy;
    std::vector<row_values> rows;
    while (true) {
      auto const some = wait(app->read_chunk(request));
      ASSERT_TRUE(some) << to_string(some.error());
      rows.insert(rows.end(), some->rows.begin(), some->rows.end());
      if (some->last) break;
      request.after = rows.back();
    }
    EXPECT_EQ(24U, rows.size());
    auto const rises = [](row_values const& one, row_values const& other) {
      return encode_key(one) < encode_key(other);
    };
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(), rises));
  }
}

TEST_F(PostgresqlApp, ACopyGoesOnWhenItsSessionWasEnded) {
  postgresql_settings settings{url};
  settings.snapshot_age = 10min;
  app = std::make_unique<postgresql_app>(io.get_executor(), pool, settings);
  people->run("INSERT INTO customer(id, name) SELECT i, 'x' FROM generate_series(1, 9) i");
  chunk_request request;
  request.table = "customer";
  request.key = {0};
  request.limit = 3;
  request.copy = 1;
  auto const first = wait(app->read_chunk(request));
  ASSERT_TRUE(first) << to_string(first.error());
  people->run("INSERT INTO customer(id, name) VALUES(10, 'x')");
  request.after = row_values{value::of_int64(3)};
  auto const second = wait(app->read_chunk(request));
  ASSERT_TRUE(second);
  EXPECT_EQ(first->snapshot, second->snapshot);
  people->run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'");
  request.after = row_values{value::of_int64(6)};
  request.limit = 10;
  auto const third = wait(app->read_chunk(request));
  ASSERT_TRUE(third) << to_string(third.error());
  EXPECT_EQ(4U, third->rows.size());
  EXPECT_TRUE(third->last);
  EXPECT_LT(first->snapshot, third->snapshot);
}

TEST_F(PostgresqlApp, ChunksOfLargeRowsHoldFewOfThem) {
  people->run(
      "INSERT INTO customer(id, name) SELECT i, repeat('x', 3000000) FROM generate_series(1, 10) "
      "i");
  chunk_request request;
  request.table = "customer";
  request.key = {0};
  request.limit = 1000;
  request.copy = 1;
  std::size_t rows = 0;
  for (bool last = false; !last;) {
    auto const some = wait(app->read_chunk(request));
    ASSERT_TRUE(some) << to_string(some.error());
    EXPECT_LE(some->rows.size(), 3U);
    rows += some->rows.size();
    last = some->last;
    if (!last) request.after = row_values{some->rows.back()[0]};
  }
  EXPECT_EQ(10U, rows);
}

TEST_F(PostgresqlApp, ALargeTableIsSplitIntoPartsOfAboutTheSameSize) {
  people->run("INSERT INTO customer(id, name) SELECT i, 'x' FROM generate_series(1, 100000) i");
  auto const keys = wait(app->split({"customer", {0}, 4}));
  ASSERT_TRUE(keys) << to_string(keys.error());
  ASSERT_EQ(3U, keys->size());
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(25'000.0 * static_cast<double>(i + 1), (*keys)[i][0].as_int64(), 10'000);
  // Of so many pages some are counted.
  people->run(
      "INSERT INTO customer(id, name) SELECT i, 'x' FROM generate_series(100001, 300000) i");
  EXPECT_NEAR(300'000, static_cast<double>(*wait(app->count_rows("customer"))), 30'000);
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
