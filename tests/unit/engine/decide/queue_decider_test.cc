// Levels of queues that go up and down at random.
#include "engine/decide/queue_decider.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/story.h"

namespace dualwrite::engine {
namespace {

constexpr std::uint64_t limit = 1'000;

class QueueDecider : public testing::TestWithParam<std::uint64_t>, protected story {
 protected:
  QueueDecider() {
    begin();
    MapStarted started;
    started.map = map;
    of_map(started);
    limits[map].records = limit;
  }
  void set_queue(std::uint64_t records) {
    auto& sums = views.conservation.sums[{map, direction::left_to_right}];
    sums.captured = records;
  }
  // What is decided is told, as the engine would; gives the new level, if there is one.
  std::optional<std::uint32_t> decide() {
    auto const now = instant{};
    auto const due = next_queue_level(views, limits, now);
    auto const drafts = decide_queue_levels(views, limits, now);
    EXPECT_EQ(due.has_value(), !drafts.empty());
    if (drafts.empty()) return std::nullopt;
    auto const event =
        decode(stored_event{sequence{1}, 1, now, drafts.front().stream, drafts.front().bytes});
    auto const* changed = event->as<QueueLevelChanged>();
    of_map(*changed);
    return changed->percent;
  }

  limits_by_map limits;
};

TEST_P(QueueDecider, ALevelIsSaidWhenItIsReachedAndLeftOnlyWithSomeDistance) {
  std::mt19937_64 chance(GetParam());
  std::uint64_t records = 0;
  std::uint32_t level = 0;
  for (int i = 0; i < 5'000; ++i) {
    auto const step = chance() % 200;
    records =
        chance() % 2 == 0 ? std::min(records + step, 2 * limit) : records - std::min(records, step);
    set_queue(records);
    auto const percent = records * 100 / limit;
    auto const said = decide();
    if (said) {
      ASSERT_NE(level, *said);
      level = *said;
    }
    // The highest level that is reached, or one above it that was and is less than 10 % away.
    std::uint32_t reached = 0, near = 0;
    for (std::uint32_t const one : {50, 80, 95, 100}) {
      if (percent >= one) reached = one;
      if (percent + 10 >= one) near = one;
    }
    ASSERT_GE(level, reached);
    ASSERT_LE(level, near);
    ASSERT_FALSE(decide()) << "said twice";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, QueueDecider, testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace dualwrite::engine
