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

engine::engine_settings slow_captures() {
  auto out = small_steps();
  out.flow.capture_transactions_max = 4;
  return out;
}

struct backlog : asked {
  explicit backlog(conflict_policy policy = conflict_policy::manual)
      : asked(policy, slow_captures()) {}

  void stay_away() {
    auto const soon = here.time.now() + std::chrono::milliseconds(20);
    here.left_port.stay_away_until(soon);
    here.right_port.stay_away_until(soon);
  }
  // What its users do now is known later than what the other side's do.
  void keep_busy(engine::memory_app& app) {
    for (std::int64_t id = 0; id < 400; ++id) user(app, put(1000 + id, "other"));
  }
  // Neither app is reached while its users are at work. The side that comes later has done other
  // things before, so that the other one's changes are written to it before its own are known.
  void change_much(side comes_first) {
    stay_away();
    keep_busy(comes_first == side::left ? here.right : here.left);
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
      EXPECT_LE(told, 2 * changes);
    }
  }
}

TEST(ConflictBacklog, BothSidesAreEqualWhereverTheEngineCrashes) {
  for (std::uint32_t seed = 1; seed <= 24 && !testing::Test::HasFailure(); ++seed) {
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

// What the target refused has taken the place of nothing.
TEST(ConflictBacklog, ARefusedChangeHidesNoneBeforeIt) {
  backlog one(conflict_policy::right_wins);
  one.stay_away();
  one.keep_busy(one.here.right);
  one.user(one.here.right, put(1, "open"));
  bool is_strict = true;
  one.here.right.table("customer").rule =
      [&](row_values const& row) -> std::optional<engine::refusal> {
    bool const is_refused = is_strict && row[1].as_string() == "open";
    return is_refused ? std::optional(engine::refusal{"check", "not open"}) : std::nullopt;
  };
  one.user(one.here.left, put(1, "closed"));
  one.user(one.here.left, put(1, "open"));
  ASSERT_TRUE(one.here.run_until([&] { return one.name_in(one.here.right, 1) == "closed"; }));
  one.settle();
  is_strict = false;
  one.submit(engine::retry_records{one.map, {}});
  one.expect_both(1, "open");
}

// A change that had not seen what somebody had decided before stands against the change that was
// chosen, and can be decided itself.
TEST(ConflictBacklog, OneDecisionMayFollowAnother) {
  for (auto const keep : {side::left, side::right}) {
    backlog one;
    one.disagree(1);
    one.keep_busy(one.here.right);
    one.user(one.here.right, put(1, "right again"));
    one.decide(side::left);
    ASSERT_TRUE(one.here.run_until([&] { return one.name_in(one.here.right, 1) == "left"; }));
    one.settle();
    ASSERT_TRUE(one.is_asked());
    one.decide(keep);
    one.expect_both(1, keep == side::left ? "left" : "right again");
  }
}

}  // namespace
}  // namespace dualwrite::simulation
