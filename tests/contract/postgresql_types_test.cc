// Rows of every type of PostgreSQL, written together and as they come: what is in a column is not
// changed by the way there.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "engine/connectors/postgresql/postgresql_app.h"
#include "engine/mapping/conversion.h"
#include "tests/support/open_lane.h"
#include "tests/support/postgres_cluster.h"

namespace dualwrite::engine {
namespace {

constexpr char const* types = R"(
  CREATE TYPE mood AS ENUM ('sad', 'so, so', '"glad"');
  CREATE TYPE pair AS (a int, b text);
  CREATE DOMAIN share AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
  CREATE DOMAIN short_text AS varchar(4);
  CREATE DOMAIN many AS int[];)";

// Column and values, of which the first two differ; all rows have a third one, NULL.
constexpr char const* columns[][3] = {
    {"smallint", "-32768", "7"},
    {"bigint", "9223372036854775807", "0"},
    {"boolean", "true", "false"},
    {"real", "'NaN'", "1.1"},
    {"double precision", "'-Infinity'", "0.1"},
    {"numeric", "123456789012345678901234567890.000100", "'NaN'"},
    {"numeric(12, 2)", "1.5", "-0.01"},
    {"money", "12.34", "-1"},
    {"text", "E'a\\tb\\\\N\\n\\r\"{}'", "''"},
    {"varchar(3)", "'abc'", "'a  '"},
    {"char(5)", "'ab'", "'abcde'"},
    {"\"char\"", "'x'", "'y'"},
    {"name", "'some'", "'other'"},
    {"bit(3)", "B'101'", "B'010'"},
    {"bit varying(5)", "B'10101'", "B''"},
    {"bytea", "'\\x00ff5c22'", "''"},
    {"date", "'0044-03-15 BC'", "'infinity'"},
    {"time", "'24:00'", "'00:00:00.000001'"},
    {"time with time zone", "'10:00+02'", "'10:00-02:30'"},
    {"timestamp(3)", "'2026-02-03 04:05:06.789'", "'-infinity'"},
    {"timestamptz", "'2026-02-03 04:05:06.789123+05'", "'0001-01-01 00:00 BC'"},
    {"interval", "'1 year -2 days 03:04:05.6'", "'-1 mon'"},
    {"uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'00000000-0000-0000-0000-000000000000'"},
    {"json", "'{\"a\" :  \"\\u00e9\\\\\"}'", "'[]'"},
    {"jsonb", "'{\"b\": [1, null]}'", "'\"text\"'"},
    {"xml", "'<a b=\"c\">d</a>'", "'<e/>'"},
    {"inet", "'10.1.2.3/8'", "'::1'"},
    {"macaddr", "'08:00:2b:01:02:03'", "'00:00:00:00:00:00'"},
    {"point", "'(1,2.5)'", "'(0,0)'"},
    {"box", "'((1,2),(0,0))'", "'((3,3),(2,2))'"},
    {"int4range", "'[1,5)'", "'empty'"},
    {"int4multirange", "'{[1,3), [7,9)}'", "'{}'"},
    {"tsvector", "'a:1 b:2'", "''"},
    {"int[]", "'{1,NULL,3}'", "'{{1,2},{3,4}}'"},
    {"text[]", "ARRAY['a,b', '\"', E'\\\\', '', NULL]", "'{}'"},
    {"numeric(4, 1)[]", "'[2:3]={1.5,2}'", "'{NULL}'"},
    {"mood", "'so, so'", "'\"glad\"'"},
    {"mood[]", "ARRAY['sad', '\"glad\"']::mood[]", "'{}'"},
    {"pair", "'(1,\"a,b\")'", "'(,)'"},
    {"pair[]", "ARRAY[ROW(1, 'x')]::pair[]", "'{}'"},
    {"share", "99.99", "0"},
    {"share[]", "'{1.25}'", "'{}'"},
    {"short_text", "'abcd'", "'e'"},
    {"many", "'{4,5}'", "'{}'"},
};

class PostgresqlTypes : public testing::Test {
 protected:
  template <class T>
  T wait_for(async<T> work) {
    std::optional<result<T>> out;
    boost::asio::co_spawn(io_, std::move(work), [&out](std::exception_ptr, result<T> answer) {
      out = std::move(answer);
    });
    io_.restart();
    io_.run();
    EXPECT_TRUE(*out) << to_string(out->error());
    return std::move(**out);
  }
  void TearDown() override {
    app_.reset();
    pool_.join();
  }
  void run(std::string const& sql) { ASSERT_TRUE(user_.run(sql)) << user_.ask(sql); }

