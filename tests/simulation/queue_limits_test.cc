// What waits for a map is held to its limits: people are told in time, and a map that is to be
// detached gives up its queue as a whole, said and listed.
#include <gtest/gtest.h>

#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

using engine::queue_limits;

queue_limits records_limit(std::uint64_t records, bool detaches = false) {
  queue_limits out;
  out.records = records;
  out.detaches = detaches;
  return out;
}

struct level_said {
  std::uint32_t percent = 0;
  std::uint64_t measured = 0;
  instant at;
};

struct limited : refusing {
  explicit limited(queue_limits limits, engine::engine_settings settings = small_steps())
      : refusing(settings) {
    define();
    limit(limits);
    submit(engine::run_map{map});
    EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  }
  void limit(queue_limits limits) {
    definition.queue = limits;
    submit(engine::change_map{map, engine::print_definition(definition)});
  }
  void pause() {
    submit(engine::pause_map{map});
    EXPECT_TRUE(comes_to(map_state::paused));
  }
  [[nodiscard]] bool queue_comes_to(std::int64_t records) {
    return here.run_until([&] { return queued() == records; });
  }
  std::vector<level_said> levels() const {
    std::vector<level_said> out;
    auto const cursor = here.log().read({sequence{1}, false, std::nullopt});
    while (true) {
      auto const stored = cursor->next();
      if (!stored || !*stored) return out;
      auto const event = decode(**stored);
      auto const* level = event ? event->as<QueueLevelChanged>() : nullptr;
      if (level != nullptr) out.push_back({level->percent, level->measured, event->recorded_at});
    }
  }
  std::vector<std::uint32_t> percents() const {
    std::vector<std::uint32_t> out;
    for (auto const& one : levels()) out.push_back(one.percent);
    return out;
  }
  [[nodiscard]] bool says(std::vector<std::uint32_t> const& wanted) {
    return here.run_until([&] { return percents() == wanted; });
  }
};

using percents = std::vector<std::uint32_t>;

TEST(QueueLimits, EachLevelIsSaidOnceWhileTheQueueGrowsAndOnceWhenItIsGone) {
  limited one(records_limit(20));
  one.pause();
  for (std::int64_t i = 0; i < 30; ++i) {
    one.user(one.here.left, put(i, "waits"));
    ASSERT_TRUE(one.queue_comes_to(i + 1));
    one.here.run(200);  // until the next look at the queue
  }
  EXPECT_EQ((percents{50, 80, 95, 100}), one.percents());
  EXPECT_EQ(10u, one.levels()[0].measured);
  EXPECT_EQ(16u, one.levels()[1].measured);
  EXPECT_EQ(19u, one.levels()[2].measured);
  one.here.crash_and_restart(0);
  one.here.run(500);
  EXPECT_EQ((percents{50, 80, 95, 100}), one.percents()) << "said again after a crash";
  one.submit(engine::resume_map{one.map});
  ASSERT_TRUE(one.become_equal());
  EXPECT_TRUE(one.says({50, 80, 95, 100, 0})) << "nothing is kept from the target by a limit";
  one.expect_whole();
}

TEST(QueueLimits, TheAgeOfTheOldestRecordIsALevelWithoutAnyEvent) {
  queue_limits limits;
  limits.age = std::chrono::hours(10);
  auto settings = small_steps();
  settings.flow.capture_patience = std::chrono::minutes(10);
  limited one(limits, settings);
  one.pause();
  one.user(one.here.left, put(1, "waits"));
  ASSERT_TRUE(one.queue_comes_to(1));
  auto const since = one.here.views().conservation.sums.at(one.way()).last_captured;
  ASSERT_TRUE(one.says({50, 80, 95, 100}));
  auto const levels = one.levels();
  constexpr std::int64_t minutes[] = {300, 480, 570, 600};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    EXPECT_GE(levels[i].at, since + std::chrono::minutes(minutes[i]));
    EXPECT_LT(levels[i].at, since + std::chrono::minutes(minutes[i]) + std::chrono::seconds(1));
  }
}

TEST(QueueLimits, BytesCountAsTheyWereCapturedAndLeaveWithTheQueue) {
  queue_limits limits;
  limits.bytes = 10'000;
  limited one(limits);
  one.pause();
  one.user(one.here.left, put(1, std::string(8'500, 'x')));
  ASSERT_TRUE(one.says({80}));
  EXPECT_LT(8'500u, one.levels().front().measured);
  EXPECT_GT(9'500u, one.levels().front().measured);
  one.submit(engine::resume_map{one.map});
  ASSERT_TRUE(one.become_equal());
  ASSERT_TRUE(one.says({80, 0}));
  EXPECT_EQ(0u, one.here.views().conservation.sums.at(one.way()).queued_bytes());
}

TEST(QueueLimits, LimitsThatAreTakenAwayEndTheLevel) {
  limited one(records_limit(4));
  one.pause();
  for (std::int64_t i = 0; i < 4; ++i) one.user(one.here.left, put(i, "waits"));
  ASSERT_TRUE(one.here.run_until([&] { return one.here.views().queue_levels.of(one.map) == 100; }));
  one.limit({});
  EXPECT_TRUE(one.here.run_until([&] { return one.here.views().queue_levels.of(one.map) == 0; }));
  EXPECT_EQ(map_state::paused, one.state());
}

// From the first change that waits on: whatever step a crash falls on, the map is detached once,
// nothing that it gave up is missing from the books, and a run with an initial sync brings both
// sides together.
TEST(QueueLimits, AMapIsDetachedOnceWhereverTheEngineCrashes) {
  bool is_over = false;
  for (std::size_t steps = 0; !is_over && !testing::Test::HasFailure(); steps += 3) {
    SCOPED_TRACE("crash after " + std::to_string(steps) + " steps");
    limited one(records_limit(10, true));
    one.pause();
    for (std::int64_t i = 0; i < 12; ++i) one.user(one.here.left, put(i, "waits"));
    one.here.run(steps);
    is_over = one.state() == map_state::idle;
    one.here.crash_and_restart(steps * 37 % 400);
    ASSERT_TRUE(one.comes_to(map_state::idle)) << to_string(one.here.failure());
    EXPECT_EQ(1u, one.count(event_type::QueueOverflowed));
    EXPECT_EQ(1u, one.count(event_type::MapStopped));
    EXPECT_EQ(0u, one.here.views().queue_levels.of(one.map));
    EXPECT_EQ("the queue is over its limit", one.here.views().status.find(one.map)->reason);
    EXPECT_FALSE(one.here.submit(engine::resume_map{one.map}));
    EXPECT_EQ(0, one.queued());
    one.submit(engine::run_map{one.map});
    ASSERT_TRUE(one.comes_to(map_state::running));
    EXPECT_TRUE(one.become_equal());
    EXPECT_EQ(2u, one.count(event_type::InitialSyncStarted));
    one.expect_whole();
  }
}

}  // namespace
}  // namespace dualwrite::simulation
