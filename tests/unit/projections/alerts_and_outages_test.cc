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
    rule_id const id{of_link(created).value};
    of_map(MapResumed{map, {}});
    return id;
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
  alert_window const& window(rule_id id) { return *row(id).window(row(id).version, {}); }
  bool crosses(rule_id id) {
    return window(id).crosses(row(id).terms.count, row(id).terms.within());
  }
  AlertRuleChanged as_it_is(rule_id id) {
    AlertRuleChanged out;
    static_cast<alert_terms_view&>(out) = terms_as<std::string_view>(row(id).terms);
    out.rule = id;
    return out;
  }
  void fail_record(map_id of, std::uint64_t record) {
    RecordParked parked;
    parked.map = of;
    parked.record = sequence{record};
    parked.kind = fault_class::application;
    of_link(parked);
  }
};

TEST_F(Alerts, CrossesAtItsCountWithinItsWindow) {
  auto const id = rule(3, 3 * second_us);
  auto const first = capture(10);
  park(first, "a");
  park(first + 1, "b");
  EXPECT_FALSE(crosses(id));
  park(first + 2, "c");
  EXPECT_TRUE(crosses(id));
}

TEST_F(Alerts, ErrorsThatAreTooFarApartDoNotCross) {
  auto const id = rule(3, 1 * second_us);
  auto const first = capture(10);
  for (std::uint64_t i = 0; i < 6; ++i) park(first + i, std::to_string(i));
  EXPECT_FALSE(crosses(id));
  EXPECT_LE(window(id).errors.size(), 3u) << "never more than it needs";
}

TEST_F(Alerts, OnlyItsClassesAndOnlyFailuresCount) {
  auto const id = rule(1, 60 * second_us);
  auto const first = capture(1);
  fail(fault_class::network);
  park(first, "a", park_state::waiting);
  EXPECT_TRUE(window(id).errors.empty());
}

TEST_F(Alerts, WhatCountsOtherwiseCountsAnew) {
  auto const id = rule(2, 60 * second_us);
  park(capture(1), "a");
  auto changed = as_it_is(id);
  changed.name = "renamed";
  of_link(changed);
  EXPECT_EQ(1u, window(id).errors.size());
  changed.count = 3;
  changed.at_once = true;
  of_link(changed);
  EXPECT_TRUE(window(id).errors.empty());
}

// As in the original: a rule, and a change of it, takes effect for a map when that is started.
TEST_F(Alerts, AVersionTakesEffectWhenAMapIsStarted) {
  auto const id = rule(2, 60 * second_us);
  auto changed = as_it_is(id);
  changed.count = 1;
  of_link(changed);
  EXPECT_EQ(2u, row(id).version);
  EXPECT_EQ(nullptr, row(id).window(2, {})) << "nothing was started since";
  park(capture(1), "a");
  EXPECT_EQ(1u, row(id).window(1, {})->errors.size()) << "the map is bound to the first version";
  of_map(MapResumed{map, {}});
  EXPECT_EQ(nullptr, row(id).window(1, {})) << "the last map has left it";
  ASSERT_NE(nullptr, row(id).window(2, {}));
  park(capture(1), "b");
  EXPECT_TRUE(crosses(id));
  of_map(MapStopped{map, {}, {}, 0, {}, {}, {}});
  EXPECT_TRUE(row(id).versions.empty());
}

TEST_F(Alerts, ARuleCountsTheMapsOfItsScopeOnly) {
  map_id const other{tell({stream_kind::map, 0}, MapCreated{link, "orders", "{}"}).value};
  auto const id = rule(5, 60 * second_us);
  of_map(MapResumed{other, {}});
  auto scoped = as_it_is(id);
  scoped.maps = {other};
  scoped.ways = alert_ways::left_to_right;
  scoped.at_once = true;
  of_link(scoped);
  park(capture(1), "a");
  EXPECT_TRUE(window(id).errors.empty()) << "of a map that is none of its own";
  fail_record(other, 1);
  EXPECT_EQ(1u, window(id).errors.size());
  RecordParked back;
  back.map = other;
  back.way = direction::right_to_left;
  back.kind = fault_class::application;
  of_link(back);
  EXPECT_EQ(1u, window(id).errors.size()) << "of the other direction";
}

TEST_F(Alerts, PerMapEachMapCountsForItself) {
  map_id const other{tell({stream_kind::map, 0}, MapCreated{link, "orders", "{}"}).value};
  auto const id = rule(2, 60 * second_us);
  of_map(MapResumed{other, {}});
  auto changed = as_it_is(id);
  changed.per_map = true;
  changed.at_once = true;
  of_link(changed);
  fail_record(map, 1);
  fail_record(other, 2);
  auto const& terms = row(id).terms;
  EXPECT_FALSE(row(id).window(2, map)->crosses(terms.count, terms.within()));
  EXPECT_FALSE(row(id).window(2, other)->crosses(terms.count, terms.within()));
  fail_record(other, 3);
  EXPECT_FALSE(row(id).window(2, map)->crosses(terms.count, terms.within()));
  EXPECT_TRUE(row(id).window(2, other)->crosses(terms.count, terms.within()));
}

TEST_F(Alerts, AFiringIsOpenUntilTheMapsItHeldAreInStepAndItsErrorsHavePassed) {
  auto const id = rule(2, 10 * second_us);
  auto const first = capture(10);
  park(first, "a");
  park(first + 1, "b");
  AlertFired firing;
  firing.rule = id;
  firing.version = 1;
  auto const fired = of_link(firing);
  origin const by_firing{{}, {}, fired, {}};
  tell_from({stream_kind::map, map.value}, PauseRequested{map, id, "rule"}, by_firing);
  ASSERT_EQ(1u, row(id).incidents.size());
  auto const& incident = row(id).incidents.at(fired);
  EXPECT_TRUE(incident.held.contains(map));
  auto const below = window(id).falls_below(row(id).terms);
  EXPECT_EQ(window(id).errors.oldest() + duration(10 * second_us), below);
  EXPECT_FALSE(row(id).has_passed(incident, below - duration(1)));
  EXPECT_TRUE(row(id).has_passed(incident, below));
  of_map(CaughtUp{map});
  EXPECT_TRUE(incident.held.empty());
  of_link(AlertResolved{id, fired});
  EXPECT_TRUE(row(id).incidents.empty());
  EXPECT_TRUE(window(id).armed);
}

TEST_F(Alerts, ADisabledRuleCountsNothing) {
  auto const id = rule(1, 60 * second_us);
  auto off = as_it_is(id);
  off.disabled = true;
  of_link(off);
  park(capture(1), "a");
  EXPECT_TRUE(window(id).errors.empty());
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

TEST_F(Alerts, AnAppIsAwayFromOneEventToTheOther) {
  fail(fault_class::network);
  EXPECT_TRUE(views.outages.away.empty());
  auto const app = views.outages.written.begin()->second.app;
  AppUnreachable silent;
  silent.link = link;
  silent.app = app;
  silent.text = "no route";
  of_link(silent);
  fail(fault_class::network);
  ASSERT_TRUE(views.outages.away.contains(app));
  EXPECT_EQ(2u, views.outages.away.at(app).outage.attempts);
  of_link(AppRecovered{link, app});
  EXPECT_TRUE(views.outages.away.empty());
  EXPECT_TRUE(views.outages.written.empty());
}

}  // namespace
}  // namespace dualwrite::projections
