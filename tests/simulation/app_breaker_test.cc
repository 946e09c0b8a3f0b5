// An app that does not answer: all that wants something of it waits for one probe.
#include <gtest/gtest.h>

#include <algorithm>

#include "events/codec.h"
#include "tests/simulation/customers.h"

namespace dualwrite::simulation {
namespace {

using projections::map_state;
using std::chrono::seconds;

struct away : testing::Test {
  customers one;
  faulty_app& target = one.here.right_port;

  void go_away() {
    one.start();
    ASSERT_TRUE(one.become_equal());
    target.stay_away_until(one.here.time.now() + seconds(3600));
    one.user(one.here.left, put(1, "Oslo"));
    ASSERT_TRUE(one.here.run_until([&] { return is_away(); }));
  }
  bool is_away() const { return !one.here.views().outages.away.empty(); }
  void run_for(duration span) {
    auto const until = one.here.time.now() + span;
    ASSERT_TRUE(one.here.run_until([&] { return one.here.time.now() >= until; }, 200'000));
  }
  // When the attempts failed that came after the app was known to be away.
  std::vector<instant> probes() const {
    std::vector<instant> out;
    bool known = false;
    auto const cursor = one.here.log().read({});
    while (auto const stored = cursor->next()) {
      if (!*stored) break;
      auto const event = decode(**stored);
      known = known || event->as<AppUnreachable>() != nullptr;
      if (known && event->as<AttemptFailed>() != nullptr) out.push_back((*stored)->recorded_at);
    }
    return out;
  }
};

// Two captures, the lanes of two directions: they do not ask one by one.
TEST_F(away, IsAskedByOneProbeAtGrowingDistances) {
  go_away();
  run_for(seconds(200));
  auto const asked = probes();
  ASSERT_GT(asked.size(), 8u);
  // What was under way when it went away fails too; from then on there is one probe.
  auto const settled = std::find_if(
      asked.begin(), asked.end(), [&](instant at) { return at - asked.front() > seconds(1); });
  EXPECT_LE(settled - asked.begin(), 4);
  std::vector<std::int64_t> distances;
  for (auto at = settled; at + 1 < asked.end(); ++at)
    distances.push_back(std::chrono::duration_cast<seconds>(*(at + 1) - *at).count());
  EXPECT_TRUE(std::is_sorted(distances.begin(), distances.end()));
  EXPECT_EQ(30, distances.back());
  EXPECT_EQ(1u, one.count(event_type::AppUnreachable));
}

TEST_F(away, GoesOnWithAllWhenItAnswers) {
  go_away();
  one.user(one.here.left, put(2, "Rome"));
  target.heal();
  ASSERT_TRUE(one.become_equal());
  EXPECT_FALSE(is_away());
  EXPECT_EQ(1u, one.count(event_type::AppRecovered));
  EXPECT_TRUE(one.here.views().outages.read.empty());
  EXPECT_TRUE(one.here.views().outages.written.empty());
}

TEST_F(away, AMapPausesAtOnce) {
  go_away();
  run_for(seconds(100));
  auto const before = probes().size();
  ASSERT_TRUE(one.here.submit(engine::pause_map{one.map}));
  ASSERT_TRUE(one.comes_to(map_state::paused));
  EXPECT_EQ(before, probes().size());
}

TEST_F(away, IsAskedAtOnceWhenTheEngineStarts) {
  go_away();
  run_for(seconds(100));
  target.heal();
  auto const asked = probes().size();
  one.here.crash_and_restart(0);
  auto const start = one.here.time.now();
  ASSERT_TRUE(one.here.run_until([&] { return !is_away(); }));
  EXPECT_LT(one.here.time.now() - start, seconds(1));
  EXPECT_EQ(asked, probes().size());
  EXPECT_TRUE(one.become_equal());
}

// One session has ended, and the app answers.
TEST_F(away, AnAppThatAnswersIsNotAway) {
  one.start();
  ASSERT_TRUE(one.become_equal());
  target.ask_for(fault_site::reply_lost, app_call::apply);
  one.user(one.here.left, put(1, "Oslo"));
  ASSERT_TRUE(one.here.run_until([&] { return one.count(event_type::AttemptFailed) > 0; }));
  ASSERT_TRUE(one.become_equal());
  EXPECT_EQ(0u, one.count(event_type::AppUnreachable));
}

TEST_F(away, TheOtherSideIsStillCaptured) {
  go_away();
  for (std::int64_t i = 2; i < 9; ++i) one.user(one.here.left, put(i, "Rome"));
  ASSERT_TRUE(one.here.run_until([&] { return one.queued() == 8; }));
  EXPECT_TRUE(is_away());
}

}  // namespace
}  // namespace dualwrite::simulation
