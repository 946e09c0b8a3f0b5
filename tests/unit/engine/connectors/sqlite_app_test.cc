// SQLite files behind the ports: what is captured, what is written, what is noticed.
#include "engine/connectors/sqlite/sqlite_app.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "events/row_image.h"

namespace dualwrite::engine::sqlite {
namespace {

using namespace std::chrono_literals;

// A folder that goes with the test.
class folder {
 public:
  folder() {
    auto name = (std::filesystem::temp_directory_path() / "dualwrite-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

// Somebody else who works with the file.
class user {
 public:
  explicit user(std::filesystem::path const& file) {
    EXPECT_EQ(SQLITE_OK, sqlite3_open(file.c_str(), &handle_));
  }
  ~user() { sqlite3_close(handle_); }
  bool run(std::string const& sql) {
    return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  std::string ask(std::string const& sql) {
    std::string out;
    auto take = [](void* to, int count, char** values, char**) {
      auto& text = *static_cast<std::string*>(to);
      if (!text.empty()) text += ";";
      for (int i = 0; i < count; ++i)
        text += (i == 0 ? "" : "|") + std::string(values[i] == nullptr ? "NULL" : values[i]);
      return 0;
    };
    sqlite3_exec(handle_, sql.c_str(), take, &out, nullptr);
    return out;
  }

 private:
  sqlite3* handle_ = nullptr;
};

class SqliteApp : public testing::Test {
 protected:
  SqliteApp() : file(home.path / "app.db"), people(file) {
    EXPECT_TRUE(people.run(
        "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, "
        "amount DECIMAL(12,2), photo BLOB)"));
    restart();
  }
  ~SqliteApp() override { pool.join(); }

  void restart() {
    app = std::make_unique<sqlite_app>(
        io.get_executor(), pool, sqlite_settings{file, 1ms, 200ms, 1000});
  }

  template <class T>
  result<T> wait(async<T> what) {
    std::optional<result<T>> out;
    auto run = [&]() -> boost::asio::awaitable<void> { out = co_await std::move(what); };
    boost::asio::co_spawn(io, run, boost::asio::detached);
    io.restart();
    io.run();
    return out.value_or(error{error_code::stopped});
  }

  source_position capture(std::optional<source_position> after = std::nullopt) {
    auto const at = wait(app->open_capture({"customer"}, after));
    EXPECT_TRUE(at) << to_string(at.error());
    return at ? *at : source_position{};
  }
  std::vector<captured_transaction> captured() {
    auto out = wait(app->next(100, 1ms));
    EXPECT_TRUE(out) << to_string(out.error());
    return out ? std::move(*out) : std::vector<captured_transaction>{};
  }
  // "+(1,Ann,NULL)" and the like, transactions parted by "/".
  static std::string show(std::vector<captured_transaction> const& all) {
    std::string out;
    for (auto const& one : all) {
      if (!out.empty()) out += "/";
      if (one.mark) out += fmt::format("batch{} ", one.mark->batch.value);
      for (auto const& row : one.rows) {
        out += row.op == operation::insert ? "+" : row.op == operation::update ? "~" : "-";
        auto const values = decode_row(row.op == operation::remove ? row.before : row.after);
        out += "(" + to_string((*values)[0]) + "," + to_string((*values)[1]) + ")";
      }
    }
    return out;
  }

  target_write write(std::int64_t id, std::string name, write_kind kind = write_kind::upsert) {
    target_write out;
    out.kind = kind;
    out.table = "customer";
    out.key_columns = {0};
    out.key = {value::of_int64(id)};
    if (kind == write_kind::remove) return out;
    out.columns = {0, 1};
    out.values = {value::of_int64(id), value::of_text(std::move(name))};
    return out;
  }
  std::vector<write_effect> apply(std::vector<target_write> writes) {
    lane_key const lane{log_id{9}, link_id{4}, direction::left_to_right, lane_id{0}};
    if (!opened) {
      auto row = wait(app->open_lane(lane, epoch{}));
      EXPECT_TRUE(row) << to_string(row.error());
      opened = *row;
    }
    target_batch batch;
    batch.lane = lane;
    batch.session = opened->session;
    batch.previous = opened->batch;
    batch.batch = batch_number{opened->batch.value + 1};
    batch.position = sequence{opened->batch.value * 10 + 10};
    batch.writes = std::move(writes);
    batch.outcome = [](std::span<write_result const> all) { return std::to_string(all.size()); };
    auto const done = wait(app->apply(batch));
    EXPECT_TRUE(done) << to_string(done.error());
    if (!done) return {};
    opened->batch = batch.batch;
    results = *done;
    std::vector<write_effect> effects;
    for (auto const& one : results) effects.push_back(one.effect);
    return effects;
  }

  folder home;
  std::filesystem::path file;
  user people;
  boost::asio::io_context io{1};
  boost::asio::thread_pool pool{2};
  std::unique_ptr<sqlite_app> app;
  std::optional<lane_row> opened;
  std::vector<write_result> results;
};

TEST_F(SqliteApp, DescribesItsTables) {
  auto const schema = wait(app->describe("customer"));
  ASSERT_TRUE(schema);
  EXPECT_EQ((std::vector<std::size_t>{0}), schema->key);
  EXPECT_EQ(value_type::int64, schema->columns[0].type);
  EXPECT_EQ(value_type::decimal, schema->columns[3].type);
  EXPECT_EQ(value_type::bytes, schema->columns[4].type);
  EXPECT_FALSE(schema->columns[1].nullable);
  EXPECT_EQ(error_code::table_missing, wait(app->describe("nobody")).error().code);
}

TEST_F(SqliteApp, GivesWhatIsWrittenInItsOrder) {
  capture();
  people.run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
  people.run("UPDATE customer SET name = 'Ann B.' WHERE id = 1");
  people.run("DELETE FROM customer WHERE id = 2");
  EXPECT_EQ("+(1,Ann)+(2,Bob)~(1,Ann B.)-(2,Bob)", show(captured()));
  EXPECT_EQ("", show(captured()));
}

TEST_F(SqliteApp, GivesNothingThatWasRolledBack) {
  capture();
  people.run("BEGIN; INSERT INTO customer(id, name) VALUES(1, 'Ann'); ROLLBACK");
  EXPECT_EQ("", show(captured()));
}

TEST_F(SqliteApp, GoesOnBehindAPosition) {
  capture();
  people.run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  auto const at = captured().back().position;
  people.run("INSERT INTO customer(id, name) VALUES(2, 'Bob')");
  restart();
  capture(at);
  EXPECT_EQ("+(2,Bob)", show(captured()));
}

TEST_F(SqliteApp, ForgetsWhatWasAcknowledgedButItsLast) {
  capture();
  for (int i = 0; i < 5; ++i)
    people.run(fmt::format("INSERT INTO customer(id, name) VALUES({}, 'x')", i));
  auto const at = captured().back().position;
  ASSERT_TRUE(wait(app->acknowledge(at)));
  EXPECT_EQ("1", people.ask("SELECT count(*) FROM _dualwrite_change"));
  restart();
  capture(at);
}

TEST_F(SqliteApp, KeepsValuesExact) {
  capture();
  people.run(
      "INSERT INTO customer VALUES(9223372036854775807, 'Zoë ''quoted'', 東京', NULL, 10.25, "
      "X'00ff27')");
  people.run("INSERT INTO customer VALUES(-9223372036854775808, '', 'a@b', 12345678901234, NULL)");
  auto const rows = captured().front().rows;
  auto const first = *decode_row(rows[0].after);
  EXPECT_EQ(std::numeric_limits<std::int64_t>::max(), first[0].as_int64());
  EXPECT_EQ("Zoë 'quoted', 東京", first[1].as_string());
  EXPECT_TRUE(first[2].is_null());
  EXPECT_EQ(*decimal::parse("10.25"), first[3].as_decimal());
  EXPECT_EQ(std::string("\0\xff'", 3), first[4].as_string());
  auto const second = *decode_row(rows[1].after);
  EXPECT_EQ(std::numeric_limits<std::int64_t>::min(), second[0].as_int64());
  EXPECT_EQ(*decimal::parse("12345678901234"), second[3].as_decimal());
}

TEST_F(SqliteApp, TellsARowThatReplaceDisplaced) {
  people.run("INSERT INTO customer(id, name, email) VALUES(1, 'Ann', 'x@y'), (2, 'Bob', 'b@y')");
  capture();
  people.run("INSERT OR REPLACE INTO customer(id, name, email) VALUES(3, 'Cy', 'x@y')");
  EXPECT_EQ("-(1,Ann)+(3,Cy)", show(captured()));
  people.run("INSERT OR IGNORE INTO customer(id, name, email) VALUES(4, 'Di', 'x@y')");
  EXPECT_EQ("", show(captured()));
  people.run(
      "INSERT INTO customer(id, name, email) VALUES(4, 'Di', 'x@y') "
      "ON CONFLICT(email) DO UPDATE SET name = 'Cyd'");
  EXPECT_EQ("~(3,Cyd)", show(captured()));
  people.run("UPDATE OR REPLACE customer SET email = 'x@y' WHERE id = 2");
  EXPECT_EQ("-(3,Cyd)~(2,Bob)", show(captured()));
  people.run("INSERT OR REPLACE INTO customer(id, name, email) VALUES(2, 'Bo', 'x@y')");
  EXPECT_EQ("+(2,Bo)", show(captured()));
}

TEST_F(SqliteApp, NoticesThatItsTriggersAreGone) {
  capture();
  people.run("DROP TRIGGER _dualwrite_customer_update");
  EXPECT_EQ(error_code::source_rewound, wait(app->next(100, 1ms)).error().code);
}

TEST_F(SqliteApp, NoticesARebuiltTable) {
  auto const at = capture();
  people.run("DROP TABLE customer; CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT)");
  EXPECT_EQ(error_code::source_rewound, wait(app->next(100, 1ms)).error().code);
  restart();
  EXPECT_EQ(error_code::source_rewound, wait(app->open_capture({"customer"}, at)).error().code);
}

TEST_F(SqliteApp, NoticesAnotherFileUnderItsPath) {
  auto const at = capture();
  std::filesystem::rename(file, home.path / "old.db");
  user others(file);
  others.run("CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT)");
  EXPECT_EQ(error_code::app_unreachable, wait(app->next(100, 1ms)).error().code);
  EXPECT_EQ(error_code::source_rewound, wait(app->open_capture({"customer"}, at)).error().code);
}

TEST_F(SqliteApp, GoesOnWhereItsFileWasAwayForAWhile) {
  auto const at = capture();
  people.run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  std::filesystem::rename(file, home.path / "away.db");
  EXPECT_EQ(error_code::app_unreachable, wait(app->next(100, 1ms)).error().code);
  EXPECT_EQ(error_code::app_unreachable, wait(app->open_capture({"customer"}, at)).error().code);
  std::filesystem::rename(home.path / "away.db", file);
  capture(at);
  EXPECT_EQ("+(1,Ann)", show(captured()));
}

TEST_F(SqliteApp, NoticesAFileThatWasSetBack) {
  capture();
  people.run("VACUUM INTO '" + (home.path / "backup.db").string() + "'");
  people.run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  auto const at = captured().back().position;
  sqlite_app restored(io.get_executor(), pool, sqlite_settings{home.path / "backup.db"});
  EXPECT_EQ(error_code::source_rewound, wait(restored.open_capture({"customer"}, at)).error().code);
}

TEST_F(SqliteApp, ReadsChunksInKeyOrderWithTheirPosition) {
  auto const start = capture();
  people.run("INSERT INTO customer(id, name) VALUES(3, 'c'), (1, 'a'), (2, 'b')");
  chunk_request request;
  request.table = "customer";
  request.key = {0};
  request.limit = 2;
  auto const first = wait(app->read_chunk(request));
  ASSERT_TRUE(first);
  ASSERT_EQ(2U, first->rows.size());
  EXPECT_EQ(1, first->rows[0][0].as_int64());
  EXPECT_LT(start.commit, first->snapshot.commit);
  request.after = row_values{value::of_int64(2)};
  auto const second = wait(app->read_chunk(request));
  ASSERT_EQ(1U, second->rows.size());
  EXPECT_EQ(3, second->rows[0][0].as_int64());
  request.only = row_values{value::of_int64(2)};
  EXPECT_EQ("b", wait(app->read_chunk(request))->rows.at(0)[1].as_string());
}

TEST_F(SqliteApp, SaysWhatBecameOfEachWrite) {
  people.run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
  auto const effects = apply({write(1, "Ann"),
                              write(2, "Rob"),
                              write(3, "Cy"),
                              write(1, "Other", write_kind::insert_if_absent),
                              write(9, "Nobody", write_kind::update),
                              write(2, "", write_kind::remove),
                              write(8, "", write_kind::remove)});
  EXPECT_EQ((std::vector{write_effect::equal,
                         write_effect::updated,
                         write_effect::inserted,
                         write_effect::kept,
                         write_effect::missing,
                         write_effect::removed,
                         write_effect::equal}),
            effects);
  EXPECT_EQ("1|Ann;3|Cy", people.ask("SELECT id, name FROM customer"));
}

TEST_F(SqliteApp, ARefusedRowLeavesNoTraceAndTheOthersAreWritten) {
  people.run(
      "CREATE TABLE seen(id); CREATE TRIGGER rule BEFORE INSERT ON customer WHEN NEW.name LIKE "
      "'bad%' "
      "BEGIN INSERT INTO seen VALUES(NEW.id); SELECT RAISE(ABORT, 'no bad names'); END");
  auto const effects = apply({write(1, "good"), write(2, "bad"), write(3, "good too")});
  EXPECT_EQ((std::vector{write_effect::inserted, write_effect::refused, write_effect::inserted}),
            effects);
  EXPECT_EQ("no bad names", results[1].text);
  EXPECT_EQ("SQLITE_CONSTRAINT_TRIGGER", results[1].code);
  EXPECT_EQ(fault_class::application, results[1].kind);
  EXPECT_EQ("0", people.ask("SELECT count(*) FROM seen"));
  EXPECT_EQ("1;3", people.ask("SELECT id FROM customer"));
}

TEST_F(SqliteApp, ARuleThatRollsBackEverythingCostsItsOwnRowOnly) {
  people.run(
      "CREATE TRIGGER rule BEFORE INSERT ON customer WHEN NEW.name = 'bad' BEGIN SELECT "
      "RAISE(ROLLBACK, 'out'); END");
  auto const effects = apply({write(1, "good"), write(2, "bad"), write(3, "good too")});
  EXPECT_EQ((std::vector{write_effect::inserted, write_effect::refused, write_effect::inserted}),
            effects);
  EXPECT_EQ("1;3", people.ask("SELECT id FROM customer"));
}

TEST_F(SqliteApp, AConstraintNamesItsColumn) {
  auto nameless = write(1, "");
  nameless.values[1] = value::null();
  apply({nameless});
  EXPECT_EQ("name", results[0].column);
  EXPECT_EQ("SQLITE_CONSTRAINT_NOTNULL", results[0].code);
}

TEST_F(SqliteApp, AMissingReferenceNamesTheRow) {
  people.run(
      "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer(id))");
  for (auto const* deferred : {"", " DEFERRABLE INITIALLY DEFERRED"}) {
    people.run(
        fmt::format("DROP TABLE orders; CREATE TABLE orders(id INTEGER PRIMARY KEY, "
                    "customer INTEGER REFERENCES customer(id){})",
                    deferred));
    opened.reset();
    target_write order;
    order.table = "orders";
    order.key_columns = {0};
    order.key = {value::of_int64(1)};
    order.columns = {0, 1};
    order.values = {value::of_int64(1), value::of_int64(77)};
    auto const effects = apply({write(5, "x"), order});
    EXPECT_EQ(write_effect::refused, effects.at(1)) << deferred;
    ASSERT_TRUE(results[1].references) << deferred;
    EXPECT_EQ("customer", results[1].references->table);
    EXPECT_EQ(77, results[1].references->values.at(0).as_int64());
  }
}

TEST_F(SqliteApp, AllOfAGroupIsRefusedWhereItAsksForThat) {
  auto one = write(1, "Ann");
  auto two = write(2, "Bob");
  two.values[1] = value::null();
  one.group = two.group = 7;
  one.whole_group = two.whole_group = true;
  EXPECT_EQ((std::vector{write_effect::refused, write_effect::refused, write_effect::inserted}),
            apply({one, two, write(3, "Cy")}));
  EXPECT_EQ("3", people.ask("SELECT id FROM customer"));
}

TEST_F(SqliteApp, WhatStandsBehindARefusedWriteIsHeld) {
  auto head = write(1, "");
  head.values[1] = value::null();
  auto tail = write(1, "later", write_kind::update);
  tail.behind = 0;
  EXPECT_EQ((std::vector{write_effect::refused, write_effect::held}), apply({head, tail}));
}

TEST_F(SqliteApp, OurBatchComesBackMarkedAndByItself) {
  capture();
  people.run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  apply({write(2, "Bob")});
  people.run("INSERT INTO customer(id, name) VALUES(3, 'Cy')");
  EXPECT_EQ("+(1,Ann)/batch1 +(2,Bob)/+(3,Cy)", show(captured()));
  apply({write(2, "Bob")});
  EXPECT_EQ("batch2 ", show(captured()));
}

TEST_F(SqliteApp, ABatchIsWrittenOnceAndByOneSession) {
  apply({write(1, "Ann")});
  auto const before = *opened;
  opened->batch = batch_number{0};
  target_batch again;
  again.lane = {log_id{9}, link_id{4}, direction::left_to_right, lane_id{0}};
  again.session = before.session;
  again.previous = batch_number{0};
  again.batch = batch_number{1};
  again.outcome = [](auto) { return std::string{}; };
  EXPECT_EQ(error_code::lane_fenced, wait(app->apply(again)).error().code);
  auto const row = wait(app->open_lane(again.lane, epoch{}));
  EXPECT_EQ(batch_number{1}, row->batch);
  EXPECT_EQ("1", row->outcome);
  EXPECT_GT(row->session, before.session);
  again.previous = batch_number{1};
  again.batch = batch_number{2};
  EXPECT_EQ(error_code::lane_fenced, wait(app->apply(again)).error().code);
}

TEST_F(SqliteApp, AKeyIsChangedInPlace) {
  people.run("INSERT INTO customer(id, name, email) VALUES(1, 'Ann', 'a@b')");
  auto moved = write(5, "Ann");
  moved.old_key = row_values{value::of_int64(1)};
  EXPECT_EQ((std::vector{write_effect::updated}), apply({moved}));
  EXPECT_EQ("5|Ann|a@b", people.ask("SELECT id, name, email FROM customer"));
}

TEST_F(SqliteApp, ADecimalThatWouldBeRoundedIsRefused) {
  auto rich = write(1, "Ann");
  rich.columns.push_back(3);
  rich.values.push_back(value::of_decimal(*decimal::parse("12345678901234567.89")));
  EXPECT_EQ((std::vector{write_effect::refused}), apply({rich}));
  EXPECT_EQ(fault_class::bad_request, results[0].kind);
}

TEST_F(SqliteApp, ABusyFileIsBusyAndAMissingOneUnreachable) {
  ASSERT_TRUE(wait(app->open_lane({log_id{1}, link_id{1}, {}, {}}, epoch{})));
  people.run("BEGIN IMMEDIATE");
  EXPECT_EQ(error_code::app_busy,
            wait(app->open_lane({log_id{1}, link_id{1}, {}, {}}, epoch{})).error().code);
  people.run("ROLLBACK");
  sqlite_app missing(io.get_executor(), pool, sqlite_settings{home.path / "none.db"});
  EXPECT_EQ(error_code::app_unreachable, wait(missing.check()).error().code);
}

TEST_F(SqliteApp, ADamagedFileIsCalledDamaged) {
  auto const path = home.path / "damaged.db";
  FILE* out = std::fopen(path.c_str(), "w");
  for (int i = 0; i < 2000; ++i) std::fputs("not a database", out);
  std::fclose(out);
  sqlite_app damaged(io.get_executor(), pool, sqlite_settings{path});
  EXPECT_EQ(error_code::app_damaged, wait(damaged.check()).error().code);
}

TEST_F(SqliteApp, TakesOutWhatItPutIn) {
  capture();
  apply({write(1, "Ann")});
  ASSERT_TRUE(wait(app->detach()));
  EXPECT_EQ("customer", people.ask("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"));
}

}  // namespace
}  // namespace dualwrite::engine::sqlite
