// Which tables a capture gives the rows of, and what is noticed of a table that is not any more
// what it was.
#include <gtest/gtest.h>

#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

class CapturedTables : public PostgresqlApp {
 protected:
  CapturedTables() {
    people->run("CREATE TABLE item(id bigint PRIMARY KEY, name text)");
    people->run(
        "CREATE TABLE sale(id bigint PRIMARY KEY, name text) PARTITION BY RANGE(id); "
        "CREATE TABLE sale_1(name text, gone int, id bigint NOT NULL); "
        "ALTER TABLE sale_1 DROP COLUMN gone; ALTER TABLE sale ATTACH PARTITION sale_1 FOR VALUES "
        "FROM (0) TO (1000); CREATE TABLE sale_2 PARTITION OF sale FOR VALUES FROM (1000) TO "
        "(2000)");
  }
  static std::string tables_of(std::vector<captured_transaction> const& all) {
    std::string out;
    for (auto const& one : all) {
      for (auto const& row : one.rows) out += (out.empty() ? "" : " ") + row.table;
    }
    return out;
  }
  // Reads until the capture ends; what it gives before is left out.
  error ends() {
    for (int idle = 0; idle < 40;) {
      auto const got = wait(app->next(100, 500ms));
      if (!got) return got.error();
      if (got->empty()) ++idle;
    }
    return {};
  }
  // Customers and items are captured when that happens to the customers.
  void expect_lost(std::string const& what) {
    SCOPED_TRACE(what);
    auto const at = capture(std::nullopt, {"customer", "item"});
    EXPECT_TRUE(people->run(what));
    EXPECT_EQ(error_code::source_rewound, ends().code);
    EXPECT_EQ(std::vector<std::string>{"customer"}, app->lost_tables());
    auto const again = wait(app->open_capture({"customer", "item"}, at));
    EXPECT_EQ(error_code::source_rewound, again.error().code);
    EXPECT_EQ(std::vector<std::string>{"customer"}, app->lost_tables());
    expect_others_go_on(at);
  }
  void expect_others_go_on(source_position at, std::string const& other = "item") {
    people->run("INSERT INTO " + other + "(id, name) VALUES(1, 'saw')");
    capture(at, {other});
    EXPECT_EQ("+(1,saw)", show(captured(1)));
    people->run("DELETE FROM " + other);
  }
  std::string publication() {
    return people->ask("SELECT quote_ident(pubname) FROM pg_publication");
  }
};

TEST_F(CapturedTables, APartitionedTableHasTheRowsOfItsPartitions) {
  capture(std::nullopt, {"sale"});
  people->run("INSERT INTO sale VALUES(1, 'Ann'), (1001, 'Bob')");
  people->run("UPDATE sale SET name = 'Annika' WHERE id = 1");
  people->run("INSERT INTO sale_2 VALUES(1002, 'Cy')");
  people->run("CREATE TABLE sale_3 PARTITION OF sale FOR VALUES FROM (2000) TO (3000)");
  people->run("INSERT INTO sale VALUES(2001, 'Dee')");
  people->run("UPDATE sale SET name = 'Bo' WHERE id = 1001");
  auto const all = captured(5);
  EXPECT_EQ("+(1,Ann)+(1001,Bob)/~(1,Annika)/+(1002,Cy)/+(2001,Dee)/~(1001,Bo)", show(all));
  EXPECT_EQ("sale sale sale sale sale sale", tables_of(all));
}

TEST_F(CapturedTables, APartitionMayBeCapturedBesidesItsTable) {
  capture(std::nullopt, {"sale", "sale_1"});
  people->run("INSERT INTO sale VALUES(1, 'Ann'), (1001, 'Bob')");
  auto const all = captured(1);
  EXPECT_EQ("sale_1 sale sale", tables_of(all));
}

TEST_F(CapturedTables, APublicationByRootsIsMadeOneByPartitions) {
  capture(std::nullopt, {"sale"});
  people->run("ALTER PUBLICATION " + publication() + " SET (publish_via_partition_root = true)");
  EXPECT_EQ(error_code::source_rewound, ends().code);
  capture(std::nullopt, {"sale"});
  people->run("INSERT INTO sale VALUES(1, 'Ann')");
  EXPECT_EQ("+(1,Ann)", show(captured(1)));
}

TEST_F(CapturedTables, APartitionThatWasTruncatedIsNotTakenForEqual) {
  auto const at = capture(std::nullopt, {"sale", "item"});
  people->run("INSERT INTO sale VALUES(1, 'Ann')");
  people->run("TRUNCATE sale_1");
  EXPECT_EQ(error_code::source_rewound, ends().code);
  EXPECT_EQ(std::vector<std::string>{"sale"}, app->lost_tables());
  expect_others_go_on(at);
}

TEST_F(CapturedTables, ATableHasItsRowsUnderEachOfItsNames) {
  capture(std::nullopt, {"customer", "public.customer"});
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  people->run("UPDATE customer SET name = 'Anna'");
  auto const all = captured(2);
  EXPECT_EQ("+(1,Ann)+(1,Ann)/~(1,Anna)~(1,Anna)", show(all));
  EXPECT_EQ("customer public.customer customer public.customer", tables_of(all));
}

