// Random users and admins, and everything between engine and applications fails at random as well.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/simulation/history.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/random_run.h"

namespace dualwrite::simulation {
namespace {

std::uint64_t setting(char const* name, std::uint64_t otherwise) {
  auto const* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Asks one of the apps for a fault in about every third round, half of them at the next call of a
// kind that is drawn. Putting an app back is rare: it stops every map.
struct mischief {
  std::mt19937_64 chance;
  bool restores;
  bool begun = false;

  void begin(world& here) {
    if (std::exchange(begun, true)) return;
    here.left.options.synchronous = chance() % 2 == 0;
    here.right.options.synchronous = chance() % 2 == 0;
    here.left_port.longest = here.right_port.longest = std::chrono::milliseconds(1 + chance() % 60);
    here.left_port.latency = here.right_port.latency = std::chrono::microseconds(chance() % 800);
  }
  void operator()(world& here) {
    begin(here);
    if (chance() % 3 != 0) return;
    auto& port = chance() % 2 == 0 ? here.left_port : here.right_port;
    auto const site = static_cast<fault_site>(chance() % (fault_sites - 1));
    if (site == fault_site::restored && (!restores || chance() % 4 != 0)) return;
    if (chance() % 2 == 0) return port.ask_for(site);
    port.ask_for(site, static_cast<app_call>(chance() % static_cast<int>(app_call::none)));
  }
};

random_options with_faults(std::uint64_t seed, app_rules rules, bool restores) {
  random_options options;
  options.rules = rules;
  options.alert_after = seed % 3 == 0 ? 2 + static_cast<std::uint32_t>(seed % 5) : 0;
  options.flow.backoff_first = std::chrono::milliseconds(3);
  options.flow.backoff_max = std::chrono::milliseconds(30);
  options.before_round = mischief{std::mt19937_64(seed * 31), restores};
  options.before_rest = [](world& here) {
    here.left_port.heal();
    here.right_port.heal();
  };
  return options;
}

// Which fault met which call, and a map in which status, over all that this program ran: printed,
// and left in a file for those who run it among others.
struct coverage_report final : testing::Environment {
  void TearDown() override {
    std::puts(seen.tables().c_str());
    std::ofstream("fault_coverage.txt") << seen.tables();
  }
  fault_coverage seen;
};
auto& report = static_cast<coverage_report&>(
    *testing::AddGlobalTestEnvironment(new coverage_report));  // gtest deletes it

// DW_SEED runs one seed alone, and prints its history where it fails; DW_SEEDS runs so many.
void run_seeds(app_rules rules, bool restores) {
  auto const only = setting("DW_SEED", 0);
  auto const last = only == 0 ? setting("DW_SEEDS", 80) : only;
  for (auto seed = only == 0 ? 1 : only; seed <= last; ++seed) {
    random_run one(seed, with_faults(seed, rules, restores));
    auto wrong = one.run();
    if (wrong.empty()) wrong = broken_invariant(one.log());
    EXPECT_EQ("", wrong) << "DW_SEED=" << seed;
    EXPECT_GE(one.steps(), 1000U) << "DW_SEED=" << seed;
    if (!wrong.empty() && only != 0) std::fputs(history(one.log()).c_str(), stderr);
    report.seen.add(one.coverage());
  }
}

// A checker that never fails proves nothing.
TEST(Mutation, APositionOutsideTheTargetsTransactionIsCaught) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    random_options options;
    options.before_round = [](world& here) {
      here.left.options.position_outside_transaction =
          here.right.options.position_outside_transaction = true;
    };
    random_run one(seed, options);
    auto wrong = one.run();
    if (wrong.empty()) wrong = broken_invariant(one.log());
    if (wrong.empty()) continue;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), wrong.c_str());
    return;
  }
  FAIL() << "no seed has seen it";
}

TEST(RandomFaults, EndEqual) {
  run_seeds(app_rules::none, false);
}
TEST(RandomFaults, EndEqualBesideRulesThatRewriteRows) {
  run_seeds(app_rules::rewriting, false);
}
TEST(RandomFaults, EndEqualBesideRulesThatRefuseRows) {
  run_seeds(app_rules::refusing, false);
}
TEST(RandomFaults, EndEqualWhereAppsArePutBack) {
  run_seeds(app_rules::none, true);
}
TEST(RandomFaults, EndEqualWhereAppsThatRefuseRowsArePutBack) {
  run_seeds(app_rules::refusing, true);
}

}  // namespace
}  // namespace dualwrite::simulation
