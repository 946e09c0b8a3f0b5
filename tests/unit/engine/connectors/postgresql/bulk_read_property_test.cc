// Random transactions, and a capture that changes between its ways of reading at every seam: what
// it gives is what was committed, in order, once.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "engine/connectors/postgresql/lane_table.h"
#include "tests/support/random_values.h"
#include "tests/unit/engine/connectors/postgresql/change_stream_under_test.h"

namespace dualwrite::engine::postgresql {
namespace {

constexpr int seeds = 5;
constexpr int steps = 250;
constexpr int writers = 3;
constexpr std::int64_t photo_bytes = 3000;
constexpr std::size_t long_bytes = 40'000;

// One session that writes to rows of its own; what it commits is added to what all have committed.
class writer {
 public:
  writer(std::string const& url, int number, std::vector<std::string>& committed)
      : people_(url), number_(number), committed_(committed) {}

  void step(test::random_values& random) {
    if (!is_open_) {
      EXPECT_TRUE(people_.run("BEGIN"));
      is_open_ = true;
      before_ = photos_;
      said_.clear();
      mark_.clear();
    }
    auto const writes = random.chance(8) ? random.number(100, 400) : random.number(0, 3);
    // Enough to be given in parts, now and then.
    auto const long_token = random.chance(20) ? long_bytes : 300;
    for (std::int64_t i = 0; i < writes; ++i) write(random, long_token);
    if (random.chance(10)) say_batch(random);
    if (random.chance(10)) write_in_vain();
    if (random.chance(10)) run("INSERT INTO aside VALUES(repeat('x', 500))");
    if (random.chance(55)) {
      end(true);
    } else if (random.chance(30)) {
      end(false);
    }
  }

  void end(bool commits) {
    if (!is_open_) return;
    EXPECT_TRUE(people_.run(commits ? "COMMIT" : "ROLLBACK"));
    is_open_ = false;
    if (!commits) {
      photos_ = before_;
    } else if (!said_.empty() || !mark_.empty()) {
      committed_.push_back(mark_ + said_);
    }
  }

 private:
  void write(test::random_values& random, std::size_t long_token) {
    auto const table = random.chance(70) ? "item" : "part";
    auto const id = random.number(1, 40) * writers + number_;
    auto const token =
        fmt::format("{}{}", ++tokens_, std::string(random.chance(20) ? long_token : 3, 'x'));
    auto const known = photos_.find({table, id});
    if (known == photos_.end()) {
      bool const has_photo = random.chance(15);
      auto const photo =
          has_photo ? fmt::format("decode(repeat('ab', {}), 'hex')", photo_bytes) : "NULL";
      run(fmt::format("INSERT INTO {} VALUES({}, '{}', {})", table, id, token, photo));
      said_ += fmt::format("+{}({},{},{})", table, id, token, has_photo ? "3000" : "NULL");
      photos_[{table, id}] = has_photo;
    } else if (random.chance(70)) {
      run(fmt::format("UPDATE {} SET token = '{}' WHERE id = {}", table, token, id));
      said_ += fmt::format("~{}({},{},{})", table, id, token, known->second ? "_" : "NULL");
    } else {
      run(fmt::format("DELETE FROM {} WHERE id = {}", table, id));
      said_ += fmt::format("-{}({},_,_)", table, id);
      photos_.erase(known);
    }
  }
  // The last one of a transaction counts. One that is outside of all says nothing.
  void say_batch(test::random_values& random) {
    auto const batch = static_cast<std::uint64_t>(random.number(1, 1'000'000));
    auto const mark = print_mark({lane_key{}, epoch{1}, batch_number{batch}});
    run(fmt::format("SELECT pg_logical_emit_message(true, '{}', '{}')", message_prefix, mark));
    run(fmt::format("SELECT pg_logical_emit_message(false, '{}', '{}')", message_prefix, mark));
    // A batch says its own before anything else.
    if (mark_.empty()) mark_ = fmt::format("batch{} ", batch);
  }
  void write_in_vain() {
    run("SAVEPOINT here");
    run(fmt::format("INSERT INTO item VALUES({}, 'in vain', NULL)", 1000 + number_));
    run("ROLLBACK TO here");
  }
  void run(std::string const& sql) { EXPECT_TRUE(people_.run(sql)) << sql; }

  postgres_user people_;
  std::int64_t number_;
  std::vector<std::string>& committed_;
  bool is_open_ = false;
  int tokens_ = 0;
  std::map<std::pair<std::string, std::int64_t>, bool> photos_;  // rows, and whether they have one
  std::map<std::pair<std::string, std::int64_t>, bool> before_;
  std::string said_, mark_;
};

class random_reading {
 public:
  explicit random_reading(std::uint64_t seed)
      : random_(seed), url_(postgres_cluster::shared().fresh_database("shop")), people_(url_) {
    for (auto const* table : {"item", "part"}) {
      EXPECT_TRUE(people_.run(
          fmt::format("CREATE TABLE {0}(id bigint PRIMARY KEY, token text, photo bytea); "
                      "ALTER TABLE {0} ALTER photo SET STORAGE EXTERNAL",
                      table)));
    }
    EXPECT_TRUE(people_.run("CREATE TABLE aside(note text)"));
    for (int i = 0; i < writers; ++i)
      writers_.push_back(std::make_unique<writer>(url_, i, committed_));
    acknowledged_ = begin_anew({});
  }

