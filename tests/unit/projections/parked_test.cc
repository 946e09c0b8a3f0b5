// Records that failed or wait: their order by key, what may be tried, and how they end.
#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

class Parked : public testing::Test, protected story {
 protected:
  Parked() {
    begin();
    first = capture(3);
  }
  map_way of() const { return {map, direction::left_to_right}; }
  parked_row const* row(sequence record) { return views.parked.find(of(), record); }

  sequence first;
};

TEST_F(Parked, TheRecordsOfAKeyFormAChainInTheOrderOfTheLog) {
  park(first + 2, "a");
  park(first, "a");
  park(first + 1, "b");
  std::set<sequence> const chain{first, first + 2};
  ASSERT_NE(nullptr, views.parked.chain(of(), "a"));
  EXPECT_EQ(chain, *views.parked.chain(of(), "a"));
  EXPECT_EQ(3u, views.parked.count(of()));
  EXPECT_EQ(nullptr, views.parked.chain(of(), "c"));
  map_way const back{map, direction::right_to_left};
  EXPECT_EQ(nullptr, views.parked.chain(back, "a"));
}

TEST_F(Parked, ARetryMakesItDueAndEndsOneWayOrTheOther) {
  park(first, "a");
  park(first + 1, "b");
  EXPECT_TRUE(views.parked.due(of()).empty());
  of_map(RetryRequested{map, true, {}});
  EXPECT_EQ(2u, views.parked.due(of()).size());
  of_map(RetrySucceeded{map, direction::left_to_right, first, {}});
  EXPECT_EQ(nullptr, row(first));
  EXPECT_EQ(nullptr, views.parked.chain(of(), "a"));
  RetryFailed failed;
  failed.map = map;
  failed.record = first + 1;
  failed.kind = fault_class::application;
  failed.text = "still wrong";
  of_map(failed);
  EXPECT_EQ("still wrong", row(first + 1)->text);
  EXPECT_EQ(park_state::failed, row(first + 1)->state);
  EXPECT_EQ(2u, row(first + 1)->attempts);
  EXPECT_LT(row(first + 1)->first_failed, row(first + 1)->last_failed);
}

TEST_F(Parked, ARetryOfOneLeavesTheOthers) {
  park(first, "a");
  park(first + 1, "b");
  of_map(RetryRequested{map, false, {first}});
  EXPECT_EQ(std::set<sequence>{first}, views.parked.due(of()));
}

TEST_F(Parked, WhatIsGivenUpOrStoppedIsGone) {
  park(first, "a");
  park(first + 1, "b");
  of_map(ParkedDeleted{map, {{direction::left_to_right, first, blob{"a"}}}});
  EXPECT_EQ(1u, views.parked.count(of()));
  EXPECT_TRUE(views.drift.lists(map, "a"));
  MapStopped stopped;
  stopped.map = map;
  of_map(stopped);
  EXPECT_EQ(0u, views.parked.count(of()));
  EXPECT_FALSE(views.parked.holds(first + 1));
}

TEST_F(Parked, AKeyIsListedUntilALaterRecordOfItArrives) {
  park(first + 1, "a");
  park(first + 2, "b");
  of_map(ParkedDeleted{map,
                       {{direction::left_to_right, first + 1, blob{"a"}},
                        {direction::left_to_right, first + 2, blob{"b"}}}});
  of_map(DriftCleared{map, direction::left_to_right, first, blob{"a"}});
  EXPECT_TRUE(views.drift.lists(map, "a")) << "an older record says nothing";
  of_map(DriftCleared{map, direction::left_to_right, first + 3, blob{"a"}});
  EXPECT_FALSE(views.drift.lists(map, "a"));
  EXPECT_TRUE(views.drift.lists(map, "b"));
}

TEST_F(Parked, WhatALostBatchParkedOrSettledIsAsItWasBefore) {
  park(first, "a");
  park(first + 1, "b");
  TargetRewound rewound;
  rewound.link = link;
  rewound.unparked = {{map, direction::left_to_right, first, {}, {}, true}};
  RecordParked again;
  again.map = map;
  again.record = first + 2;
  again.state = park_state::due;
  again.key = blob{"c"};
  rewound.reparked = {again};
  of_link(rewound);
  EXPECT_EQ(nullptr, row(first));
  ASSERT_NE(nullptr, row(first + 1));
  ASSERT_NE(nullptr, row(first + 2));
  EXPECT_EQ(std::set<sequence>{first + 2}, views.parked.due(of()));
}

TEST_F(Parked, WhatIsCancelledHasFailedAsBefore) {
  park(first, "a");
  park(first + 1, "b");
  auto const one = of_map(RetryRequested{map, false, {first}});
  auto const other = of_map(RetryRequested{map, false, {first, first + 1}});
  EXPECT_EQ(one, row(first)->retry);
  EXPECT_EQ(other, row(first + 1)->retry);
  of_map(RetryCancelled{map, other});
  EXPECT_EQ(std::set<sequence>{first}, views.parked.due(of()));
  EXPECT_EQ(park_state::failed, row(first + 1)->state);
  EXPECT_EQ(1u, row(first + 1)->attempts);
}

