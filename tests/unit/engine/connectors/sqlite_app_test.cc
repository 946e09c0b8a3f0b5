// What is SQLite's own behind the ports; what every connector holds to is in tests/contract/.
#include <fmt/format.h>

#include "tests/unit/engine/connectors/sqlite_under_test.h"

namespace dualwrite::engine::sqlite {
namespace {

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

TEST_F(SqliteApp, ChunksOfLargeRowsHoldFewOfThem) {
  for (int i = 0; i < 10; ++i)
    people.run(
        fmt::format("INSERT INTO customer(id, name, photo) VALUES({}, '', zeroblob(3000000))", i));
  capture();
  chunk_request request;
  request.table = "customer";
  request.key = {0};
  request.limit = 1000;
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

TEST_F(SqliteApp, ReadsAllRowsWhoseKeysAreStoredOtherwiseThanWeWriteThem) {
  capture();
  std::map<std::string, std::string> const ids_by_type = {
      {"UUID", "printf('%08X-0000-4000-8000-00000000000a', i * 77777777)"},
      {"GUID", "randomblob(16)"},
      {"", "i"},
      {"NUMERIC(20)", "i + 123456789012345678"},
      {"NUMERIC", "(i + 1) / 3.0"},
      {"TIMESTAMP", "printf('2026-01-%02dT%02d:00:00', i / 24 + 1, i % 24)"},
      {"TIMESTAMPTZ", "printf('2026-01-01 %02d:00:00-05:00', i % 24)"}};
  for (auto const& [type, ids] : ids_by_type) {
    ASSERT_TRUE(people.run(fmt::format(
        "DROP TABLE IF EXISTS t; CREATE TABLE t(id {} NOT NULL PRIMARY KEY); WITH RECURSIVE n(i) "
        "AS "
        "(VALUES(0) UNION ALL SELECT i + 1 FROM n WHERE i < 23) INSERT INTO t SELECT {} FROM n",
        type,
        ids)));
    chunk_request request;
    request.table = "t";
    request.key = {0};
    request.limit = 5;
    row_values keys;
    for (bool last = false; !last && keys.size() <= 24; request.after = row_values{keys.back()}) {
      auto const some = wait(app->read_chunk(request));
      ASSERT_TRUE(some) << type << to_string(some.error());
      for (auto const& row : some->rows) keys.push_back(row[0]);
      last = some->last;
    }
    EXPECT_EQ(24U, keys.size()) << type;
    for (auto const& key : keys) {
      request.only = row_values{key};
      EXPECT_EQ(std::vector<row_values>{{key}}, wait(app->read_chunk(request))->rows) << type;
    }
  }
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

TEST_F(SqliteApp, TellsARowThatReplaceDisplacedByAnyKindOfUniqueIndex) {
  for (auto const* index :
       {"customer(name COLLATE NOCASE)",
        "customer(lower(name), id % 2)",
        "customer(name COLLATE NOCASE DESC) WHERE id > 0",
        "customer(substr(name, 1, instr(name || ',', ',')) COLLATE NOCASE ASC)"}) {
    people.run("DELETE FROM customer");
    people.run(std::string("CREATE UNIQUE INDEX name_index ON ") + index);
    people.run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
    capture();
    people.run("INSERT OR REPLACE INTO customer(id, name) VALUES(5, 'ANN')");
    EXPECT_EQ("-(1,Ann)+(5,ANN)", show(captured())) << index;
    people.run("DROP INDEX name_index");
  }
}

TEST_F(SqliteApp, TellsARowThatReplaceDisplacedFromATableWithAWideKey) {
  std::string columns;
  for (char name = 'a'; name < 'a' + 16; ++name) columns += std::string(1, name) + ", ";
  auto const keys = columns.substr(0, columns.size() - 2);
  people.run("CREATE TABLE wide(" + columns + "email TEXT UNIQUE, PRIMARY KEY(" + keys + "))");
  std::string const zeros = "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ";
  people.run("INSERT INTO wide VALUES(" + zeros + "1, 'x@y')");
  std::vector<captured_table> const tables{"wide"};
  ASSERT_TRUE(wait(app->open_capture(tables, std::nullopt)));
  people.run("INSERT OR REPLACE INTO wide VALUES(" + zeros + "2, 'x@y')");
  auto const found = wait(app->next(100, 1ms));
  ASSERT_TRUE(found);
  ASSERT_EQ(1u, found->size());
  ASSERT_EQ(2u, found->front().rows.size());
  EXPECT_EQ(operation::remove, found->front().rows[0].op);
  EXPECT_EQ(operation::insert, found->front().rows[1].op);
}

TEST_F(SqliteApp, AUniqueIndexThatComesLaterCountsToo) {
  people.run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
  auto const at = capture();
  people.run("CREATE UNIQUE INDEX name_index ON customer(name)");
  EXPECT_EQ(error_code::table_changed, wait(app->next(100, 1ms)).error().code);
  capture(at);
  people.run("INSERT OR REPLACE INTO customer(id, name) VALUES(5, 'Ann')");
  EXPECT_EQ("-(1,Ann)+(5,Ann)", show(captured()));
}

TEST_F(SqliteApp, ATableThatIsGoneConcernsNoOther) {
  people.run("CREATE TABLE visit(id INTEGER PRIMARY KEY)");
  std::vector<captured_table> const both{"customer", "visit"};
  auto const at = wait(app->open_capture(both, std::nullopt));
  ASSERT_TRUE(at);
  people.run("ALTER TABLE visit RENAME TO trip; INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  auto const why = wait(app->next(100, 1ms)).error();
  EXPECT_EQ(error_code::table_missing, why.code);
  capture(*at);
  EXPECT_EQ("+(1,Ann)", show(captured()));
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

TEST_F(SqliteApp, ARuleThatRollsBackEverythingCostsItsOwnRowOnly) {
  people.run(
      "CREATE TRIGGER rule BEFORE INSERT ON customer WHEN NEW.name = 'bad' BEGIN SELECT "
      "RAISE(ROLLBACK, 'out'); END");
  auto const effects = apply({write(1, "good"), write(2, "bad"), write(3, "good too")});
  EXPECT_EQ((std::vector{write_effect::inserted, write_effect::refused, write_effect::inserted}),
            effects);
  EXPECT_EQ("1;3", people.ask("SELECT id FROM customer"));
}

TEST_F(SqliteApp, ARuleThatRollsBackEverythingCostsItsGroupWhereThatIsWhole) {
  people.run(
      "CREATE TRIGGER rule BEFORE INSERT ON customer WHEN NEW.name = 'bad' BEGIN SELECT "
      "RAISE(ROLLBACK, 'out'); END");
  auto one = write(1, "good");
  auto two = write(2, "bad");
  auto three = write(3, "good too");
  for (auto* part : {&one, &two, &three}) {
    part->group = 7;
    part->whole_group = true;
  }
  EXPECT_EQ((std::vector{write_effect::refused,
                         write_effect::refused,
                         write_effect::refused,
                         write_effect::inserted}),
            apply({one, two, three, write(4, "another")}));
  EXPECT_EQ("out", results[1].text);
  EXPECT_EQ("4", people.ask("SELECT id FROM customer"));
}

TEST_F(SqliteApp, ADecimalThatWouldBeRoundedIsRefused) {
  auto rich = write(1, "Ann");
  rich.columns.push_back(3);
  rich.values.push_back({});
  for (std::string const lost : {"12345678901234567.89", "12345678901234567890"}) {
    rich.values.back() = value::of_decimal(*decimal::parse(lost));
    apply({rich});
    EXPECT_EQ(fault_class::bad_request, results[0].kind) << lost;
  }
  rich.values.back() = value::of_decimal(*decimal::parse("-9223372036854775808"));
  apply({rich});
  EXPECT_EQ("-9223372036854775808", people.ask("SELECT amount FROM customer"));
}

TEST_F(SqliteApp, ABusyFileIsBusyAndAMissingOneUnreachable) {
  ASSERT_TRUE(wait(open_lane(*app, {log_id{1}, link_id{1}, {}, {}}, epoch{})));
  people.run("BEGIN IMMEDIATE");
  EXPECT_EQ(error_code::app_busy,
            wait(open_lane(*app, {log_id{1}, link_id{1}, {}, {}}, epoch{})).error().code);
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

// A file that is only written to, or not any more read from, does not grow by what nobody takes.
TEST_F(SqliteApp, NotesWhatIsChangedOnlyWhileItIsCaptured) {
  auto const noted = [&] { return people.ask("SELECT count(*) FROM _dualwrite_change"); };
  apply({write(1, "Ann")});
  EXPECT_EQ("0", noted());
  auto const start = capture();
  apply({write(2, "Bob")});
  EXPECT_EQ("+(2,Bob)", show(captured()));
  ASSERT_TRUE(wait(app->end_capture()));
  apply({write(3, "Cy")});
  people.run("INSERT INTO customer(id, name) VALUES(4, 'Di')");
  EXPECT_EQ("0", noted());
  EXPECT_EQ("0", people.ask("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"));
  EXPECT_EQ(error_code::source_rewound, wait(app->open_capture({"customer"}, start)).error().code);
}

TEST_F(SqliteApp, TakesOutWhatItPutIn) {
  capture();
  apply({write(1, "Ann")});
  ASSERT_TRUE(wait(app->detach(log_id{9}, {})));
  EXPECT_EQ("customer", people.ask("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"));
}

}  // namespace
}  // namespace dualwrite::engine::sqlite
