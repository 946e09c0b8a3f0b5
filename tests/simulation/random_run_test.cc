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
  auto const last = only == 0 ? setting("DW_SEEDS", 60) : only;
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

}  // namespace
}  // namespace dualwrite::simulation