TEST_F(CapturedTables, OneThatWasReplacedIsLost) {
  expect_lost(
      "ALTER TABLE customer RENAME TO old_customer; CREATE TABLE customer(id bigint PRIMARY KEY, "
      "name text)");
}

TEST_F(CapturedTables, OneThatWasDroppedIsLost) {
  expect_lost("DROP TABLE customer");
}

TEST_F(CapturedTables, OneThatWasTruncatedIsLost) {
  auto const at = capture(std::nullopt, {"customer", "item"});
  people->run("TRUNCATE customer");
  EXPECT_EQ(error_code::source_rewound, ends().code);
  EXPECT_EQ(std::vector<std::string>{"customer"}, app->lost_tables());
  expect_others_go_on(at);
}

TEST_F(CapturedTables, OneThatLeftThePublicationIsLost) {
  capture(std::nullopt, {"customer", "item"});
  expect_lost("ALTER PUBLICATION " + publication() + " DROP TABLE customer");
}

TEST_F(CapturedTables, OneThatLeftThePublicationForAMomentIsLost) {
  capture(std::nullopt, {"customer", "item"});
  auto const name = publication();
  expect_lost("ALTER PUBLICATION " + name + " DROP TABLE customer; ALTER PUBLICATION " + name +
              " ADD TABLE customer");
}

TEST_F(CapturedTables, OneThatWasRenamedIsMissingUntilItIsBack) {
  auto const at = capture(std::nullopt, {"customer", "item"});
  people->run("ALTER TABLE customer RENAME TO client");
  EXPECT_EQ(error_code::table_missing, ends().code);
  EXPECT_EQ(error_code::table_missing,
            wait(app->open_capture({"customer", "item"}, at)).error().code);
  people->run("INSERT INTO client(id, name) VALUES(1, 'Ann')");
  people->run("ALTER TABLE client RENAME TO customer");
  capture(at, {"customer", "item"});
  EXPECT_EQ("+(1,Ann)", show(captured(1)));
}

// What a row was like before is not in the server's log then, and will never be.
TEST_F(CapturedTables, OneWhoseIdentityHasItsKeyNoMoreIsLost) {
  std::vector<captured_table> const tables{"customer", {"item", {"name"}}};
  people->run("ALTER TABLE item REPLICA IDENTITY FULL");
  auto const at = capture(std::nullopt, tables);
  people->run("INSERT INTO item VALUES(1, 'saw')");
  people->run("UPDATE item SET name = 'axe'");
  EXPECT_EQ("+(1,saw)/~(1,axe)", show(captured(2)));
  people->run("ALTER TABLE item REPLICA IDENTITY DEFAULT");
  people->run("INSERT INTO item VALUES(2, 'nail')");
  EXPECT_EQ("+(2,nail)", show(captured(1)));
  people->run("UPDATE item SET name = 'bolt' WHERE id = 2");
  auto const why = ends();
  EXPECT_EQ(error_code::invalid_definition, why.code);
  EXPECT_NE(std::string::npos, why.detail.find("public.item lacked name")) << why.detail;
  EXPECT_EQ(std::vector<std::string>{"item"}, app->lost_tables());
  people->run("ALTER TABLE item REPLICA IDENTITY FULL");
  capture(at, tables);
  EXPECT_EQ(error_code::invalid_definition, ends().code);
  EXPECT_EQ(std::vector<std::string>{"item"}, app->lost_tables());
  expect_others_go_on(at, "customer");
}

TEST_F(CapturedTables, AnIdentityThatHasTheKeyIsEnough) {
  people->run(
      "ALTER TABLE item ALTER name SET NOT NULL; CREATE UNIQUE INDEX by_name ON item(name); "
      "ALTER TABLE item REPLICA IDENTITY FULL");
  capture(std::nullopt, {{"item", {"name"}}});
  people->run("ALTER TABLE item REPLICA IDENTITY USING INDEX by_name");
  people->run("INSERT INTO item VALUES(1, 'saw')");
  people->run("UPDATE item SET name = 'axe'");
  people->run("DELETE FROM item");
  EXPECT_EQ("+(1,saw)/~(1,axe)/-((unchanged),axe)", show(captured(3)));
}

// In any table of any database.
TEST_F(CapturedTables, ASlotIsMadeWhenTheTransactionsOfThatMomentHaveEnded) {
  postgresql_settings settings{url};
  settings.slot_wait = 50ms;
  app = std::make_unique<postgresql_app>(io.get_executor(), pool, settings);
  postgres_user other(postgres_cluster::shared().fresh_database("other"));
  other.run("BEGIN; CREATE TABLE item(id bigint)");
  auto const waits = wait(app->open_capture({"customer"}, std::nullopt));
  EXPECT_EQ(error_code::app_busy, waits.error().code);
  EXPECT_NE(std::string::npos,
            waits.error().detail.find("the transaction of process " +
                                      other.ask("SELECT pg_backend_pid()")))
      << waits.error().detail;
  other.run("COMMIT");
  restart();
  capture();
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann')");
  EXPECT_EQ("+(1,Ann)", show(captured(1)));
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
