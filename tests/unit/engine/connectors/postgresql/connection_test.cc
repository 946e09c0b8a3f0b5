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

TEST_F(PostgresqlApp, AStatementThatComesAgainIsPreparedUntilItsTableMayBeAnother) {
  connection on;
  ASSERT_TRUE(on.open(url));
  on.keep_plans();
  auto const ask = [&](char const* id) {
    auto const found = on.query("SELECT name FROM customer WHERE id = $1", {id});
    return found ? std::string(found->text(0, 0)) : to_string(found.error());
  };
  auto const prepared = [&] {
    return on.query("SELECT count(*) FROM pg_prepared_statements")->integer(0, 0);
  };
  people->run("INSERT INTO customer(id, name) VALUES(1, 'Ann'), (2, 'Bob')");
  EXPECT_EQ("Ann", ask("1"));
  EXPECT_EQ(0, prepared());
  EXPECT_EQ("Bob", ask("2"));
  EXPECT_EQ("Ann", ask("1"));
  EXPECT_EQ(1, prepared());
  people->run("ALTER TABLE customer ALTER name TYPE varchar(20)");
  on.distrust_plans();
  EXPECT_EQ("Bob", ask("2"));
  std::vector<answer> answers;
  for (int i = 0; i < 3; ++i) {
    std::vector<statement> both{{"SELECT $1::int + 1", {std::to_string(i)}},
                                {"SELECT $1::int + 2", {std::to_string(i)}}};
    auto all = transaction::begin_with(on, both, answers);
    ASSERT_TRUE(all) << to_string(all.error());
    EXPECT_EQ(i + 1, answers.at(0).integer(0, 0));
    EXPECT_EQ(i + 2, answers.at(1).integer(0, 0));
  }
  EXPECT_EQ(2, prepared());
}

// It is taken back with its transaction, and prepared again.
TEST_F(PostgresqlApp, AStatementThatCouldNotBePreparedIsPreparedLater) {
  connection on;
  ASSERT_TRUE(on.open(url));
  on.keep_plans();
  statement const wanted{"SELECT count(*) FROM later WHERE id = $1", {"1"}};
  std::vector<answer> answers;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(transaction::begin_with(on, {wanted}, answers));
  people->run("CREATE TABLE later(id int)");
  for (int i = 0; i < 3; ++i) {
    auto const all = transaction::begin_with(on, {wanted, wanted}, answers);
    ASSERT_TRUE(all) << to_string(all.error());
    EXPECT_EQ(2U, answers.size());
  }
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
