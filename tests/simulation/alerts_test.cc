// Alert rules over hours of virtual time: apps that are away, rules on states, maps that are
// resumed by themselves, and planned maintenance.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "tests/simulation/customers.h"
#include "tests/simulation/invariants.h"

namespace dualwrite::simulation {
namespace {

using projections::map_state;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct watched : customers {
  watched() : customers(patient()) { start(); }

  // Sources that rest are asked once a minute.
  static engine::engine_settings patient() {
    engine::engine_settings out;
    out.flow.capture_patience = minutes(1);
    return out;
  }

  rule_id rule(alert_terms terms) {
    terms.name = "rule";
    terms.at_once = true;
    return rule_id{submit(engine::create_alert_rule{link, std::move(terms)}).value};
  }
  static alert_terms state_rule(alert_subject subject, duration within) {
    alert_terms out;
    out.subject = subject;
    out.within_us = static_cast<std::uint64_t>(within.count());
    return out;
  }
  static alert_terms network_rule() {
    alert_terms out;
    out.classes = {fault_class::network};
    out.count = 5;
    out.within_us = 15 * 60'000'000;
    out.action = alert_action::pause;
    return out;
  }
  projections::alert_row const& row(rule_id id) const { return here.views().alerts.rules.at(id); }
  bool passes(duration span) {
    auto const until = here.time.now() + span;
    bool woken = false;
    // Somebody has to wait for the time, or it does not come.
    auto sleep = [this, until, &woken]() -> boost::asio::awaitable<void> {
      (void)co_await here.time.sleep_until(until);
      woken = true;
    };
    boost::asio::co_spawn(here.io(), sleep, boost::asio::detached);
    return here.run_until([&] { return woken; }, 2'000'000);
  }
  void edit(std::int64_t id, std::string name) { user(here.left, put(id, std::move(name))); }
};

// The other app is down, the rule pauses, hours of changes queue; the app is back, people resume.
TEST(Alerts, AnAppThatIsAwayPausesTheMapAndNothingIsLost) {
  watched one;
  auto const id = one.rule(watched::network_rule());
  one.here.right_port.stay_away_until(one.here.time.now() + hours(100));
  one.edit(1, "Oslo");
  ASSERT_TRUE(one.comes_to(map_state::paused));
  EXPECT_EQ(1u, one.count(event_type::PauseRequested));
  for (std::int64_t hour = 0; hour < 6; ++hour) {
    ASSERT_TRUE(one.passes(hours(1)));
    for (std::int64_t i = 0; i < 20; ++i) one.edit(10 + i, std::to_string(hour));
    one.user(one.here.right, put(100 + hour, "other side"));
  }
  EXPECT_GT(one.row(id).fired, 1u) << "attempts go on, and each crossing is told in the log";
  EXPECT_EQ(1u, one.row(id).incidents.size()) << "of one incident";
  EXPECT_EQ(1u, one.count(event_type::PauseRequested)) << "and of one pause";
  one.here.right_port.heal();
  ASSERT_TRUE(one.passes(minutes(20)));
  EXPECT_EQ(map_state::paused, one.state()) << "people resume";
  EXPECT_GT(one.queued(), 100);
  one.submit(engine::resume_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::running));
  ASSERT_TRUE(one.become_equal());
  ASSERT_TRUE(one.passes(minutes(1)));
  EXPECT_TRUE(one.row(id).incidents.empty());
  EXPECT_EQ(1u, one.count(event_type::AlertResolved));
  one.expect_conserved();
}

TEST(Alerts, MapsAreResumedWhenTheAppAnswersAgain) {
  watched one;
  auto terms = watched::network_rule();
  terms.resume_after_us = 10 * 60'000'000;
  auto const id = one.rule(terms);
  one.here.right_port.stay_away_until(one.here.time.now() + minutes(35));
  one.edit(1, "Oslo");
  ASSERT_TRUE(one.comes_to(map_state::paused));
  ASSERT_TRUE(one.passes(minutes(34)));
  EXPECT_EQ(map_state::paused, one.state()) << "asked in vain";
  EXPECT_EQ(0u, one.count(event_type::ResumeRequested));
  EXPECT_GE(one.count(event_type::AppsProbed), 2u);
  ASSERT_TRUE(one.passes(minutes(15)));
  EXPECT_EQ(map_state::running, one.state());
  EXPECT_EQ(1u, one.count(event_type::ResumeRequested));
  EXPECT_TRUE(one.become_equal());
  ASSERT_TRUE(one.passes(minutes(1)));
  EXPECT_TRUE(one.row(id).incidents.empty());
}

// What an admin does meanwhile is his.
TEST(Alerts, AMapThatSomebodyElsePausedIsNotResumed) {
  watched one;
  auto terms = watched::network_rule();
  terms.resume_after_us = 10 * 60'000'000;
  one.rule(terms);
  one.here.right_port.stay_away_until(one.here.time.now() + minutes(5));
  one.edit(1, "Oslo");
  ASSERT_TRUE(one.comes_to(map_state::paused));
  ASSERT_TRUE(one.passes(minutes(6)));
  one.submit(engine::resume_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::running));
  one.submit(engine::pause_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::paused));
  ASSERT_TRUE(one.passes(hours(2)));
  EXPECT_EQ(map_state::paused, one.state());
  EXPECT_EQ(0u, one.count(event_type::AppsProbed));
}

