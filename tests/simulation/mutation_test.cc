#include <gtest/gtest.h>

#include <cstdio>

#include "tests/simulation/random_run.h"

namespace dualwrite::simulation {
namespace {

// A checker that never fails proves nothing: each deliberate fault has to be seen within so many
// seeds.
constexpr std::uint64_t seeds_to_catch = 200;

bool is_caught(random_options options) {
  for (std::uint64_t seed = 1; seed <= seeds_to_catch; ++seed) {
    auto const wrong = random_run(seed, options).run();
    if (!wrong.empty()) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), wrong.c_str());
      return true;
    }
  }
  return false;
}

// A record has to come just as a map joins: maps are paused and resumed all the time.
TEST(Mutation, ASeamThatIsOffByOneIsCaught) {
  random_options options;
  options.before_round = [](world& here) {
    auto const maps = here.views().status.maps;
    for (auto const& [id, map] : maps) {
      if (map.state == projections::map_state::paused) (void)here.submit(engine::resume_map{id});
      if (map.state == projections::map_state::running) (void)here.submit(engine::pause_map{id});
    }
  };
  options.faults.resume_seam_off_by_one = true;
  EXPECT_TRUE(is_caught(options));
}

TEST(Mutation, AnEchoToldByItsTagAloneIsCaught) {
  random_options options;
  options.rules = app_rules::rewriting;
  options.faults.echo_by_tag_alone = true;
  EXPECT_TRUE(is_caught(options));
}

TEST(Mutation, APositionWithoutItsOutcomeIsCaught) {
  random_options options;
  options.rules = app_rules::refusing;
  options.faults.position_without_outcome = true;
  EXPECT_TRUE(is_caught(options));
}

TEST(Mutation, ACopyOverANewerLiveRowIsCaught) {
  random_options options;
  options.faults.delivery.copy_over_newer_live = true;
  EXPECT_TRUE(is_caught(options));
}

// Copies of parts follow wherever one can.
TEST(Mutation, ACopyOfAPartThatIsTakenForTheWholeIsCaught) {
  random_options options;
  options.rules = app_rules::refusing;
  options.before_round = [](world& here) {
    auto const maps = here.views().status.maps;
    for (auto const& [id, map] : maps) {
      if (map.state == projections::map_state::holding)
        (void)here.submit(engine::rerun_sync{id, run_mode::without_errors});
    }
  };
  options.faults.delivery.part_taken_for_whole = true;
  EXPECT_TRUE(is_caught(options));
}

TEST(Mutation, ANewerRecordThatOvertakesAWaitingOneIsCaught) {
  random_options options;
  options.rules = app_rules::refusing;
  options.large_column = true;
  options.faults.delivery.newer_overtakes_waiting = true;
  EXPECT_TRUE(is_caught(options));
}

TEST(Mutation, AnAnchorThatIsNotLookedAtIsCaught) {
  random_options options;
  options.checks_anchor = false;
  EXPECT_TRUE(is_caught(options));
}

TEST(Mutation, AnAcknowledgementBeforeTheSyncIsCaught) {
  random_options options;
  options.commit_faults.acknowledge_before_sync = true;
  EXPECT_TRUE(is_caught(options));
}

}  // namespace
}  // namespace dualwrite::simulation
