// What keeps a table from being used, as it is said before a map is run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

class Obstacles : public PostgresqlApp {
 protected:
  Obstacles() {
    people->run("DROP OWNED BY ann; DROP ROLE ann");
    EXPECT_TRUE(people->run("CREATE ROLE ann LOGIN REPLICATION"));
    people->run(
        "GRANT CREATE ON DATABASE shop TO ann; GRANT ALL ON SCHEMA public TO ann; ALTER TABLE "
        "customer OWNER TO ann");
  }
  ~Obstacles() override {
    app.reset();
    people->run("DROP OWNED BY ann; DROP ROLE ann");
  }

  // The fixes, for a role of few rights.
  std::vector<std::string> fixes(table_use use) {
    auto its = url;
    its.replace(its.find("user=postgres"), 13, "user=ann");
    app = std::make_unique<postgresql_app>(io.get_executor(), pool, postgresql_settings{its});
    auto const found = wait(app->find_obstacles(std::move(use)));
    EXPECT_TRUE(found) << to_string(found.error());
    std::vector<std::string> out;
    if (!found) return out;
    for (auto const& one : *found) out.push_back(one.fix);
    return out;
  }
  static table_use captured(std::string table, std::vector<std::string> key = {"id"}) {
    return {std::move(table), std::move(key), true, false, {}};
  }
  static table_use written(std::string table, std::vector<std::string> key = {"id"}) {
    return {std::move(table), std::move(key), false, true, {}};
  }
};

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(Obstacles, ThereAreNoneOfATableAsItShouldBe) {
  EXPECT_THAT(fixes({"customer", {"id"}, true, true, {"id", "name"}}), IsEmpty());
}

TEST_F(Obstacles, AKeyHasToBeUnique) {
  people->run("ALTER TABLE customer REPLICA IDENTITY FULL");
  for (auto const& use : {captured("customer", {"name"}), written("customer", {"name"})}) {
    people->run("DROP INDEX IF EXISTS some, lower");
    EXPECT_THAT(fixes(use),
                ElementsAre("CREATE UNIQUE INDEX ON \"public\".\"customer\" (\"name\")"));
    people->run(
        "CREATE UNIQUE INDEX some ON customer(name) WHERE id > 0; CREATE UNIQUE INDEX lower ON "
        "customer(lower(name))");
    EXPECT_THAT(fixes(use), ElementsAre(StartsWith("CREATE UNIQUE INDEX")));
  }
  EXPECT_THAT(fixes(captured("customer", {"name", "id"})), IsEmpty());
  EXPECT_THAT(fixes(written("customer", {"email"})), IsEmpty());
}

TEST_F(Obstacles, AKeyTellsApartWhatTheOtherSideDoes) {
  people->run(
      "CREATE EXTENSION IF NOT EXISTS citext; CREATE COLLATION folded(provider = icu, locale = "
      "'und-u-ks-level2', deterministic = false); CREATE DOMAIN label AS citext; CREATE TABLE "
      "tag(a citext, b text COLLATE folded, c label, d text, UNIQUE(a), UNIQUE(b), UNIQUE(c), "
      "UNIQUE(d)); ALTER TABLE tag OWNER TO ann");
  for (auto const* key : {"a", "b", "c"})
    EXPECT_THAT(fixes(written("tag", {key})), ElementsAre(StartsWith("give the map another key")));
  EXPECT_THAT(fixes(written("tag", {"d"})), IsEmpty());
  people->run(
      "DROP TABLE tag; DROP DOMAIN label; DROP COLLATION folded; DROP EXTENSION citext CASCADE");
}

TEST_F(Obstacles, ATableWithHeirsIsNoWhole) {
  people->run("CREATE TABLE heir(PRIMARY KEY(id)) INHERITS(customer)");
  EXPECT_THAT(fixes(captured("customer")), ElementsAre(StartsWith("make it a partitioned table")));
}