TEST(Alerts, AMapThatHasToBePausedAgainIsResumedLater) {
  watched one;
  one.here.right.table("customer").rule =
      [](row_values const& r) -> std::optional<engine::refusal> {
    if (r[1].as_string() == "bad") return engine::refusal{"check", "no bad names"};
    return std::nullopt;
  };
  alert_terms terms;
  terms.classes = {fault_class::application};
  terms.within_us = 1'000'000;
  terms.action = alert_action::pause;
  terms.resume_after_us = 60'000'000;
  one.rule(terms);
  std::vector<duration> rests;
  for (std::int64_t turn = 0; turn < 4; ++turn) {
    one.edit(turn, "bad");
    ASSERT_TRUE(one.comes_to(map_state::paused));
    auto const paused = one.here.time.now();
    ASSERT_TRUE(one.comes_to(map_state::running));
    rests.push_back(one.here.time.now() - paused);
  }
  for (std::size_t i = 1; i < rests.size(); ++i) {
    EXPECT_GT(rests[i], rests[i - 1] * 19 / 10);
    EXPECT_LT(rests[i], rests[i - 1] * 21 / 10);
  }
}

struct state_case {
  char const* name;
  alert_subject subject;
  // Brings the state about, and ends it.
  void (*begin)(watched&);
  void (*end)(watched&);
};

void let_right_be_away(watched& one) {
  one.here.right_port.stay_away_until(one.here.time.now() + hours(100));
  one.edit(1, "Oslo");
}
void let_all_answer(watched& one) {
  one.here.right_port.heal();
}
void pause_and_edit(watched& one) {
  one.submit(engine::pause_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::paused));
  one.edit(1, "Oslo");
}
void resume(watched& one) {
  one.submit(engine::resume_map{one.map});
}

class AlertsOnStates : public testing::TestWithParam<state_case> {};

// Each fires once when its state has lasted long enough, not before, and is clear when it is over;
// also where the engine crashes in between.
TEST_P(AlertsOnStates, FireOnceAndAreClearAfterwards) {
  for (bool const crashes : {false, true}) {
    SCOPED_TRACE(crashes ? "with crashes" : "without crashes");
    watched one;
    auto const id = one.rule(watched::state_rule(GetParam().subject, minutes(10)));
    GetParam().begin(one);
    ASSERT_TRUE(one.passes(minutes(9)));
    if (crashes) one.here.crash_and_restart(0);
    EXPECT_EQ(0u, one.row(id).fired);
    ASSERT_TRUE(one.passes(minutes(2)));
    EXPECT_EQ(1u, one.row(id).fired);
    if (crashes) one.here.crash_and_restart(0);
    ASSERT_TRUE(one.passes(hours(3)));
    EXPECT_EQ(1u, one.row(id).fired) << "once";
    EXPECT_EQ(1u, one.row(id).incidents.size());
    GetParam().end(one);
    ASSERT_TRUE(one.passes(minutes(5)));
    EXPECT_TRUE(one.row(id).incidents.empty());
    EXPECT_EQ(1u, one.count(event_type::AlertResolved));
    ASSERT_TRUE(one.become_equal());
    EXPECT_EQ("", broken_invariant(one.here.log()));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Subjects,
    AlertsOnStates,
    testing::Values(
        state_case{"queue_age", alert_subject::queue_age, pause_and_edit, resume},
        state_case{"lag", alert_subject::lag, let_right_be_away, let_all_answer},
        state_case{"no_progress", alert_subject::no_progress, let_right_be_away, let_all_answer},
        state_case{"unreachable", alert_subject::unreachable, let_right_be_away, let_all_answer}),
    [](auto const& one) { return std::string(one.param.name); });

TEST(Alerts, ALongQueueFiresAtItsThreshold) {
  watched one;
  alert_terms terms;
  terms.subject = alert_subject::queue;
  terms.count = 10;
  auto const id = one.rule(terms);
  one.submit(engine::pause_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::paused));
  for (std::int64_t i = 0; i < 9; ++i) one.edit(i, "a");
  ASSERT_TRUE(one.passes(minutes(1)));
  EXPECT_EQ(0u, one.row(id).fired);
  one.edit(9, "a");
  ASSERT_TRUE(one.passes(minutes(1)));
  EXPECT_EQ(1u, one.row(id).fired);
  one.submit(engine::resume_map{one.map});
  ASSERT_TRUE(one.passes(minutes(1)));
  EXPECT_TRUE(one.row(id).incidents.empty());
}

