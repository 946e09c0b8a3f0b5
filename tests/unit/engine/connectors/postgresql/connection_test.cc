// Connections to PostgreSQL: how they are opened, and what a session of ours is set to.
#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

TEST_F(PostgresqlApp, TheUrlsOwnOptionsCountAndWhatIsSetForTheRoleEndsNoStatement) {
  people->run("DROP ROLE IF EXISTS hasty; CREATE ROLE hasty LOGIN");
  people->run("ALTER ROLE hasty SET statement_timeout = '50ms'");
  connection on;
  auto const done = on.open(url + " user=hasty options='-c work_mem=7MB'");
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_EQ("7MB", on.query("SHOW work_mem")->text(0, 0));
  EXPECT_EQ("ISO, MDY", on.query("SHOW datestyle")->text(0, 0));
  EXPECT_EQ("0", on.query("SHOW statement_timeout")->text(0, 0));
  EXPECT_TRUE(on.query("SELECT pg_sleep(0.1)"));
}

TEST_F(PostgresqlApp, AUrlInAFileIsReadAgainForEachConnection) {
  auto const path = testing::TempDir() + "dualwrite_url_" + std::to_string(getpid());
  std::ofstream(path) << "host=/nowhere dbname=shop\n";
  connection on;
  EXPECT_EQ(error_code::app_unreachable, on.open("file:" + path).error().code);
  std::ofstream(path) << url << "\n";
  EXPECT_TRUE(on.open("file:" + path));
  EXPECT_EQ("shop", std::string(on.query("SELECT left(current_database(), 4)")->text(0, 0)));
  unlink(path.c_str());
  on.close();
  EXPECT_EQ(error_code::app_unreachable, on.open("file:" + path).error().code);
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
