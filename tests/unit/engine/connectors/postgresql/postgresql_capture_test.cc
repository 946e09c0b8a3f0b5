// PostgreSQL behind the ports: what is captured, what is read, what is noticed.
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

TEST_F(PostgresqlApp, GivesWhatIsCommittedInItsOrder) {
  capture();
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
  people->run("BEGIN; INSERT INTO customer(id, name) VALUES(3, 'Cy'); ROLLBACK");
  people->run("UPDATE customer SET name = 'Ann B.' WHERE id = 1");
  people->run("DELETE FROM customer WHERE id = 2");
  EXPECT_EQ("+(1,Ann)+(2,Bob)/~(1,Ann B.)/-(2,NULL)", [&] {
    auto all = captured(3);
    auto text = show(all);
    // What a delete does not say of its row is `unchanged`.
    auto const before = decode_row(all.back().rows.front().before);
    EXPECT_TRUE((*before)[1].is_unchanged());
    auto const at = text.rfind("-(2,");
    return text.substr(0, at) + "-(2,NULL)";
  }());
}

TEST_F(PostgresqlApp, GoesOnBehindAPosition) {
  capture();
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  auto const at = captured(1).back().position;
  people->run("INSERT INTO customer(id, name) VALUES(2, 'Bob')");
  restart();
  capture(at);
  EXPECT_EQ("+(2,Bob)", show(captured(1)));
}

TEST_F(PostgresqlApp, GivesAgainWhatWasNotAcknowledged) {
  auto const start = capture();
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  people->run("INSERT INTO customer(id, name) VALUES(2, 'Bob')");
  auto const all = captured(2);
  EXPECT_TRUE(wait(app->acknowledge(all.front().position)));
  restart();
  capture(all.front().position);
  EXPECT_EQ("+(2,Bob)", show(captured(1)));
  EXPECT_LT(start, all.front().position);
  EXPECT_LT(all.front().position, all.back().position);
}