TEST(Alerts, ARuleOnAStatePausesItsMaps) {
  watched one;
  auto terms = watched::state_rule(alert_subject::unreachable, minutes(10));
  terms.action = alert_action::pause;
  auto const id = one.rule(terms);
  let_right_be_away(one);
  ASSERT_TRUE(one.comes_to(map_state::paused));
  auto const& map = *one.here.views().status.find(one.map);
  EXPECT_EQ(id, map.paused_by);
  EXPECT_NE(std::string::npos, map.reason.find("rule rule: an app does not answer for 10m"));
  EXPECT_EQ(1u, one.count(event_type::PauseRequested));
}

// Four hours of maintenance each week, told a day before; the engine crashes at many moments of it.
TEST(Maintenance, PausesAndResumesAtItsTimes) {
  for (std::size_t crash = 0; crash < 40; ++crash) {
    SCOPED_TRACE("crash " + std::to_string(crash));
    watched one;
    maintenance_terms plan;
    plan.name = "update";
    plan.zone = "America/New_York";
    auto const begins = one.here.time.now() + hours(48);
    plan.pause_at = begins - hours(5);  // New York, in November
    plan.resume_at = plan.pause_at + hours(4);
    plan.repeat = repetition::weekly;
    plan.announce_us = 24ULL * 3600 * 1'000'000;
    plan_id const id{one.submit(engine::plan_maintenance{one.link, plan}).value};
    auto const row = [&]() -> projections::plan_row const& {
      return one.here.views().maintenance.plans.at(id);
    };
    ASSERT_TRUE(one.passes(hours(25)));
    EXPECT_EQ(1u, one.count(event_type::MaintenanceAnnounced));
    one.here.run(crash);
    one.here.crash_and_restart(0);
    ASSERT_TRUE(one.here.run_until([&] { return bool(row().open); }, 100'000));
    EXPECT_EQ(begins, row().begun);
    one.here.run(crash);
    one.here.crash_and_restart(0);
    ASSERT_TRUE(one.comes_to(map_state::paused));
    one.edit(1, "Oslo");
    ASSERT_TRUE(one.here.run_until([&] { return !row().open; }, 100'000));
    EXPECT_GE(one.here.time.now(), begins + hours(4));
    one.here.run(crash);
    one.here.crash_and_restart(0);
    ASSERT_TRUE(one.comes_to(map_state::running));
    ASSERT_TRUE(one.become_equal());
    EXPECT_EQ(1u, one.count(event_type::MaintenanceAnnounced));
    EXPECT_EQ(1u, one.count(event_type::MaintenanceBegun));
    EXPECT_EQ(1u, one.count(event_type::MaintenanceEnded));
    EXPECT_EQ(1u, one.count(event_type::PauseRequested));
    EXPECT_EQ(1u, one.count(event_type::ResumeRequested));
    if (crash > 0) continue;
    ASSERT_TRUE(one.passes(hours(7 * 24)));
    EXPECT_EQ(2u, one.count(event_type::MaintenanceBegun)) << "the next week";
  }
}

TEST(Maintenance, WhatWasPausedBeforeStaysPaused) {
  watched one;
  one.submit(engine::pause_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::paused));
  maintenance_terms plan;
  plan.name = "update";
  plan.zone = "UTC";
  plan.pause_at = one.here.time.now() + hours(1);
  plan.resume_at = plan.pause_at + hours(1);
  one.submit(engine::plan_maintenance{one.link, plan});
  ASSERT_TRUE(one.passes(hours(3)));
  EXPECT_EQ(1u, one.count(event_type::MaintenanceEnded));
  EXPECT_EQ(map_state::paused, one.state());
}

TEST(Maintenance, ADeletedPlanEndsWhatItBegan) {
  watched one;
  maintenance_terms plan;
  plan.name = "update";
  plan.zone = "UTC";
  plan.pause_at = one.here.time.now() + hours(1);
  plan.resume_at = plan.pause_at + hours(1);
  plan_id const id{one.submit(engine::plan_maintenance{one.link, plan}).value};
  ASSERT_TRUE(one.comes_to(map_state::paused));
  one.submit(engine::delete_maintenance{id});
  ASSERT_TRUE(one.comes_to(map_state::running));
  ASSERT_TRUE(one.passes(hours(3)));
  EXPECT_EQ(map_state::running, one.state());
}

// Engines that were away when a time came and went do not pause for it afterwards.
TEST(Maintenance, ATimeThatWasMissedIsNotMadeUpFor) {
  watched one;
  maintenance_terms plan;
  plan.name = "update";
  plan.zone = "UTC";
  plan.pause_at = one.here.time.now() - hours(3);
  plan.resume_at = plan.pause_at + hours(1);
  one.submit(engine::plan_maintenance{one.link, plan});
  ASSERT_TRUE(one.passes(hours(3)));
  EXPECT_EQ(0u, one.count(event_type::MaintenanceBegun));
}

}  // namespace
}  // namespace dualwrite::simulation