  // All rows of one table, as writes to another of the same shape.
  std::vector<target_write> rows_of(std::string const& from, std::string const& to) {
    auto const schema = wait_for(app_->describe(from));
    chunk_request request;
    request.table = from;
    request.key = schema.key;
    request.limit = 1000;
    std::vector<target_write> writes;
    for (auto const& row : wait_for(app_->read_chunk(request)).rows) {
      target_write one;
      one.table = to;
      one.key_columns = schema.key;
      one.key = {row[0]};
      for (std::size_t i = 0; i < row.size(); ++i) one.columns.push_back(i);
      one.values = row;
      writes.push_back(one);
    }
    return writes;
  }
  std::string apply(std::vector<target_write> writes) {
    target_batch batch;
    batch.lane = {log_id{1}, link_id{1}, direction::left_to_right, lane_id{0}};
    if (!opened_) opened_ = wait_for(open_lane(*app_, batch.lane, epoch{}));
    batch.session = opened_->session;
    batch.previous = batch_number{batches_};
    batch.batch = batch_number{++batches_};
    for (std::string const table : {"target", "sets"})
      batch.tables.push_back({table, fingerprint(wait_for(app_->describe(table)))});
    batch.outcome = [](std::span<write_result const>) { return std::string(); };
    batch.writes = std::move(writes);
    std::map<write_effect, int> counts;
    std::string out;
    for (auto const& one : wait_for(app_->apply(batch))) {
      ++counts[one.effect];
      if (one.effect == write_effect::refused) out += one.text + "\n";
    }
    for (auto const& [effect, count] : counts)
      out += fmt::format("{}:{} ", static_cast<int>(effect), count);
    return out;
  }
  static std::string counted(write_effect effect, int count) {
    return fmt::format("{}:{} ", static_cast<int>(effect), count);
  }
  std::string differences(std::string const& one, std::string const& other) {
    // As texts: some types have no equality.
    return user_.ask(
        fmt::format("(SELECT a::text FROM {0} a EXCEPT SELECT b::text FROM {1} b) "
                    "UNION ALL (SELECT b::text FROM {1} b EXCEPT SELECT a::text FROM "
                    "{0} a)",
                    one,
                    other));
  }

