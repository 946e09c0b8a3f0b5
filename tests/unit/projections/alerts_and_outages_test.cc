// Errors that are counted in a window, and apps that were away. An event comes a second after the
// one before.
#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

constexpr std::uint64_t second_us = 1'000'000;

class Alerts : public testing::Test, protected story {
 protected:
  Alerts() { begin(); }
  rule_id rule(std::uint32_t count, std::uint64_t within_us) {
    AlertRuleCreated created;
    created.link = link;
    created.name = "too many";
    created.classes = {fault_class::application};
    created.count = count;
    created.within_us = within_us;
    return rule_id{of_link(created).value};
  }
  void fail(fault_class kind) {
    AttemptFailed failed;
    failed.link = link;
    failed.app = app_id{2};
    failed.kind = kind;
    failed.code = "app_busy";
    of_link(failed);
  }
  alert_row const& row(rule_id id) { return views.alerts.rules.at(id); }
};

TEST_F(Alerts, CrossesAtItsCountWithinItsWindow) {
  auto const id = rule(3, 3 * second_us);
  auto const first = capture(10);
  park(first, "a");
  park(first + 1, "b");
  EXPECT_FALSE(row(id).crossed());
  park(first + 2, "c");
  EXPECT_TRUE(row(id).crossed());
}

TEST_F(Alerts, ErrorsThatAreTooFarApartDoNotCross) {
  auto const id = rule(3, 1 * second_us);
  auto const first = capture(10);
  for (std::uint64_t i = 0; i < 6; ++i) park(first + i, std::to_string(i));
  EXPECT_FALSE(row(id).crossed());
  EXPECT_LE(row(id).errors.size(), 3u) << "never more than it needs";
}

TEST_F(Alerts, OnlyItsClassesAndOnlyFailuresCount) {
  auto const id = rule(1, 60 * second_us);
  auto const first = capture(1);
  fail(fault_class::network);
  park(first, "a", park_state::waiting);
  EXPECT_TRUE(row(id).errors.empty());
}

TEST_F(Alerts, AnotherThresholdBeginsToCountAnew) {
  auto const id = rule(2, 60 * second_us);
  park(capture(1), "a");
  AlertRuleChanged renamed;
  renamed.rule = id;
  renamed.name = "renamed";
  renamed.classes = row(id).classes;
  renamed.count = 2;
  renamed.within_us = 60 * second_us;
  of_link(renamed);
  EXPECT_EQ(1u, row(id).errors.size());
  renamed.count = 3;
  of_link(renamed);
  EXPECT_TRUE(row(id).errors.empty());
}

TEST_F(Alerts, AFiringIsOpenUntilTheMapsItHeldAreInStepAndItsErrorsHavePassed) {
  auto const id = rule(2, 10 * second_us);
  auto const first = capture(10);
  park(first, "a");
  park(first + 1, "b");
  auto const fired = of_link(AlertFired{id, 2, {}});
  of_map(PauseRequested{map, id, "rule"});
  EXPECT_EQ(fired, row(id).open);
  auto const below = row(id).falls_below();
  EXPECT_EQ(row(id).errors.front() + duration(10 * second_us), below);
  EXPECT_FALSE(row(id).is_over(below)) << "its map is held";
  of_map(CaughtUp{map});
  EXPECT_FALSE(row(id).is_over(below - duration(1)));
  EXPECT_TRUE(row(id).is_over(below));
  of_link(AlertResolved{id, fired});
  EXPECT_EQ(sequence{}, row(id).open);
  EXPECT_TRUE(row(id).armed);
  EXPECT_FALSE(row(id).is_over(below)) << "once";
}

TEST_F(Alerts, ADisabledRuleCountsNothing) {
  auto const id = rule(1, 60 * second_us);
  AlertRuleChanged off;
  off.rule = id;
  off.classes = row(id).classes;
  off.count = 1;
  off.within_us = 60 * second_us;
  off.disabled = true;
  of_link(off);
  park(capture(1), "a");
  EXPECT_TRUE(row(id).errors.empty());
}

TEST_F(Alerts, AnOutageLastsUntilTheAppAnswers) {
  fail(fault_class::network);
  fail(fault_class::network);
  auto const of = std::pair{link, side::right};
  ASSERT_TRUE(views.outages.written.contains(of));
  auto const& away = views.outages.written.at(of);
  EXPECT_EQ(2u, away.attempts);
  EXPECT_EQ(static_cast<std::int64_t>(second_us), away.last.us - away.since.us);
  LaneOpened opened;
  opened.link = link;
  of_link(opened);
  EXPECT_FALSE(views.outages.written.contains(of));
}

}  // namespace
}  // namespace dualwrite::projections
