// PostgreSQL behind the ports: servers that are promoted, with the slot and without all that was
// captured.
#include <gtest/gtest.h>

#include "tests/unit/engine/connectors/postgresql/postgresql_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

class FailOver : public PostgresqlApp {
 protected:
  void write(int id, std::string const& name) {
    auto const sql = fmt::format("INSERT INTO customer(id, name) VALUES({}, '{}')", id, name);
    EXPECT_TRUE(people->run(sql));
  }
  // So that a place behind it is not reached by what a server writes when it starts.
  void write_much() {
    EXPECT_TRUE(people->run("CREATE TABLE IF NOT EXISTS note(text text)"));
    EXPECT_TRUE(people->run("INSERT INTO note SELECT 'much' FROM generate_series(1, 5000)"));
  }
  void leave(void (*change)(postgres_cluster&)) {
    people.reset();
    app.reset();
    change(postgres_cluster::shared());
    people = std::make_unique<postgres_user>(url);
    restart();
  }
  void promote() {
    leave([](postgres_cluster& server) { server.promote(); });
  }
  void go_back() {
    leave([](postgres_cluster& server) { server.restore_copy(); });
  }
  // A position that the server knows nothing of.
  source_position capture_and_lose() {
    capture();
    postgres_cluster::shared().save_copy();
    write_much();
    write(1, "Ann");
    auto const at = captured(1).back().position;
    go_back();
    return at;
  }
  error_code why_not(source_progress known) {
    auto const begun = wait(app->open_capture({"customer"}, known));
    return begun ? error_code::ok : begun.error().code;
  }
  source_position copied() {
    chunk_request request;
    request.table = "customer";
    request.key = {0};
    request.limit = 10;
    auto const rows = wait(app->read_chunk(request));
    EXPECT_TRUE(rows) << to_string(rows.error());
    return rows ? rows->snapshot : source_position{};
  }
};

// However often; of some of them nothing may have been captured.
TEST_F(FailOver, GoesOnWhereASlotAndAllThatWasCapturedAreThere) {
  auto at = capture();
  write(1, "Ann");
  at = captured(1).back().position;
  write(2, "Bob");
  promote();
  promote();
  auto const now = capture(at);
  EXPECT_EQ(at.commit, now.commit);
  EXPECT_NE(at.incarnation, now.incarnation);
  write(3, "Cid");
  auto const more = captured(2);
  EXPECT_EQ("+(2,Bob)/+(3,Cid)", show(more));
  EXPECT_EQ(now.incarnation, more.back().position.incarnation);
  EXPECT_EQ(now.incarnation, copied().incarnation);
  promote();
  capture(more.back().position);
  write(4, "Dan");
  EXPECT_EQ("+(4,Dan)", show(captured(1)));
}

TEST_F(FailOver, IsRefusedWhereWhatWasCapturedIsMissing) {
  auto const at = capture_and_lose();
  promote();
  EXPECT_EQ(error_code::source_rewound, why_not(at));
  EXPECT_NE(at.incarnation, capture().incarnation);
}

// Places in its log tell nothing where it was written to as much before it was promoted.
TEST_F(FailOver, IsRefusedWhereTheFormerTimelineHasAnotherHistory) {
  auto const at = capture_and_lose();
  write_much();
  write_much();
  promote();
  capture(at);
  EXPECT_EQ(error_code::source_rewound, wait(app->next(100, 10s)).error().code);
}

TEST_F(FailOver, IsRefusedWhereWhatWasCopiedIsMissing) {
  write(1, "Ann");
  auto const at = capture();
  postgres_cluster::shared().save_copy();
  write_much();
  auto const snapshot = copied();
  EXPECT_EQ(at.incarnation, snapshot.incarnation);
  go_back();
  promote();
  EXPECT_EQ(error_code::source_rewound, why_not({at, snapshot.commit}));
  EXPECT_EQ(error_code::ok, why_not(at)) << "what was captured is there";
}

// Two standbys that leave the same timeline give theirs the same number; a place of the one lies
// before the other one was promoted.
TEST_F(FailOver, IsRefusedByAnotherTimelineOfTheSameNumber) {
  auto& server = postgres_cluster::shared();
  auto const begin = capture();
  server.save_copy();
  promote();
  capture(begin);
  write(1, "Ann");
  auto const at = captured(1).back().position;
  go_back();
  write_much();
  promote();
  EXPECT_EQ(error_code::source_rewound, why_not(at));
  EXPECT_EQ(error_code::ok, why_not(begin));
}

// Its copies are not taken for those of the one that took its place, and nothing is stopped for it.
TEST_F(FailOver, TheFormerPrimaryIsNotCapturedAgain) {
  auto& server = postgres_cluster::shared();
  auto at = capture();
  server.save_copy();
  server.kill();
  server.promote();
  EXPECT_FALSE(wait(app->next(1, 1s)));
  at = capture(at);
  people.reset();
  server.restore_copy();
  EXPECT_NE(at.incarnation, copied().incarnation);
  EXPECT_EQ(error_code::app_unreachable, why_not(at));
  EXPECT_EQ(error_code::app_unreachable, wait(app->check()).error().code);
  EXPECT_EQ(error_code::app_unreachable, wait(open_lane(*app, lane, epoch{})).error().code)
      << "nor is it written to";
  people = std::make_unique<postgres_user>(url);
  restart();
  EXPECT_EQ(error_code::source_rewound, why_not(at)) << "who has not seen the other one";
}

// What is true of one of them need not be true of the other one.
TEST_F(FailOver, EachCaptureGoesOnForItself) {
  auto const early = capture();
  auto settings = postgresql_settings{url};
  settings.name = "other";
  auto other = std::make_unique<postgresql_app>(io.get_executor(), pool, settings);
  ASSERT_TRUE(wait(other->open_capture({"customer"}, std::nullopt)));
  postgres_cluster::shared().save_copy();
  write_much();
  write(1, "Ann");
  auto const late = wait(other->next(100, 10s));
  ASSERT_TRUE(late) << to_string(late.error());
  other.reset();
  go_back();
  promote();
  capture(early);
  other = std::make_unique<postgresql_app>(io.get_executor(), pool, settings);
  auto const refused = wait(other->open_capture({"customer"}, late->back().position));
  EXPECT_EQ(error_code::source_rewound, refused.error().code);
}

TEST_F(FailOver, ASlotThatIsNotThereHasLostChanges) {
  auto const at = capture();
  promote();
  EXPECT_TRUE(people->run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"));
  EXPECT_EQ(error_code::slot_lost, why_not(at));
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
