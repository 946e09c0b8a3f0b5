// The server's stream of changes: what becomes of one that says nothing any more.
#include <gtest/gtest.h>
#include <signal.h>

#include "engine/connectors/postgresql/lane_table.h"
#include "engine/connectors/postgresql/wal_stream.h"
#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

class WalStream : public PostgresqlApp {
 protected:
  void start(wal_stream& stream) {
    EXPECT_TRUE(people->run("CREATE PUBLICATION all_of_it FOR ALL TABLES"));
    EXPECT_TRUE(people->run(
        "SELECT pg_create_logical_replication_slot('quiet_' || oid, 'pgoutput') FROM pg_database "
        "WHERE datname = current_database()"));
    auto const slot =
        people->ask("SELECT 'quiet_' || oid FROM pg_database WHERE datname = current_database()");
    connection on;
    ASSERT_TRUE(on.open(url));
    ASSERT_TRUE(install(on));
    auto const now = look_at_life(on);
    ASSERT_TRUE(now) << to_string(now.error());
    auto const started = stream.start(url,
                                      *now,
                                      "START_REPLICATION SLOT " + slot +
                                          " LOGICAL 0/0 (proto_version '1', publication_names "
                                          "'all_of_it')");
    ASSERT_TRUE(started) << to_string(started.error());
  }
  pid_t sender() {
    return static_cast<pid_t>(std::stol(people->ask(
        "SELECT active_pid FROM pg_replication_slots WHERE slot_name LIKE 'quiet_%' AND active")));
  }
};

TEST_F(WalStream, AServerThatHasNothingToSendAnswersWhenItIsAsked) {
  wal_stream stream({20ms, 10s});
  start(stream);
  auto const until = std::chrono::steady_clock::now() + 200ms;
  while (std::chrono::steady_clock::now() < until) {
    auto const message = stream.next();
    ASSERT_TRUE(message) << to_string(message.error());
  }
  EXPECT_TRUE(stream.is_open());
  EXPECT_LT(0U, stream.told());
}

TEST_F(WalStream, AServerThatAnswersNothingIsGivenUp) {
  wal_stream stream({20ms, 100ms});
  start(stream);
  auto const pid = sender();
  ASSERT_EQ(0, kill(pid, SIGSTOP));
  error why;
  while (why.code == error_code::ok) {
    auto const message = stream.next();
    if (!message) why = message.error();
  }
  kill(pid, SIGCONT);
  EXPECT_EQ(error_code::app_unreachable, why.code);
  EXPECT_FALSE(stream.is_open());
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
