// Each side gives a value that must be unique to a row of its own: what the conflict matrix does
// not show.
#include <gtest/gtest.h>

#include <random>

#include "tests/simulation/asked.h"

namespace dualwrite::simulation {
namespace {

// No two customers have one name.
struct unique_names : asked {
  explicit unique_names(conflict_policy policy) : asked(policy) {
    here.left.table("customer").unique = {{1}};
    here.right.table("customer").unique = {{1}};
  }
  // Both are refused before anybody can decide.
  void clash(std::int64_t on_left, std::int64_t on_right) {
    auto const soon = here.time.now() + std::chrono::milliseconds(20);
    here.left_port.stay_away_until(soon);
    here.right_port.stay_away_until(soon);
    user(here.left, put(on_left, "the same"));
    user(here.right, put(on_right, "the same"));
  }
  std::size_t parked_in_all() const {
    return parked() + here.views().parked.count({map, direction::right_to_left});
  }
  bool is_taken(engine::memory_app& app, std::string const& name) {
    for (auto const& [id, row] : rows(app)) {
      if (row[1] == value::of_text(name)) return true;
    }
    return false;
  }
};

TEST(ValueClash, WhoeverGivesARowAnotherValueSettlesIt) {
  for (auto const gives_way : {side::left, side::right}) {
    unique_names one(conflict_policy::manual);
    one.clash(1, 2);
    ASSERT_TRUE(one.here.run_until([&] { return one.is_asked(); }));
    one.settle();
    EXPECT_TRUE(one.asked_now().is_of_value);
    EXPECT_EQ(2u, one.parked_in_all());
    auto& app = gives_way == side::left ? one.here.left : one.here.right;
    one.user(app, put(gives_way == side::left ? 1 : 2, "another"));
    EXPECT_TRUE(one.here.run_until([&] { return one.parked_in_all() == 0; }));
    one.expect_both(1, gives_way == side::left ? "another" : "the same");
    one.expect_both(2, gives_way == side::right ? "another" : "the same");
    EXPECT_EQ(0u, one.count(event_type::ConflictResolved));
  }
}

TEST(ValueClash, IsToldOnce) {
  unique_names one(conflict_policy::manual);
  one.clash(1, 2);
  ASSERT_TRUE(one.here.run_until([&] { return one.is_asked(); }));
  one.here.crash_and_restart(0);
  one.settle();
  one.submit(engine::retry_records{one.map, {}});
  one.settle();
  EXPECT_TRUE(one.is_asked());
  EXPECT_EQ(1u, one.count(event_type::ConflictDetected));
  one.decide(side::right);
  one.expect_both(1, "");
  one.expect_both(2, "the same");
}

// Its user was quicker than the engine: what is newer is not written over.
TEST(ValueClash, ALoserThatGoesOnKeepsWhatItSaysThen) {
  unique_names one(conflict_policy::left_wins);
  one.clash(1, 2);
  ASSERT_TRUE(one.here.run_until([&] { return one.count(event_type::ConflictResolved) == 1; }));
  one.user(one.here.right, put(2, "another"));
  one.expect_both(1, "the same");
  one.expect_both(2, "another");
}

TEST(ValueClash, RowsOfAnInitialSyncAreLeftToSomebody) {
  for (auto const keep : {side::left, side::right}) {
    customers one(small_steps());
    for (auto* app : {&one.here.left, &one.here.right}) app->table("customer").unique = {{1}};
    one.user(one.here.left, put(1, "the same"));
    one.user(one.here.right, put(2, "the same"));
    one.define(conflict_policy::left_wins);
    one.submit(engine::run_map{one.map});
    ASSERT_TRUE(one.here.run_until([&] { return !open_conflicts(one.here.views()).empty(); }));
    one.here.run(200);
    EXPECT_EQ(1u, one.rows(one.here.left).size());
    EXPECT_EQ(1u, one.rows(one.here.right).size());
    auto const asked_about = open_conflicts(one.here.views()).front();
    one.submit(engine::resolve_conflict{asked_about.id, keep, asked_about.newest});
    one.submit(engine::run_map{one.map, run_mode::skip_initial_sync});
    EXPECT_TRUE(one.become_equal());
    EXPECT_TRUE(one.rows(one.here.left).contains({value::of_int64(keep == side::left ? 1 : 2)}));
  }
}

// What only one side takes once is an error like any other: nobody's row is undone.
TEST(ValueClash, NeedsARefusalOfEachSide) {
  unique_names one(conflict_policy::left_wins);
  one.here.left.table("customer").unique.clear();
  one.clash(1, 2);
  ASSERT_TRUE(one.here.run_until([&] { return one.name_in(one.here.left, 2) == "the same"; }));
  one.settle();
  EXPECT_EQ(1u, one.parked_in_all());
  EXPECT_EQ("the same", one.name_in(one.here.right, 2));
  EXPECT_EQ(0u, one.count(event_type::ConflictDetected));
  one.expect_whole();
}

// Users and crashes in any order, with fewer names than they need: when all rests, what waits for
// nobody is equal.
TEST(ValueClash, BothSidesAreEqualWhereNothingWaits) {
  for (std::uint32_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    auto const pick = [&](std::uint32_t n) { return chance() % n; };
    unique_names one(pick(2) == 0 ? conflict_policy::left_wins : conflict_policy::newest_wins);
    for (int step = 0; step < 40; ++step) {
      auto& app = pick(2) == 0 ? one.here.left : one.here.right;
      std::int64_t const id = pick(4);
      auto const name = std::to_string(pick(5));
      switch (pick(8)) {
        case 0:
          one.here.run(pick(400));
          break;
        case 1:
          if (pick(4) == 0) one.here.crash_and_restart(pick(400));
          break;
        case 2:
          if (one.rows(app).contains({value::of_int64(id)})) one.user(app, gone(id));
          break;
        default:
          if (!one.is_taken(app, name)) one.user(app, put(id, name));
          break;
      }
      one.here.run(pick(40));
    }
    one.settle();
    one.here.run(500);
    auto const waits = [&](std::int64_t id) {
      auto const& parked = one.here.views().parked;
      return parked.chain(one.way(), key(id)) != nullptr ||
             parked.chain({one.map, direction::right_to_left}, key(id)) != nullptr;
    };
    for (std::int64_t id = 0; id < 4; ++id) {
      if (waits(id) || one.here.views().drift.lists(one.map, key(id))) continue;
      EXPECT_EQ(one.name_in(one.here.left, id), one.name_in(one.here.right, id)) << id;
    }
    one.expect_whole();
  }
}

}  // namespace
}  // namespace dualwrite::simulation