  std::string const url_ = postgres_cluster::shared().fresh_database("types");
  boost::asio::io_context io_{1};
  boost::asio::thread_pool pool_{2};
  postgres_user user_{url_};
  std::unique_ptr<postgresql::postgresql_app> app_ = std::make_unique<postgresql::postgresql_app>(
      io_.get_executor(), pool_, postgresql::postgresql_settings{url_});
  std::optional<lane_row> opened_;
  std::uint64_t batches_ = 0;
};

TEST_F(PostgresqlTypes, ASetWritesWhatSingleRowsWrite) {
  run(types);
  std::vector<std::string> declared{"id bigint PRIMARY KEY"};
  for (auto const& column : columns)
    declared.push_back(fmt::format("c{} {}", declared.size(), column[0]));
  for (auto const* table : {"source", "target", "sets"})
    run(fmt::format("CREATE TABLE {}({})", table, fmt::join(declared, ", ")));
  for (int row = 1; row <= 9; ++row) {
    std::vector<std::string> values{std::to_string(row)};
    for (auto const& column : columns) values.push_back(row % 3 == 0 ? "NULL" : column[row % 3]);
    run(fmt::format("INSERT INTO source VALUES({})", fmt::join(values, ", ")));
  }
  auto const singles = rows_of("source", "target");
  ASSERT_EQ(9U, singles.size());
  for (auto const& one : singles) ASSERT_EQ(counted(write_effect::inserted, 1), apply({one}));
  EXPECT_EQ("", differences("source", "target"));
  EXPECT_EQ(counted(write_effect::inserted, 9), apply(rows_of("source", "sets")));
  EXPECT_EQ("", differences("source", "sets"));
  EXPECT_EQ(counted(write_effect::equal, 9), apply(rows_of("source", "sets")));

  // Every row gets the values of the next one.
  run("CREATE TABLE moved (LIKE source INCLUDING ALL)");
  run("INSERT INTO moved SELECT * FROM source; UPDATE moved SET id = id % 9 + 101; "
      "UPDATE moved SET id = id - 100");
  EXPECT_EQ(counted(write_effect::updated, 9), apply(rows_of("moved", "sets")));
  EXPECT_EQ("", differences("moved", "sets"));
  auto gone = rows_of("moved", "sets");
  for (auto& one : gone) {
    one.kind = write_kind::remove;
    one.columns.clear();
    one.values.clear();
  }
  EXPECT_EQ(counted(write_effect::removed, 9), apply(gone));
}

TEST_F(PostgresqlTypes, AnArrayIsOneOfItsElements) {
  run(types);
  run("CREATE TABLE source(id int PRIMARY KEY, i int[], t varchar(4)[], n numeric(4,1)[], m "
      "mood[], "
      "d many, c char(2)[], s share[], p pair[], v int2vector, b bytea[], z timestamptz(0)[])");
  run("INSERT INTO source VALUES(1, '{{1,NULL},{3,4}}', '{\"a,b\",\"\",NULL,\"NULL\"}', '{1.5}', "
      "'{sad,\"so, so\"}', '{}', '{a}', '{1.25}', '{}', '1 2', '{\"\\\\x00ff\"}', "
      "'{2026-01-01 00:00:00+00}'), (2, '[0:1]={1,2}', NULL, '{}', '{}', NULL, '{}', '{}', '{}', "
      "'1', '{}', '{294276-01-01 00:00:00+00}')");
  auto const schema = wait_for(app_->describe("source"));
  std::vector<std::string> declared;
  for (auto const& one : schema.columns) declared.push_back(print_type(one));
  EXPECT_EQ(
      "int64, array of int64, array of text(4), array of decimal(4,1), array of enumeration "
      "mood[], array of int64, array of text(2, padded), opaque share[], opaque pair[], opaque "
      "int2vector, array "
      "of bytes, array of timestamp_tz(0)",
      fmt::format("{}", fmt::join(declared, ", ")));
  auto const rows = rows_of("source", "target");
  EXPECT_EQ("{{1, NULL}, {3, 4}}", to_string(rows[0].values[1]));
  EXPECT_EQ("{a,b, , NULL, NULL}", to_string(rows[0].values[2]));
  EXPECT_TRUE(rows[0].values[2].as_array()[2].is_null());
  EXPECT_EQ(value_type::opaque, rows[1].values[1].type());
  EXPECT_EQ(value_type::opaque, rows[1].values[11].type());
}

// What PostgreSQL would round, cut or fill up would come back to the source as its new value.
TEST_F(PostgresqlTypes, APairThatLosesIsToldApartFromOneThatDoesNot) {
  constexpr char const* pairs[][2] = {
      {"timestamptz", "timestamptz(0)"},
      {"timestamp", "timestamp(3)"},
      {"timestamp(6)", "timestamp(5)"},
      {"time", "time(0)"},
      {"interval", "interval(0)"},
      {"interval", "interval year"},
      {"interval day to minute", "interval day"},
      {"interval year", "interval(6)"},
      {"float8", "float4"},
      {"json", "jsonb"},
      {"text", "name"},
      {"text", "\"char\""},
      {"text", "char(5)"},
      {"varchar(5)", "char(5)"},
      {"char(5)", "varchar(5)"},
      {"char(4)", "char(5)"},
      {"text", "varchar(5)"},
      {"tiny", "char(3)"},
      {"numeric(7,3)", "numeric(7,2)"},
  };
  run("CREATE DOMAIN tiny AS char(3)");
  std::string lossy;
  for (auto const& pair : pairs) {
    run(fmt::format("CREATE TABLE one(id int PRIMARY KEY, a {}, b {})", pair[0], pair[1]));
    auto const columns_of_one = wait_for(app_->describe("one")).columns;
    auto const told = [&](std::size_t from, std::size_t to) {
      auto const how = fit_between(columns_of_one[from], columns_of_one[to]);
      if (how == fit::loses) lossy += fmt::format("{} -> {}\n", pair[from - 1], pair[to - 1]);
    };
    told(1, 2);
    told(2, 1);
    EXPECT_NE(fit::loses, fit_between(columns_of_one[1], columns_of_one[1])) << pair[0];
    EXPECT_NE(fit::loses, fit_between(columns_of_one[2], columns_of_one[2])) << pair[1];
    run("DROP TABLE one");
  }
  EXPECT_EQ(
      "timestamptz -> timestamptz(0)\ntimestamp -> timestamp(3)\ntimestamp(6) -> timestamp(5)\n"
      "time -> time(0)\ninterval -> interval(0)\ninterval -> interval year\n"
      "interval day to minute -> interval day\ninterval(6) -> interval year\n"
      "float8 -> float4\njson -> jsonb\ntext -> name\ntext -> \"char\"\ntext -> char(5)\n"
      "varchar(5) -> char(5)\nvarchar(5) -> char(5)\nchar(4) -> char(5)\nchar(5) -> char(4)\n"
      "numeric(7,3) -> numeric(7,2)\n",
      lossy);
}

}  // namespace
}  // namespace dualwrite::engine
