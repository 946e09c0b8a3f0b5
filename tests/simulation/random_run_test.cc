#include "tests/simulation/random_run.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/simulation/history.h"

namespace dualwrite::simulation {
namespace {

std::uint64_t setting(char const* name, std::uint64_t otherwise) {
  auto const* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// DW_SEED runs one seed alone, and prints its history where it fails; DW_SEEDS runs so many.
void run_seeds(app_rules rules, random_options options = {}) {
  auto const only = setting("DW_SEED", 0);
  auto const last = only == 0 ? setting("DW_SEEDS", 160) : only;
  for (auto seed = only == 0 ? 1 : only; seed <= last; ++seed) {
    options.rules = rules;
    random_run one(seed, options);
    auto const wrong = one.run();
    EXPECT_EQ("", wrong) << "DW_SEED=" << seed;
    EXPECT_GE(one.steps(), 1000U);
    if (!wrong.empty() && only != 0) std::fputs(history(one.log()).c_str(), stderr);
  }
}

TEST(RandomRun, EndsEqual) {
  run_seeds(app_rules::none);
}
TEST(RandomRun, EndsEqualBesideRulesThatRewriteRows) {
  run_seeds(app_rules::rewriting);
}
TEST(RandomRun, EndsEqualBesideRulesThatStampRows) {
  run_seeds(app_rules::stamping);
}
TEST(RandomRun, EndsEqualBesideRulesThatStampRowsOfWhichAPartIsSent) {
  random_options options;
  options.large_column = options.one_way_columns = true;
  run_seeds(app_rules::stamping, options);
}
TEST(RandomRun, EndsEqualBesideRulesThatRefuseRows) {
  run_seeds(app_rules::refusing);
}

TEST(RandomRun, EndsEqualWhereASourceSendsOnlyWhatChanged) {
  random_options options;
  options.large_column = true;
  run_seeds(app_rules::refusing, options);
}
TEST(RandomRun, EndsEqualWhereSomeColumnsAreWrittenOneWay) {
  random_options options;
  options.large_column = options.one_way_columns = true;
  run_seeds(app_rules::refusing, options);
}

TEST(RandomRun, OfTheSameSeedGivesTheSameLog) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    random_options options;
    options.rules = app_rules::refusing;
    random_run first(seed, options);
    random_run again(seed, options);
    EXPECT_EQ(first.run(), again.run());
    EXPECT_EQ(first.log().head(), again.log().head());
  }
}

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
