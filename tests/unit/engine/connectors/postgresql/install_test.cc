// What is put into a database, by one installation and by a later release of another.
#include <gtest/gtest.h>

#include "engine/connectors/postgresql/incarnation.h"
#include "engine/connectors/postgresql/lane_table.h"
#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

using Install = PostgresqlApp;

TEST_F(Install, WhatIsAddedBelongsToWhoHasTheRest) {
  people->run("DROP ROLE IF EXISTS second; DROP ROLE IF EXISTS first");
  EXPECT_TRUE(people->run("CREATE ROLE first LOGIN; CREATE ROLE second LOGIN IN ROLE first"));
  EXPECT_TRUE(people->run("GRANT CREATE ON DATABASE shop TO first"));
  auto const as = [&](std::string const& role) {
    return postgres_cluster::shared().url("shop") + " user=" + role;
  };
  connection first;
  ASSERT_TRUE(first.open(as("first")));
  ASSERT_TRUE(install(first));
  auto const life = look_at_life(first);
  ASSERT_TRUE(life) << to_string(life.error());
  EXPECT_TRUE(people->run("REVOKE CREATE ON DATABASE shop FROM first"));
  EXPECT_TRUE(people->run("DROP TABLE dualwrite.life")) << "as an earlier release left it";
  connection second;
  ASSERT_TRUE(second.open(as("second")));
  auto const added = install(second);
  ASSERT_TRUE(added) << to_string(added.error());
  EXPECT_EQ(*life, *look_at_life(second)) << "a life keeps the name that it had";
  EXPECT_EQ(*life, *look_at_life(first));
  EXPECT_EQ(
      "first",
      people->ask("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'dualwrite'"));
}

// Nothing has to be made for that.
TEST_F(Install, ATimelineIsNamedByWhoMayOnlyWrite) {
  connection owner;
  ASSERT_TRUE(owner.open(url));
  ASSERT_TRUE(install(owner));
  people->run("DROP ROLE IF EXISTS clerk");
  EXPECT_TRUE(people->run("CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA dualwrite TO clerk"));
  EXPECT_TRUE(people->run("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA dualwrite TO clerk"));
  EXPECT_TRUE(people->run("DELETE FROM dualwrite.life")) << "as after a promotion";
  connection clerk;
  ASSERT_TRUE(clerk.open(url + " user=clerk"));
  auto const named = install(clerk);
  ASSERT_TRUE(named) << to_string(named.error());
  auto const life = look_at_life(clerk);
  ASSERT_TRUE(life) << to_string(life.error());
  EXPECT_EQ(*life, *look_at_life(owner));
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