TEST_F(PostgresqlApp, TellsHowFarTheCaptureIsBehind) {
  auto const unknown = wait(app->lag());
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(*unknown) << "nothing is captured";
  capture();
  people->run(
      "INSERT INTO customer(id, name) SELECT i, repeat('x', 1000) FROM generate_series(1, "
      "500) i");
  auto const behind = wait(app->lag());
  ASSERT_TRUE(behind && *behind);
  EXPECT_GT((*behind)->bytes, 500'000u);
  people->run("DELETE FROM customer");
  auto const first = wait(app->next(1, 10s));
  ASSERT_TRUE(first && first->size() == 1);
  auto const reading = wait(app->lag());
  ASSERT_TRUE(reading && *reading);
  EXPECT_EQ(first->front().committed_at, (*reading)->reading);
  EXPECT_TRUE(wait(app->acknowledge(captured(1).back().position)));
  for (auto bytes = (*behind)->bytes; bytes > 100'000;) {
    EXPECT_TRUE(wait(app->next(100, 10ms))->empty());
    auto const now = wait(app->lag());
    ASSERT_TRUE(now && *now);
    EXPECT_FALSE((*now)->reading);
    bytes = (*now)->bytes;
  }
}

TEST_F(PostgresqlApp, MarksWhatALaneWrote) {
  capture();
  apply({write(1, "Ann"), write(2, "Bob")});
  people->run("UPDATE customer SET name = 'Anna' WHERE id = 1");
  auto const all = captured(2);
  EXPECT_EQ("batch1 +(1,Ann)+(2,Bob)/~(1,Anna)", show(all));
  EXPECT_EQ(lane, all.front().mark->lane);
  EXPECT_EQ(opened->session, all.front().mark->session);
}

TEST_F(PostgresqlApp, GivesABatchThatWroteNothing) {
  capture();
  apply({});
  EXPECT_EQ("batch1 ", show(captured(1)));
}

TEST_F(PostgresqlApp, AKeyThatChangedSaysWhatItWas) {
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  capture();
  people->run("UPDATE customer SET id = 2");
  auto const row = captured(1).front().rows.front();
  EXPECT_EQ(1, (*decode_row(row.before))[0].as_int64());
  EXPECT_TRUE((*decode_row(row.before))[1].is_unchanged());
  EXPECT_EQ(2, (*decode_row(row.after))[0].as_int64());
}

TEST_F(PostgresqlApp, AnUpdateFromBeforeAColumnWasRenamedIsGivenAsARowThatLacksIt) {
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
  auto const at = capture();
  people->run("UPDATE customer SET name = 'Anna' WHERE id = 1");
  people->run("UPDATE customer SET id = 3 WHERE id = 2");
  people->run("ALTER TABLE customer RENAME name TO fullname");
  people->run("UPDATE customer SET fullname = 'Annika' WHERE id = 1");
  restart();
  capture(at);
  auto const all = captured(3);
  ASSERT_EQ(3U, all.size());
  auto const& first = all[0].rows.front();
  EXPECT_EQ(operation::insert, first.op);
  EXPECT_TRUE((*decode_row(first.after))[1].is_unchanged());
  ASSERT_EQ(2U, all[1].rows.size());
  EXPECT_EQ(operation::remove, all[1].rows[0].op);
  EXPECT_EQ(2, (*decode_row(all[1].rows[0].before))[0].as_int64());
  EXPECT_EQ(operation::insert, all[1].rows[1].op);
  EXPECT_EQ(operation::update, all[2].rows.front().op);
  EXPECT_EQ("Annika", (*decode_row(all[2].rows.front().after))[1].as_string());
}

TEST_F(PostgresqlApp, ALongValueThatDidNotChangeIsNotSentUnlessTheRowIsWhole) {
  people->run("ALTER TABLE customer ALTER photo SET STORAGE EXTERNAL");
  people->run(
      "INSERT INTO customer(id, name, photo) SELECT 1, 'Ann', decode(repeat('ab', 9000), "
      "'hex')");
  capture();
  people->run("UPDATE customer SET name = 'Anna'");
  EXPECT_TRUE((*decode_row(captured(1).front().rows.front().after))[4].is_unchanged());
  people->run("ALTER TABLE customer REPLICA IDENTITY FULL");
  people->run("UPDATE customer SET name = 'Annika'");
  auto const row = captured(1).front().rows.front();
  EXPECT_EQ(9000U, (*decode_row(row.after))[4].as_string().size());
  EXPECT_EQ("Anna", (*decode_row(row.before))[1].as_string());
}

TEST_F(PostgresqlApp, KeepsValuesExact) {
  people->run(
      "CREATE TYPE mood AS ENUM('sad', 'glad'); CREATE TABLE thing(id int PRIMARY KEY, n numeric, "
      "f float8, t timestamptz, d date, u uuid, b bytea, o boolean, j jsonb, m mood, i interval, "
      "l text, s timestamp, a int[])");
  capture(std::nullopt, {"thing"});
  people->run(
      "INSERT INTO thing VALUES(1, '123456789012345678901234567890.120', 0.1, '2026-11-23 "
      "10:00:00.123456+02', '0044-03-15 BC', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\x00ff27', "
      "true, '{\"a\": 1}', 'glad', '1 year -2 days 3 hours', E'Zoë ''q'' \\n東京', 'infinity', "
      "'{1,NULL,3}'); INSERT INTO thing VALUES(2, 'NaN', 'NaN')");
  auto const rows = captured(1).front().rows;
  ASSERT_EQ(2U, rows.size());
  chunk_request request;
  request.table = "thing";
  request.key = {0};
  request.limit = 10;
  auto const read = wait(app->read_chunk(request));
  ASSERT_TRUE(read) << to_string(read.error());
  auto const streamed = *decode_row(rows[0].after);
  EXPECT_EQ(read->rows[0], streamed);
  EXPECT_EQ(read->rows[1], *decode_row(rows[1].after));
  EXPECT_EQ(*decimal::parse("123456789012345678901234567890.120"), streamed[1].as_decimal());
  EXPECT_EQ(time_infinity, streamed[12].as_us());
  // And back.
  people->run("CREATE TABLE copy(LIKE thing INCLUDING ALL)");
  std::vector<target_write> writes;
  for (auto const& row : read->rows) {
    auto one = write(row[0].as_int64(), "");
    one.table = "copy";
    one.values = row;
    one.columns.clear();
    for (std::size_t i = 0; i < row.size(); ++i) one.columns.push_back(i);
    writes.push_back(one);
  }
  EXPECT_EQ((std::vector{write_effect::inserted, write_effect::inserted}), apply(writes));
  EXPECT_EQ((std::vector{write_effect::equal, write_effect::equal}), apply(writes));
  EXPECT_EQ("0", people->ask("SELECT count(*) FROM (TABLE thing EXCEPT TABLE copy) x"));
}

TEST_F(PostgresqlApp, ASlotThatIsGoneOrMadeAnewHasLostChanges) {
  auto const at = capture();
  restart();
  for (int attempt = 0; attempt < 500; ++attempt) {
    if (people->run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")) break;
    usleep(10'000);
  }
  EXPECT_EQ(error_code::slot_lost, wait(app->open_capture({"customer"}, at)).error().code);
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  people->run(
      "SELECT pg_create_logical_replication_slot('dualwrite_' || oid, 'pgoutput') FROM "
      "pg_database WHERE datname = 'shop'");
  EXPECT_EQ(error_code::slot_lost, wait(app->open_capture({"customer"}, at)).error().code);
}

TEST_F(PostgresqlApp, ATableThatWasMadeAnewHasLostChanges) {
  auto const at = capture();
  people->run("DROP TABLE customer; CREATE TABLE customer(id bigint PRIMARY KEY, name text)");
  restart();
  EXPECT_EQ(error_code::source_rewound, wait(app->open_capture({"customer"}, at)).error().code);
}

TEST_F(PostgresqlApp, ATableThatWasTruncatedIsNotTakenForEqual) {
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  capture();
  people->run("TRUNCATE customer");
  EXPECT_EQ(error_code::source_rewound, wait(app->next(100, 10s)).error().code);
}

TEST_F(PostgresqlApp, ATableWithoutReplicaIdentityIsRefusedWithTheRemedy) {
  people->run("CREATE TABLE loose(id int)");
  auto const why = wait(app->open_capture({"loose"}, std::nullopt)).error();
  EXPECT_EQ(error_code::invalid_definition, why.code);
  EXPECT_NE(std::string::npos, why.detail.find("REPLICA IDENTITY FULL"));
  EXPECT_TRUE(people->run("INSERT INTO loose VALUES(1); UPDATE loose SET id = 2"));
}

TEST_F(PostgresqlApp, GoesOnAfterItsServerWasStoppedAndKilled) {
  auto at = capture();
  auto& server = postgres_cluster::shared();
  for (bool const killed : {false, true}) {
    people->run("INSERT INTO customer(id, name) SELECT count(*), 'Ann' FROM customer");
    people.reset();
    // A server that stops in order waits for those that read its log, as an engine does.
    std::thread operator_of_it([&] { killed ? server.kill() : server.stop(); });
    EXPECT_EQ(error_code::app_unreachable, [&] {
      auto got = wait(app->next(100, 10s));
      // What had arrived is given first.
      while (got) got = wait(app->next(100, 10s));
      return got.error().code;
    }());
    operator_of_it.join();
    EXPECT_EQ(error_code::app_unreachable, wait(app->open_capture({"customer"}, at)).error().code);
    server.start();
    people = std::make_unique<postgres_user>(url);
    capture(at);
    auto const all = captured(1);
    ASSERT_FALSE(all.empty());
    at = all.back().position;
  }
  EXPECT_EQ("2", people->ask("SELECT count(*) FROM customer"));
}

// By its disks: that starts no timeline of its own, and new writes soon hide that others are gone.
TEST_F(PostgresqlApp, AServerThatWasSetBackAndWrittenToHasLostChanges) {
  auto& server = postgres_cluster::shared();
  people->run("CREATE TABLE note(id serial, text text)");
  for (bool const is_table_written : {false, true}) {
    capture();
    server.save_copy();
    people->run("INSERT INTO customer(id, name) VALUES(1, 'gone')");
    auto const at = captured(1).back().position;
    people.reset();
    app.reset();
    server.restore_copy();
    people = std::make_unique<postgres_user>(url);
    restart();
    people->run("INSERT INTO note(text) SELECT 'another history' FROM generate_series(1, 5000)");
    if (is_table_written) people->run("INSERT INTO customer(id, name) VALUES(2, 'another')");
    capture(at);
    EXPECT_EQ(error_code::source_rewound, wait(app->next(100, 10s)).error().code);
    restart();
  }
}

// Where the slot stands before what was captured, that comes once more and is not given again.
TEST_F(PostgresqlApp, WhatWasCapturedBeforeALossOfPowerIsNotGivenAgain) {
  auto& server = postgres_cluster::shared();
  auto at = capture();
  auto const lose_power = [&] {
    people.reset();
    app.reset();
    server.kill();
    server.start();
    people = std::make_unique<postgres_user>(url);
    restart();
    capture(at);
  };
  lose_power();
  for (int id = 1; id <= 3; ++id) {
    people->run("INSERT INTO customer(id, name) VALUES(" + std::to_string(id) + ", 'Ann')");
    auto const one = captured(1);
    EXPECT_EQ(fmt::format("+({},Ann)", id), show(one));
    at = one.back().position;
  }
  lose_power();
  people->run("INSERT INTO customer(id, name) VALUES(4, 'Ann')");
  EXPECT_EQ("+(4,Ann)", show(captured(1)));
}

// The position of the table tells what it is captured from.
TEST_F(PostgresqlApp, OfATransactionThatWroteBeforeItsTableWasCapturedNothingIsTold) {
  people->run("CREATE TABLE item(id bigint PRIMARY KEY, name text)");
  auto const begin = capture();
  postgres_user early(url);
  early.run("BEGIN; INSERT INTO item VALUES(1, 'half')");
  EXPECT_EQ(error_code::app_busy, wait(app->prepare_capture({"customer", "item"})).error().code);
  early.run("INSERT INTO item VALUES(2, 'half'); INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  people->run("INSERT INTO customer(id, name) VALUES(2, 'Bob')");
  EXPECT_EQ("+(2,Bob)", show(captured(1))) << "the others go on";
  early.run("COMMIT");
  ASSERT_TRUE(wait(app->prepare_capture({"customer", "item"})));
  restart();
  capture(begin, {"customer", "item"});
  people->run("INSERT INTO item VALUES(3, 'whole')");
  EXPECT_EQ("+(2,Bob)/+(1,Ann)/+(3,whole)", show(captured(3)));
}

TEST_F(PostgresqlApp, CapturesAgainAtOnceAfterItsSessionsWereEnded) {
  auto const at = capture();
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  people->ask(
      "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
      "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  capture(at);
  EXPECT_EQ(1U, captured(1).size());
}

// Two logs, or two apps of one log, on a database.
TEST_F(PostgresqlApp, CapturesOfOneDatabaseLeaveEachOtherAlone) {
  auto const other_name = capture_name(log_id{1}, "shop");
  EXPECT_NE(other_name, capture_name(log_id{2}, "shop"));
  EXPECT_NE(other_name, capture_name(log_id{1}, "shop 2"));
  people->run("CREATE TABLE item(id bigint PRIMARY KEY, name text)");
  auto const mine = capture();
  auto other = std::make_unique<postgresql_app>(
      io.get_executor(), pool, postgresql_settings{url, other_name});
  auto const its = wait(other->open_capture({"item"}, std::nullopt));
  ASSERT_TRUE(its) << to_string(its.error());
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann'); INSERT INTO item VALUES(2, 'saw')");
  EXPECT_EQ("+(1,Ann)", show(captured(1)));
  auto const seen = wait(other->next(100, 10s));
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ("+(2,saw)", show(*seen));
  EXPECT_TRUE(wait(other->open_capture({"item", "customer"}, *its)));
  restart();
  capture(mine);
  EXPECT_EQ("+(1,Ann)", show(captured(1)));
  ASSERT_TRUE(wait(other->detach(log_id{1}, {})));
  people->run("INSERT INTO customer(id, name) VALUES(3, 'Cy')");
  EXPECT_EQ("+(3,Cy)", show(captured(1)));
}

TEST_F(PostgresqlApp, WhileAnotherSessionReadsTheSlotItsTablesStay) {
  people->run("CREATE TABLE item(id bigint PRIMARY KEY, name text)");
  capture();
  postgresql_app second(io.get_executor(), pool, postgresql_settings{url});
  EXPECT_EQ(error_code::app_busy, wait(second.open_capture({"item"}, std::nullopt)).error().code);
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  EXPECT_EQ("+(1,Ann)", show(captured(1)));
}

TEST_F(PostgresqlApp, AMessageThatIsNoMarkIsLeftAlone) {
  capture();
  people->run(
      "BEGIN; SELECT pg_logical_emit_message(true, 'dualwrite', 'x'); "
      "SELECT pg_logical_emit_message(true, 'dualwrite', '1 2 7 0 0 0'); "
      "INSERT INTO customer(id, name) VALUES(1, 'Ann'); COMMIT");
  people->run("SELECT pg_logical_emit_message(true, 'dualwrite', '')");
  apply({write(2, "Bob")});
  EXPECT_EQ("+(1,Ann)/batch1 +(2,Bob)", show(captured(2)));
}

TEST_F(PostgresqlApp, AfterACaptureTheServerKeepsNothingForIt) {
  capture();
  apply({write(1, "Ann")});
  ASSERT_TRUE(wait(app->end_capture()));
  EXPECT_EQ("0|0|1",
            people->ask("SELECT (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM "
                        "pg_publication), (SELECT count(*) FROM dualwrite.lane)"));
  EXPECT_EQ(std::vector{write_effect::inserted}, apply({write(2, "Bob")}));
}

TEST_F(PostgresqlApp, TakesOutWhatItPutIn) {
  capture();
  apply({write(1, "Ann")});
  ASSERT_TRUE(wait(app->detach(lane.log, {})));
  EXPECT_EQ("0|0|0",
            people->ask("SELECT (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM "
                        "pg_publication), (SELECT count(*) FROM pg_namespace WHERE nspname = "
                        "'dualwrite')"));
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