  void run() {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
    for (auto const& one : writers_) one->end(true);
    while (whole_count() < committed_.size() && !testing::Test::HasFailure()) {
      auto more = stream_->next(5);
      ASSERT_TRUE(more) << to_string(more.error());
      ASSERT_FALSE(more->empty()) << "what comes next is " << committed_[whole_count()];
      take(std::move(*more));
    }
    check();
  }

  int changes = 0;  // of the way to read
  int parts = 0;    // behind the first of a transaction

 private:
  source_position begin_anew(std::optional<source_position> after) {
    auto const far = static_cast<std::uint64_t>(random_.number(0, 6'000));
    stretch_limits limits;
    limits.far = far;
    limits.near = far / static_cast<std::uint64_t>(random_.number(1, 10));
    limits.least = static_cast<std::uint64_t>(random_.number(1, 30'000));
    limits.most = static_cast<std::uint64_t>(random_.chance(30) ? random_.number(1'000, 400'000)
                                                                : 1'000'000'000);
    stream_.reset();
    stream_.emplace(url_, std::vector<captured_table>{"item", "part"}, limits);
    auto const at = stream_->open(after);
    how_ = stream_->read_how();
    return at;
  }

  void step() {
    auto const what = random_.number(1, 100);
    if (what <= 55) {
      writers_[static_cast<std::size_t>(random_.number(0, writers - 1))]->step(random_);
    } else if (what <= 88) {
      auto const limit = static_cast<std::size_t>(random_.number(1, 6));
      bool const waits = whole_count() < committed_.size();
      auto got = waits ? stream_->next(limit) : stream_->read(limit);
      ASSERT_TRUE(got) << to_string(got.error());
      take(std::move(*got));
    } else if (what <= 95) {
      acknowledge();
    } else if (what <= 98) {
      EXPECT_TRUE(people_.run("CHECKPOINT"));
    } else {
      open_again();
    }
  }

  void take(std::vector<captured_transaction> more) {
    for (auto& one : more) {
      EXPECT_EQ(is_whole_, one.begins);
      is_whole_ = one.ends;
      auto const last = given_.empty() ? source_position{} : given_.back().position;
      if (one.begins) {
        EXPECT_LT(last, one.position);
        given_.push_back(std::move(one));
      } else {
        EXPECT_EQ(last, one.position);
        auto& whole = given_.back();
        whole.mark = one.mark;
        whole.rows.insert(whole.rows.end(), one.rows.begin(), one.rows.end());
        ++parts;
      }
    }
    if (std::exchange(how_, stream_->read_how()) != how_) ++changes;
    if (random_.chance(10)) check();
  }
  std::size_t whole_count() const { return given_.size() - (is_whole_ ? 0 : 1); }

  // A transaction that was given and not acknowledged yet, drawn; nothing where there is none.
  std::optional<std::size_t> drawn() {
    std::size_t first = whole_count();
    while (first > 0 && given_[first - 1].position > acknowledged_) --first;
    if (first == whole_count()) return std::nullopt;
    return static_cast<std::size_t>(random_.number(static_cast<std::int64_t>(first),
                                                   static_cast<std::int64_t>(whole_count()) - 1));
  }

  void acknowledge() {
    auto const one = drawn();
    if (!one) return;
    acknowledged_ = given_[*one].position;
    stream_->acknowledge(acknowledged_);
  }

  // Our log holds what it acknowledged, and it may hold more.
  void open_again() {
    auto const last = drawn();
    given_.resize(last ? *last + 1 : whole_count());
    is_whole_ = true;
    begin_anew(last ? given_.back().position : acknowledged_);
  }

  void check() {
    ASSERT_LE(given_.size(), committed_.size());
    for (std::size_t i = 0; i < whole_count(); ++i) ASSERT_EQ(committed_[i], show(given_[i]));
    auto const confirmed = people_.ask(
        "SELECT (confirmed_flush_lsn - '0/0')::bigint FROM pg_replication_slots WHERE database = "
        "current_database()");
    EXPECT_LE(std::stoull(confirmed), acknowledged_.commit);
  }

  test::random_values random_;
  std::string url_;
  postgres_user people_;
  std::vector<std::string> committed_;
  std::vector<std::unique_ptr<writer>> writers_;
  std::optional<change_stream_under_test> stream_;
  source_position acknowledged_;
  way how_ = way::closed;
  std::vector<captured_transaction> given_;
  bool is_whole_ = true;  // the last of them
};

// Other seeds: --gtest_random_seed=…
TEST(BulkReadProperty, WhatIsGivenIsWhatWasCommittedInItsOrderOnce) {
  auto const first = GTEST_FLAG_GET(random_seed) * seeds + 1;
  int changes = 0;
  int parts = 0;
  for (int seed = first; seed < first + seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    random_reading one(static_cast<std::uint64_t>(seed));
    one.run();
    changes += one.changes;
    parts += one.parts;
  }
  EXPECT_LT(8 * seeds, changes);
  EXPECT_LT(0, parts);
}

}  // namespace
}  // namespace dualwrite::engine::postgresql
