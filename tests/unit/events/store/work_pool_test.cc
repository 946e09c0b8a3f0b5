#include "events/store/work_pool.h"

#include <gtest/gtest.h>

#include "events/block.h"
#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

TEST(WorkPool, DoesEveryTaskOnce) {
  work_pool pool{3};
  for (std::size_t count = 0; count < 300; ++count) {
    std::vector<std::atomic<int>> done(count);
    pool.run(count, [&](std::size_t i) { ++done[i]; });
    for (auto const& times : done) ASSERT_EQ(1, times);
  }
}

TEST(WorkPool, ABlockHasTheSameBytesByHoweverManyThreads) {
  tests::dice dice{5};
  work_pool pool{3};
  auto const run = [&](std::size_t count, std::function<void(std::size_t)> const& task) {
    pool.run(count, task);
  };
  block_place const place{log_id{7}, sequence{41}, sha256({})};
  for (int round = 0; round < 200; ++round) {
    auto const events = tests::random_group(dice);
    auto const alone = encode_block(place, instant{5}, events);
    auto const together = encode_block(place, instant{5}, events, run);
    ASSERT_TRUE(alone && together);
    ASSERT_EQ(alone->bytes, together->bytes);
    ASSERT_EQ(alone->header, together->header);
  }
}

}  // namespace
}  // namespace dualwrite
