// Source transactions that are larger than what is read, appended and written at once.
#include <gtest/gtest.h>

#include "tests/simulation/customers.h"
#include "tests/simulation/random_run.h"

namespace dualwrite::simulation {
namespace {

engine::flow_options small_steps() {
  engine::flow_options out;
  out.batch_records_max = 4;
  out.capture_bytes_max = 40;
  out.capture_transactions_max = 2;
  return out;
}

class LargeTransactions : public testing::Test, protected customers {
 protected:
  LargeTransactions() : customers({small_steps(), {}, {}, {}, nullptr}) {
    for (auto* app : {&here.left, &here.right}) {
      app->options.part_rows = 3;
      app->written = [this](engine::target_batch const& batch, auto const&) {
        if (!batch.ends) ++parts_written;
        if (batch.begins && batch.ends) ++whole_written;
      };
    }
  }
  std::vector<engine::row_change> many(std::int64_t count, std::string const& name) {
    std::vector<engine::row_change> out;
    for (std::int64_t id = 0; id < count; ++id) out.push_back(put(id, name + std::to_string(id)));
    return out;
  }
  // Some of it is written, and not all of it captured.
  void begin_large_one() {
    ASSERT_TRUE(here.left.commit(many(100, "row ")));
    ASSERT_TRUE(here.run_until([&] { return !rows(here.right).empty(); }));
    ASSERT_FALSE(is_captured_whole());
  }
  // Whether the log has the end of the last transaction that was captured.
  bool is_captured_whole() const {
    bool is_whole = true;
    auto const cursor = here.log().read({});
    while (auto const stored = cursor->next()) {
      if (!*stored) break;
      auto const event = decode(**stored);
      if (auto const* captured = event->as<RecordsCaptured>()) is_whole = captured->last;
    }
    return is_whole;
  }
  std::size_t parts_written = 0;
  std::size_t whole_written = 0;
};

TEST_F(LargeTransactions, AreWrittenWhileTheyAreCaptured) {
  start();
  auto const commits = here.right.last_commit();
  begin_large_one();
  ASSERT_TRUE(become_equal());
  EXPECT_EQ(commits + 1, here.right.last_commit());
  here.run(500);
  expect_conserved();
}

// The target is not kept waiting for a source that is away, and not begun with again and again.
TEST_F(LargeTransactions, AreGivenUpWhereTheirSourceDoesNotGoOn) {
  start();
  auto const commits = here.right.last_commit();
  begin_large_one();
  here.left_port.stay_away_until(here.time.now() + std::chrono::seconds(60));
  auto const later = here.time.now() + std::chrono::seconds(2);
  ASSERT_TRUE(here.run_until([&] { return here.time.now() >= later; }));
  auto const long_after = later + std::chrono::seconds(40);
  EXPECT_FALSE(here.run_until([&] {
    return !rows(here.right).empty() || here.time.now() >= long_after;
  }) && !rows(here.right).empty());
  ASSERT_TRUE(become_equal());
  EXPECT_EQ(commits + 1, here.right.last_commit());
  here.run(500);
  expect_conserved();
}

TEST_F(LargeTransactions, AMapMayPauseWhileOneIsCaptured) {
  start();
  begin_large_one();
  here.left_port.stay_away_until(here.time.now() + std::chrono::seconds(60));
  auto const soon = here.time.now() + std::chrono::seconds(1);
  ASSERT_TRUE(here.submit(engine::pause_map{map}));
  ASSERT_TRUE(comes_to(projections::map_state::paused));
  EXPECT_LT(here.time.now(), soon);
  EXPECT_TRUE(rows(here.right).empty());
  ASSERT_TRUE(here.submit(engine::resume_map{map}));
  ASSERT_TRUE(become_equal());
  here.run(500);
  expect_conserved();
}

TEST_F(LargeTransactions, ArriveAsOneTransaction) {
  start();
  auto const commits = here.right.last_commit();
  ASSERT_TRUE(here.left.commit(many(50, "row ")));
  ASSERT_TRUE(become_equal());
  EXPECT_EQ(50u, rows(here.right).size());
  EXPECT_EQ(commits + 1, here.right.last_commit());
  EXPECT_GE(parts_written, 5u);
  here.run(500);
  EXPECT_EQ(1u, here.left.last_commit()) << "an echo was taken for a change";
  expect_conserved();
}

TEST_F(LargeTransactions, OfBothSidesAtOnceThePolicyChooses) {
  start();
  ASSERT_TRUE(here.left.commit(many(40, "left ")));
  ASSERT_TRUE(here.right.commit(many(60, "right ")));
  here.run(3'000);
  EXPECT_TRUE(become_equal());
  EXPECT_EQ(customer(39, "left 39"), rows(here.right).at({value::of_int64(39)}));
  EXPECT_EQ(customer(40, "right 40"), rows(here.left).at({value::of_int64(40)}));
  expect_conserved();
}

TEST_F(LargeTransactions, ARefusedRowWaitsAndWhatChangesAPartOfItWaitsBehindIt) {
  bool strict = true;
  here.right.table("customer").rule = [&](row_values const& r) -> std::optional<engine::refusal> {
    if (strict && r[1].as_string() == "bad") return engine::refusal{"check", "no bad names"};
    return std::nullopt;
  };
  start();
  auto changes = many(30, "row ");
  changes[2] = put(2, "bad");
  changes.push_back(put(2, "good in the end"));
  changes.push_back(put(40, "bad"));
  ASSERT_TRUE(here.left.commit(changes));
  projections::map_way const way{map, direction::left_to_right};
  ASSERT_TRUE(here.run_until([&] { return rows(here.right).size() == 30; }));
  ASSERT_TRUE(here.run_until([&] { return here.views().parked.count(way) == 1; }));
  EXPECT_EQ(customer(2, "good in the end"), rows(here.right).at({value::of_int64(2)}));
  strict = false;
  ASSERT_TRUE(here.submit(engine::retry_records{map, {}}));
  EXPECT_TRUE(become_equal());
  expect_conserved();
}

// Wherever the engine ends in the middle of it: once, whole.
TEST_F(LargeTransactions, TakeEffectOnceWhereverTheEngineCrashes) {
  start();
  for (std::size_t steps = 1; steps < 160; steps += 3) {
    SCOPED_TRACE(steps);
    auto const commits = here.right.last_commit();
    auto const left_commits = here.left.last_commit();
    ASSERT_TRUE(here.left.commit(many(25, std::to_string(steps) + "/")));
    here.run(steps);
    here.crash_and_restart(steps * 37 % 900);
    ASSERT_TRUE(become_equal());
    ASSERT_EQ(commits + 1, here.right.last_commit());
    ASSERT_EQ(left_commits + 1, here.left.last_commit());
  }
  expect_conserved();
}

// While it is captured all that is in the log of it is told as waiting.
TEST_F(LargeTransactions, APausedMapKeepsAllOfThem) {
  start();
  ASSERT_TRUE(here.submit(engine::pause_map{map}));
  ASSERT_TRUE(comes_to(projections::map_state::paused));
  ASSERT_TRUE(here.left.commit(many(50, "row ")));
  ASSERT_TRUE(here.run_until([&] { return queued() == 50; }));
  ASSERT_TRUE(here.submit(engine::resume_map{map}));
  ASSERT_TRUE(comes_to(projections::map_state::running));
  EXPECT_TRUE(become_equal());
  expect_conserved();
}

// Of small ones that wait several parts make one batch.
TEST_F(LargeTransactions, SmallOnesThatWaitAreWrittenManyAtOnce) {
  start();
  ASSERT_TRUE(here.submit(engine::pause_map{map}));
  ASSERT_TRUE(comes_to(projections::map_state::paused));
  for (int i = 0; i < 60; ++i) user(here.left, put(i, std::to_string(i)));
  ASSERT_TRUE(here.run_until([&] { return queued() == 60; }));
  auto const commits = here.right.last_commit();
  ASSERT_TRUE(here.submit(engine::resume_map{map}));
  ASSERT_TRUE(comes_to(projections::map_state::running));
  EXPECT_TRUE(become_equal());
  EXPECT_EQ(60u, rows(here.right).size());
  EXPECT_LE(here.right.last_commit(), commits + 4);
  expect_conserved();
}

TEST_F(LargeTransactions, AreWrittenWholeWhereTheyAreToBeRefusedWhole) {
  here.right.table("customer").rule = [](row_values const& r) -> std::optional<engine::refusal> {
    if (r[1].as_string() == "bad") return engine::refusal{"check", "no bad names"};
    return std::nullopt;
  };
  define();
  definition.park_whole_transaction = true;
  submit(engine::change_map{map, engine::print_definition(definition)});
  submit(engine::run_map{map});
  ASSERT_TRUE(comes_to(projections::map_state::running));
  auto changes = many(30, "row ");
  changes.push_back(put(40, "bad"));
  ASSERT_TRUE(here.left.commit(changes));
  projections::map_way const way{map, direction::left_to_right};
  ASSERT_TRUE(here.run_until([&] { return here.views().parked.count(way) == 31; }));
  EXPECT_TRUE(rows(here.right).empty());
  EXPECT_EQ(0u, parts_written);
  expect_conserved();
}

void run_seeds(app_rules rules) {
  random_options options;
  options.rules = rules;
  options.flow = small_steps();
  options.edits_max = 12;
  std::size_t parts = 0;
  options.before_round = [&](world& here) {
    here.left.options.part_rows = 2;
    here.right.options.part_rows = 3;
    here.left_port.latency = here.right_port.latency = std::chrono::milliseconds(1);
  };
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    random_run one(seed, options);
    EXPECT_EQ("", one.run()) << "seed " << seed;
    parts += one.parts_written();
  }
  EXPECT_GT(parts, 500u);
}

TEST(LargeRandomTransactions, EndEqual) {
  run_seeds(app_rules::none);
}
TEST(LargeRandomTransactions, EndEqualBesideRulesThatRewriteRows) {
  run_seeds(app_rules::rewriting);
}
TEST(LargeRandomTransactions, EndEqualBesideRulesThatRefuseRows) {
  run_seeds(app_rules::refusing);
}

}  // namespace
}  // namespace dualwrite::simulation
