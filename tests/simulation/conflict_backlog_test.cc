// Both apps change the same few rows again and again, and neither change has seen the other side's:
// what is said of it grows with the changes and not with their pairs, and both sides end with the
// row that the policy chooses.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/simulation/asked.h"

namespace dualwrite::simulation {
namespace {

constexpr std::int64_t rows_changed = 3;
constexpr int rounds = 40;
constexpr std::size_t changes = 2 * rows_changed * rounds;

struct backlog : asked {
  using asked::asked;

  // Neither app is reached while its users are at work.
  void change_much(side comes_first) {
    auto const soon = here.time.now() + std::chrono::milliseconds(20);
    auto const later = soon + std::chrono::milliseconds(20);
    here.left_port.stay_away_until(comes_first == side::left ? soon : later);
    here.right_port.stay_away_until(comes_first == side::left ? later : soon);
    for (int round = 0; round < rounds; ++round) {
      for (std::int64_t id = 0; id < rows_changed; ++id) {
        user(here.left, put(id, fmt::format("left {}", round)));
        user(here.right, put(id, fmt::format("right {}", round)));
      }
    }
  }
  bool is_at_rest() {
    return queued() == 0 && are_equal() && here.views().conflicts.resolutions.empty() &&
           count(event_type::RecordsCaptured) > 0;
  }
  std::string last_of(side winner) const {
    return fmt::format("{} {}", winner == side::left ? "left" : "right", rounds - 1);
  }
  void expect_all(std::string const& name) {
    for (std::int64_t id = 0; id < rows_changed; ++id) expect_both(id, name);
  }
};

// At the same time of a change the master side has the newest: the left.
constexpr std::pair<conflict_policy, side> policies[] = {
    {conflict_policy::left_wins, side::left},
    {conflict_policy::right_wins, side::right},
    {conflict_policy::newest_wins, side::left},
};

TEST(ConflictBacklog, IsToldOfOncePerChange) {
  for (auto const& [policy, winner] : policies) {
    for (auto const comes_first : {side::left, side::right}) {
      SCOPED_TRACE(fmt::format("{} {}", static_cast<int>(policy), static_cast<int>(comes_first)));
      backlog one(policy);
      one.change_much(comes_first);
      one.expect_all(one.last_of(winner));
      EXPECT_TRUE(one.is_at_rest());
      auto const told = one.count(event_type::ConflictDetected);
      EXPECT_GT(told, 0u);
      EXPECT_LE(told, changes);
    }
  }
}

TEST(ConflictBacklog, BothSidesAreEqualWhereverTheEngineCrashes) {
  for (std::uint32_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    auto const& [policy, winner] = policies[seed % std::size(policies)];
    backlog one(policy);
    one.change_much(chance() % 2 == 0 ? side::left : side::right);
    for (int crashes = 0; crashes < 3; ++crashes) {
      one.here.run(chance() % 400);
      one.here.crash_and_restart(chance() % 400);
    }
    one.expect_all(one.last_of(winner));
  }
}

// The side that lost receives the newest of what its changes stood against.
TEST(ConflictBacklog, OneDecisionBringsTheNewestOfTheKeptSide) {
  for (auto const keep : {side::left, side::right}) {
    for (auto const comes_first : {side::left, side::right}) {
      SCOPED_TRACE(fmt::format("{} {}", static_cast<int>(keep), static_cast<int>(comes_first)));
      backlog one;
      one.change_much(comes_first);
      ASSERT_TRUE(one.here.run_until([&] {
        return one.queued() == 0 && open_conflicts(one.here.views()).size() == rows_changed;
      }));
      while (one.is_asked()) one.decide(keep);
      one.expect_all(one.last_of(keep));
    }
  }
}

}  // namespace
}  // namespace dualwrite::simulation
