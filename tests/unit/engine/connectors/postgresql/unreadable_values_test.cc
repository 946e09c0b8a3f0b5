// A value that stands for more than we keep of its type, or is not of the type that its column has
// by now, comes as it is written: neither the capture nor a copy ends by it.
#include <gtest/gtest.h>

#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

constexpr char const* late = "294276-12-31 23:59:59";

class UnreadableValues : public PostgresqlApp {
 protected:
  static std::string types_of(row_values const& row) {
    std::string out;
    for (auto const& one : row)
      out += fmt::format("{}{}", out.empty() ? "" : " ", name_of(one.type()));
    return out;
  }
  // The first chunk of a copy, by the first column.
  std::vector<row_values> copied(std::size_t limit) {
    chunk_request request;
    request.table = "thing";
    request.key = {0};
    request.limit = limit;
    auto read = wait(app->read_chunk(request));
    EXPECT_TRUE(read) << to_string(read.error());
    return read ? std::move(read->rows) : std::vector<row_values>{};
  }
};

TEST_F(UnreadableValues, AreCapturedAndCopiedAsTheyAreWritten) {
  people->run("CREATE TABLE thing(id int PRIMARY KEY, t timestamp, z timestamptz)");
  capture(std::nullopt, {"thing"});
  people->run(
      fmt::format("INSERT INTO thing VALUES(1, '{0}', '{0}+00'), (2, 'infinity', NULL)", late));
  auto const all = captured(1);
  ASSERT_EQ(1U, all.size());
  auto const row = *decode_row(all.front().rows.at(0).after);
  EXPECT_EQ("int64 opaque opaque", types_of(row));
  EXPECT_EQ(late, row[1].as_string());
  auto const read = copied(10);
  ASSERT_EQ(2U, read.size());
  EXPECT_EQ(row, read[0]);
  EXPECT_EQ("int64 timestamp null", types_of(read[1]));
}

TEST_F(UnreadableValues, AreWrittenOver) {
  people->run("CREATE TABLE thing(id int PRIMARY KEY, t timestamp)");
  people->run(fmt::format("INSERT INTO thing SELECT i, '{}' FROM generate_series(1, 4) i", late));
  std::vector<target_write> writes;
  for (int id = 1; id <= 4; ++id) {
    auto one = write(id, "");
    one.table = "thing";
    one.values[1] = value::of_timestamp(id);
    writes.push_back(one);
  }
  EXPECT_EQ((std::vector{write_effect::updated}), apply({writes.back()}));
  writes.pop_back();
  EXPECT_EQ((std::vector(3, write_effect::updated)), apply(writes));
  EXPECT_EQ("4", people->ask("SELECT count(*) FROM thing WHERE t < '1971-01-01'"));
}

TEST_F(UnreadableValues, OfAColumnThatHasAnotherTypeByNowDoNotEndTheCapture) {
  people->run("ALTER TABLE customer ADD rank text, ADD active text");
  auto const at = capture();
  people->run("INSERT INTO customer(id, name, rank, active) VALUES(1, 'Ann', 'abc', 'abc')");
  people->run(
      "ALTER TABLE customer ALTER rank TYPE int USING length(rank), "
      "ALTER active TYPE boolean USING true");
  people->run("INSERT INTO customer(id, name, rank, active) VALUES(2, 'Bob', 7, true)");
  restart();
  capture(at);
  auto const all = captured(2);
  ASSERT_EQ(2U, all.size());
  EXPECT_EQ("int64 text null null null opaque opaque",
            types_of(*decode_row(all[0].rows.at(0).after)));
  EXPECT_EQ("int64 text null null null int64 boolean",
            types_of(*decode_row(all[1].rows.at(0).after)));
}

// A server that does not know what its bytes stand for keeps any, and tells them as they are.
TEST_F(UnreadableValues, ThatAreNoTextEndNeitherCaptureNorCopy) {
  people->run("DROP DATABASE IF EXISTS bytes WITH (FORCE)");
  people->run(
      "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
  url = postgres_cluster::shared().url("bytes");
  people = std::make_unique<postgres_user>(url);
  people->run("CREATE TABLE thing(id int PRIMARY KEY, t text, a text[])");
  restart();
  capture(std::nullopt, {"thing"});
  people->run(
      "INSERT INTO thing VALUES(1, E'M\\374ller', ARRAY[E'\\374']), (2, 'Müller', '{Müller}')");
  auto const all = captured(1);
  ASSERT_EQ(1U, all.size());
  auto const row = *decode_row(all.front().rows.at(0).after);
  EXPECT_EQ("int64 opaque opaque", types_of(row));
  EXPECT_EQ("M\374ller", row[1].as_string());
  auto const good = *decode_row(all.front().rows.at(1).after);
  EXPECT_EQ("int64 text array", types_of(good));
  EXPECT_EQ((std::vector{row, good}), copied(10));
}

// The next chunk begins behind the last key of this one.
TEST_F(UnreadableValues, OfAKeyAreInOneChunk) {
  people->run("CREATE TABLE thing(t timestamp PRIMARY KEY)");
  people->run(
      fmt::format("INSERT INTO thing VALUES('2026-01-01'), ('infinity'), ('2027-01-01'); "
                  "INSERT INTO thing SELECT timestamp '{}' - i * interval '1 day' "
                  "FROM generate_series(1, 5) i",
                  late));
  auto const read = copied(3);
  ASSERT_EQ(8U, read.size());
  EXPECT_EQ(time_infinity, read.back()[0].as_us());
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
