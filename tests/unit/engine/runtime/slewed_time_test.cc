// The log's time beside a wall clock that is set, and one that drifts.
#include <gtest/gtest.h>

#include <random>

#include "engine/runtime/slewed_time.h"

namespace dualwrite::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr instant noon{1'700'000'000'000'000};

TEST(SlewedTime, AdvancesByTheMonotonicClock) {
  slewed_time const time(seconds(100), noon, {});
  EXPECT_EQ(noon, time.at(seconds(100)));
  EXPECT_EQ(noon + hours(3), time.at(seconds(100) + hours(3)));
}

TEST(SlewedTime, WhatIsCenturiesAwayIsWaitedFor) {
  slewed_time time(duration{}, noon, {});
  EXPECT_FALSE(time.follow(seconds(5), noon + seconds(35)));
  auto const century = hours(24 * 365 * 100);
  auto const wait = time.until(seconds(5), noon + 10 * century);
  EXPECT_GE(time.at(seconds(5) + wait), noon + 10 * century);
}

TEST(SlewedTime, BeginsBehindWhatTheLogHolds) {
  slewed_time const time(duration{}, noon, noon + hours(1));
  EXPECT_EQ(noon + hours(1), time.at(duration{}));
  EXPECT_EQ(noon + hours(1) + seconds(5), time.at(seconds(5))) << "it does not stand still";
}

TEST(SlewedTime, AStepIsToldOnceAndIsNoJump) {
  for (auto const step : {duration(hours(-24)), duration(hours(24 * 365)), duration(minutes(2))}) {
    slewed_time time(duration{}, noon, {});
    EXPECT_FALSE(time.follow(seconds(5), noon + seconds(5)));
    EXPECT_TRUE(time.follow(seconds(10), noon + seconds(10) + step));
    EXPECT_EQ(noon + seconds(10), time.at(seconds(10)));
    EXPECT_FALSE(time.follow(seconds(15), noon + seconds(15) + step)) << "once";
    EXPECT_FALSE(time.follow(hours(1), noon + hours(1) + step)) << "its own slewing is no step";
  }
}

TEST(SlewedTime, ASmallDifferenceIsMadeUpFor) {
  for (auto const off : {duration(seconds(30)), duration(seconds(-30))}) {
    slewed_time time(duration{}, noon, {});
    for (int i = 1; i <= 400; ++i) {
      auto const passed = seconds(5) * i;
      EXPECT_FALSE(time.follow(passed, noon + passed + off));
    }
    auto const end = seconds(5) * 400;
    auto const left = noon + end + off - time.at(end);
    EXPECT_LT(std::abs(left.count()), 1'000'000);
  }
}

// Whatever the wall clock does: never back, never more than a twentieth faster or slower, and what
// until() says is when it comes.
TEST(SlewedTime, NeverGoesBackOrJumps) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 chance(seed);
    slewed_time time(duration{}, noon, {});
    instant wall = noon;
    duration monotonic{};
    for (int i = 0; i < 300; ++i) {
      auto const before = time.at(monotonic);
      duration const passed(static_cast<duration::rep>(chance() % 10'000'000));
      monotonic += passed;
      wall = wall + passed;
      if (chance() % 20 == 0)
        wall = wall + seconds(static_cast<std::int64_t>(chance() % 200'000) - 100'000);
      auto const now = time.at(monotonic);
      auto const advanced = (now - before).count();
      ASSERT_GE(advanced, passed.count() - passed.count() / 20 - 2);
      ASSERT_LE(advanced, passed.count() + passed.count() / 20 + 2);
      (void)time.follow(monotonic, wall);
      ASSERT_EQ(now, time.at(monotonic));
      auto const wait = time.until(monotonic, now + seconds(7));
      ASSERT_GE(time.at(monotonic + wait), now + seconds(7));
      ASSERT_LE(time.at(monotonic + wait), now + seconds(7) + duration(5));
    }
  }
}

}  // namespace
}  // namespace dualwrite::engine
