// Conflicts that somebody has to decide, and those that are decided column by column.
#include <gtest/gtest.h>

#include <random>

#include "tests/simulation/asked.h"

namespace dualwrite::simulation {
namespace {

TEST(ManualConflict, HoldsItsKeyInBothDirectionsAndNoOther) {
  asked one;
  one.disagree(1);
  one.user(one.here.left, put(1, "left again"));
  one.user(one.here.right, put(1, "right again"));
  one.user(one.here.left, put(2, "other"));
  ASSERT_TRUE(one.here.run_until([&] { return one.name_in(one.here.right, 2) == "other"; }));
  one.settle();
  EXPECT_EQ("left again", one.name_in(one.here.left, 1));
  EXPECT_EQ("right again", one.name_in(one.here.right, 1));
  ASSERT_EQ(1u, open_conflicts(one.here.views()).size());
  auto const conflict = one.asked_now();
  EXPECT_FALSE(conflict.of(side::left).records.empty());
  EXPECT_FALSE(conflict.of(side::right).records.empty());
  one.expect_whole();
}

TEST(ManualConflict, TheNewestChangeOfTheKeptSideStaysOnBoth) {
  for (auto const keep : {side::left, side::right}) {
    asked one;
    one.disagree(1);
    one.user(one.here.left, put(1, "left again"));
    one.user(one.here.right, put(1, "right again"));
    one.settle();
    one.decide(keep);
    one.expect_both(1, keep == side::left ? "left again" : "right again");
  }
}

// Whose change was held and whose was written first does not matter; nor does it that only the side
// which loses went on.
TEST(ManualConflict, TheLoserReceivesWhatItStoodAgainst) {
  for (auto const keep : {side::left, side::right}) {
    for (auto const goes_on : {side::left, side::right}) {
      asked one;
      one.disagree(1);
      auto& app = goes_on == side::left ? one.here.left : one.here.right;
      one.user(app, put(1, "went on"));
      one.settle();
      one.decide(keep);
      one.expect_both(1, keep == goes_on ? "went on" : keep == side::left ? "left" : "right");
    }
  }
}

TEST(ManualConflict, ADecisionAboutWhatWasNotLookedAtIsRefused) {
  asked one;
  one.disagree(1);
  auto const looked_at = one.asked_now();
  one.user(one.here.left, put(1, "left again"));
  one.settle();
  auto const refused =
      one.here.submit(engine::resolve_conflict{looked_at.id, side::right, looked_at.newest});
  ASSERT_FALSE(refused);
  EXPECT_EQ(error_code::conflict_moved, refused.error().code);
  EXPECT_TRUE(one.is_asked());
  one.decide(side::left);
  one.expect_both(1, "left again");
  auto const again = one.here.submit(engine::resolve_conflict{looked_at.id, side::left, {}});
  ASSERT_FALSE(again);
  EXPECT_EQ(error_code::unknown_record, again.error().code);
}

TEST(ManualConflict, ADecisionWhilePausedTakesEffectWithTheResume) {
  asked one;
  one.disagree(1);
  one.submit(engine::pause_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::paused));
  one.decide(side::left);
  one.here.run(300);
  one.submit(engine::resume_map{one.map});
  one.expect_both(1, "left");
}

// Users, decisions and crashes in any order: when all is decided both sides are equal.
TEST(ManualConflict, BothSidesAreEqualWhenAllIsDecided) {
  for (std::uint32_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    asked one;
    auto const pick = [&](std::uint32_t n) { return chance() % n; };
    for (int step = 0; step < 40; ++step) {
      auto& app = pick(2) == 0 ? one.here.left : one.here.right;
      std::int64_t const id = pick(3);
      switch (pick(8)) {
        case 0:
          one.here.run(pick(400));
          break;
        case 1:
          if (pick(4) == 0) one.here.crash_and_restart(pick(400));
          break;
        case 2:
          if (one.is_asked()) one.decide(pick(2) == 0 ? side::left : side::right);
          break;
        case 3:
          if (one.rows(app).contains({value::of_int64(id)})) one.user(app, gone(id));
          break;
        default:
          one.user(app, put(id, std::to_string(step)));
          break;
      }
      one.here.run(pick(40));
    }
    for (int asks = 0; asks < 100; ++asks) {
      one.settle();
      if (!one.is_asked()) break;
      one.decide(pick(2) == 0 ? side::left : side::right);
    }
    one.here.run(500);
    EXPECT_FALSE(one.is_asked());
    for (std::int64_t id = 0; id < 3; ++id) {
      if (one.here.views().drift.lists(one.map, key(id))) continue;
      EXPECT_EQ(one.name_in(one.here.left, id), one.name_in(one.here.right, id)) << id;
    }
    one.expect_whole();
  }
}

// The left side's name and the right side's city stay.
struct by_column : customers {
  by_column() : customers(small_steps()) {
    auto schema = customer_table();
    schema.columns.resize(3);
    schema.columns[2].name = "city";
    here.left.add_table(schema);
    here.right.add_table(schema);
    define(conflict_policy::newest_wins);
    definition.columns.push_back(definition.columns[0]);
    definition.columns[1].left = definition.columns[1].right = "city";
    definition.columns[0].conflict = conflict_policy::left_wins;
    definition.columns[1].conflict = conflict_policy::right_wins;
    submit(engine::change_map{map, engine::print_definition(definition)});
    submit(engine::run_map{map});
    EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
    user(here.left, person("before", "before"));
    EXPECT_TRUE(here.run_until([&] { return are_equal() && queued() == 0; }));
    here.run(50);
  }
  static engine::row_change person(std::string name, std::string city) {
    return {"customer",
            operation::update,
            {value::of_int64(1), value::of_text(std::move(name)), value::of_text(std::move(city))}};
  }
  void disagree(side first) {
    auto const soon = here.time.now() + std::chrono::milliseconds(20);
    auto& comes_first = first == side::left ? here.left_port : here.right_port;
    auto& comes_then = first == side::left ? here.right_port : here.left_port;
    comes_first.stay_away_until(soon);
    comes_then.stay_away_until(soon + std::chrono::milliseconds(20));
    user(here.left, person("left", "left"));
    user(here.right, person("right", "right"));
  }
  bool is_agreed() {
    auto const& row = rows(here.left).at({value::of_int64(1)});
    return are_equal() && row[1] == value::of_text("left") && row[2] == value::of_text("right");
  }
};

TEST(ColumnConflict, EachColumnKeepsTheValueOfItsPolicyOnBothSides) {
  for (auto const first : {side::left, side::right}) {
    by_column one;
    one.disagree(first);
    EXPECT_TRUE(one.here.run_until([&] { return one.is_agreed() && one.queued() == 0; }));
    one.here.run(300);
    EXPECT_TRUE(one.is_agreed());
    one.expect_conserved();
  }
}

TEST(ColumnConflict, ACrashAtAnyStepChangesNothingAboutIt) {
  for (auto const first : {side::left, side::right}) {
    for (std::size_t steps = 0; steps < 260 && !testing::Test::HasFailure(); steps += 7) {
      SCOPED_TRACE(steps);
      by_column one;
      one.disagree(first);
      one.here.run(steps);
      one.here.crash_and_restart(steps * 37 % 400);
      EXPECT_TRUE(one.here.run_until([&] { return one.is_agreed() && one.queued() == 0; }));
      one.here.run(300);
      EXPECT_TRUE(one.is_agreed());
      one.expect_conserved();
    }
  }
}

}  // namespace
}  // namespace dualwrite::simulation
