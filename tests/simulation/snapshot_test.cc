// Views that were saved and loaded again are those that were folded, and go on as those do.
#include <gtest/gtest.h>

#include "projections/archive.h"
#include "replay/rebuild.h"
#include "replay/view_snapshot.h"
#include "tests/simulation/random_run.h"

namespace dualwrite::simulation {
namespace {

constexpr digest program{std::byte{7}};

// The ends of blocks of the log: where a snapshot can be taken.
std::vector<sequence> block_ends(event_log const& log) {
  std::vector<sequence> ends;
  for (auto at = sequence{1}; !(at > log.head().at); at = ends.back() + 1) {
    ends.push_back(log.head_at(at)->at);
  }
  return ends;
}

// What only a fold after the load shows: what is kept beside the rows to find them by.
void expect_same_future(event_log const& log, sequence at, std::string const& expected) {
  auto const then = replay::rebuild(log, {}, at);
  ASSERT_TRUE(then);
  auto const saved = replay::take_snapshot(log, *then, program);
  ASSERT_TRUE(saved);
  auto loaded = replay::views_from(log, *saved, program);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(at, loaded->checkpoint);
  ASSERT_EQ(saved->state, projections::save(*loaded)) << at.value;
  for (auto const& [of, rows] : then->parked.rows) {
    EXPECT_EQ(then->parked.due(of), loaded->parked.due(of));
    EXPECT_EQ(then->parked.dependent(of), loaded->parked.dependent(of));
    EXPECT_EQ(then->parked.to_reread(of), loaded->parked.to_reread(of));
    for (auto const& [record, row] : rows) {
      ASSERT_NE(nullptr, loaded->parked.chain(of, row.key));
      EXPECT_EQ(*then->parked.chain(of, row.key), *loaded->parked.chain(of, row.key));
    }
  }
  auto const now = replay::rebuild(log, std::move(*loaded));
  ASSERT_TRUE(now);
  ASSERT_EQ(expected, projections::save(*now)) << "from a snapshot at " << at.value;
}

class Snapshot : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Snapshot, GoesOnAsTheFoldDoesFromAnyBlock) {
  random_options options;
  options.rules = GetParam() % 2 == 0 ? app_rules::refusing : app_rules::rewriting;
  options.alert_after = GetParam() % 3 == 0 ? 5 : 0;
  random_run run(GetParam(), options);
  ASSERT_EQ("", run.run());
  auto const whole = replay::rebuild(run.log());
  ASSERT_TRUE(whole);
  auto const expected = projections::save(*whole);
  auto const ends = block_ends(run.log());
  auto const step = std::max<std::size_t>(1, ends.size() / 25);
  for (std::size_t i = GetParam() % step; i < ends.size(); i += step) {
    expect_same_future(run.log(), ends[i], expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Snapshot, testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace dualwrite::simulation