TEST_F(Parked, TheClockOfFailuresRunsOnlyWhileTheMapDoes) {
  park(first, "a");
  EXPECT_EQ(0, row(first)->failed_at_us);
  of_map(MapStarted{map, {}});
  of_map(LegCompleted{map, {}, {}});
  park(first + 1, "b");
  EXPECT_EQ(2'000'000, row(first + 1)->failed_at_us);
  of_map(MapPaused{map, {}, {}});
  of_map(LegCompleted{map, {}, {}});
  of_map(CaughtUp{map});
  park(first + 2, "c");
  EXPECT_EQ(4'000'000, row(first + 2)->failed_at_us);
  auto const& clock = views.parked.clocks.at(map);
  EXPECT_TRUE(clock.runs);
  EXPECT_EQ(clock.when(5'000'000), row(first + 2)->last_failed + std::chrono::seconds(1));
  by_clock const failed{{0, first}, {2'000'000, first + 1}, {4'000'000, first + 2}};
  EXPECT_EQ(failed, views.parked.failed(of()));
}

TEST_F(Parked, WhatWasAnnouncedIsPurgedUnlessItFailsAgain) {
  of_map(MapStarted{map, {}});
  park(first, "a");
  auto const at = row(first)->last_failed + std::chrono::seconds(61);
  of_map(PurgeAnnounced{map, {{direction::left_to_right, first}}, at});
  EXPECT_TRUE(views.parked.failed(of()).empty());
  EXPECT_EQ((by_clock{{62'000'000, first}}), views.parked.announced(of()));
  RetryFailed failed;
  failed.map = map;
  failed.record = first;
  of_map(failed);
  EXPECT_TRUE(views.parked.announced(of()).empty());
  EXPECT_EQ(1u, views.parked.failed(of()).size());
  of_map(ParkedPurged{map, {{direction::left_to_right, first, blob{"a"}}}, {}});
  EXPECT_EQ(nullptr, row(first));
  EXPECT_FALSE(views.parked.ended.contains(of())) << "it is in the drift list instead";
}

TEST_F(Parked, HowItEndedStaysListedUntilItIsNot) {
  park(first, "a");
  park(first + 1, "b");
  park(first + 2, "c");
  of_map(RetrySucceeded{map, direction::left_to_right, first, {}});
  of_map(RecordSkipped{
      map, direction::left_to_right, first + 1, skip_reason::superseded, first + 2, true});
  auto const stopped = of_map(MapStopped{map, {}, stop_reason::admin, 1, {}, {}, {}});
  auto const& ended = views.parked.ended.at(of());
  EXPECT_EQ(parked_end::completed, ended.at(first).how);
  EXPECT_EQ(parked_end::superseded, ended.at(first + 1).how);
  EXPECT_EQ(first + 2, ended.at(first + 1).by);
  EXPECT_EQ(parked_end::discarded, ended.at(first + 2).how);
  EXPECT_EQ(stopped, ended.at(first + 2).by);
  of_map(ParkedPurged{map, {}, {{direction::left_to_right, first}}});
  EXPECT_EQ(2u, ended.size());
  EXPECT_EQ(2u, views.parked.ended_since(of()).size());
}

TEST_F(Parked, CountsWhatWaitsBehindARecord) {
  park(first, "a");
  park(first + 1, "a", park_state::waiting);
  RecordParked order;
  order.map = map;
  order.record = first + 2;
  order.state = park_state::dependency;
  order.waits_for = first;
  order.key = blob{"order"};
  of_map(order);
  EXPECT_EQ(2u, views.parked.waiting_behind(of(), first));
  EXPECT_EQ(0u, views.parked.waiting_behind(of(), first + 1));
  of_map(RetrySucceeded{map, direction::left_to_right, first, {}});
  EXPECT_EQ(0u, views.parked.waiting_behind(of(), first));
  EXPECT_EQ((std::set<sequence>{first + 1, first + 2}), views.parked.due(of()));
}

TEST_F(Parked, ASnapshotHoldsAllOfIt) {
  park(first + 2, "z");
  of_map(RetrySucceeded{map, direction::left_to_right, first + 2, {}});
  park(first, "a");
  park(first + 1, "a", park_state::waiting);
  of_map(RetryRequested{map, true, {}});
  auto const bytes = save(views);
  EXPECT_EQ(bytes, save(folded_again()));
  auto loaded = load<projections::views>(bytes);
  ASSERT_TRUE(loaded);
  loaded->parked.reindex();
  EXPECT_EQ(views.parked.due(of()), loaded->parked.due(of()));
  EXPECT_EQ(views.parked.failed(of()), loaded->parked.failed(of()));
  EXPECT_EQ(1u, loaded->parked.ended_since(of()).size());
  EXPECT_EQ(*views.parked.chain(of(), "a"), *loaded->parked.chain(of(), "a"));
}

}  // namespace
}  // namespace dualwrite::projections