// Of a deleted row it tells whether the other side has it.
TEST_F(Obstacles, WhatAFilterReadsHasToBeKnownOfARowThatWas) {
  auto use = captured("customer");
  use.known_before = {"name"};
  EXPECT_THAT(fixes(use), ElementsAre("ALTER TABLE public.customer REPLICA IDENTITY FULL"));
  people->run("ALTER TABLE customer REPLICA IDENTITY FULL");
  EXPECT_THAT(fixes(use), IsEmpty());
}

TEST_F(Obstacles, APartitionHasAnIdentityOfItsOwn) {
  people->run(
      "CREATE TABLE sale(id bigint PRIMARY KEY, code text NOT NULL, UNIQUE(id, code)) PARTITION BY "
      "RANGE(id); ALTER TABLE sale OWNER TO ann; CREATE TABLE sale_1 PARTITION OF sale FOR VALUES "
      "FROM (0) TO (1000); ALTER TABLE sale REPLICA IDENTITY FULL");
  EXPECT_THAT(fixes(captured("sale")), IsEmpty());
  EXPECT_THAT(fixes(captured("sale", {"id", "code"})),
              ElementsAre("ALTER TABLE public.sale_1 REPLICA IDENTITY FULL"));
}

TEST_F(Obstacles, AnUnloggedTableIsNotTold) {
  people->run("ALTER TABLE customer SET UNLOGGED");
  EXPECT_THAT(fixes(captured("customer")),
              ElementsAre("ALTER TABLE \"public\".\"customer\" SET LOGGED"));
  EXPECT_THAT(fixes(written("customer")), IsEmpty());
}

TEST_F(Obstacles, AGeneratedColumnIsNotTold) {
  people->run("ALTER TABLE customer ADD twice numeric GENERATED ALWAYS AS (amount * 2) STORED");
  auto use = captured("customer");
  use.read = {"id", "name"};
  EXPECT_THAT(fixes(use), IsEmpty());
  use.read = {"id", "twice"};
  EXPECT_THAT(fixes(use), ElementsAre(StartsWith("map the columns that it is made of")));
  use.captured = false;
  use.written = true;
  EXPECT_THAT(fixes(use), IsEmpty());
}

TEST_F(Obstacles, HiddenRowsAreSaid) {
  people->run(
      "ALTER TABLE customer ENABLE ROW LEVEL SECURITY; CREATE POLICY half ON customer USING (id % "
      "2 "
      "= 0)");
  EXPECT_THAT(fixes(captured("customer")), IsEmpty()) << "its owner sees them all";
  people->run("ALTER TABLE customer FORCE ROW LEVEL SECURITY");
  EXPECT_THAT(fixes(captured("customer")), ElementsAre("ALTER ROLE ann BYPASSRLS"));
}

TEST_F(Obstacles, RightsThatAreMissingAreNamed) {
  people->run(
      "ALTER TABLE customer OWNER TO postgres; REVOKE CREATE ON DATABASE shop FROM ann; ALTER ROLE "
      "ann NOREPLICATION");
  auto const table = std::string("\"public\".\"customer\"");
  EXPECT_THAT(fixes(captured("customer")),
              ElementsAre("GRANT SELECT ON " + table + " TO ann",
                          "GRANT UPDATE ON " + table + " TO ann",
                          "GRANT CREATE ON DATABASE shop TO ann",
                          "ALTER ROLE ann REPLICATION",
                          "GRANT postgres TO ann"));
  EXPECT_THAT(fixes(written("customer")),
              ElementsAre("GRANT SELECT ON " + table + " TO ann",
                          "GRANT INSERT, UPDATE, DELETE ON " + table + " TO ann",
                          "GRANT CREATE ON DATABASE shop TO ann"));
}

TEST_F(Obstacles, AServerWithoutAFreeSlotIsSaid) {
  people->run(
      "SELECT pg_create_physical_replication_slot('full_' || i) FROM generate_series(1, "
      "current_setting('max_replication_slots')::int - (SELECT count(*)::int FROM "
      "pg_replication_slots)) i");
  EXPECT_THAT(fixes(captured("customer")), ElementsAre(StartsWith("raise max_replication_slots")));
  people->run(
      "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE "
      "'full%'");
  EXPECT_THAT(fixes(captured("customer")), IsEmpty());
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
