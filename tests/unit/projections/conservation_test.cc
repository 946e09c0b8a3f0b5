// What came in is settled, parked or in the queue; whatever happens to it.
#include <gtest/gtest.h>

#include "projections/archive.h"
#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

class Conservation : public testing::Test, protected story {
 protected:
  Conservation() {
    begin();
    begin_capture();
  }
  void begin_capture() {
    CaptureStarted started;
    started.link = link;
    started.app = app_id{1};
    started.tables = {{schema, {map}}};
    of_link(started);
  }
  void capture_part(std::uint32_t count, bool last) {
    RecordsCaptured captured;
    captured.link = link;
    captured.commit = 100;
    captured.last = last;
    captured.tables = {{schema, count}};
    captured.count = count;
    captured.records = blob{"some bytes"};
    of_link(captured, count);
  }
  sums_row const& sums() { return views.conservation.sums.at({map, direction::left_to_right}); }
  void apply(MapCounts counts) {
    counts.map = map;
    RecordsApplied applied;
    applied.link = link;
    applied.maps = {counts};
    of_link(applied);
  }
};

TEST_F(Conservation, EveryWayOutIsCounted) {
  auto const first = capture(10);
  EXPECT_EQ(10, sums().queued());
  MapCounts counts;
  counts.inserted = 2;
  counts.updated = counts.removed = counts.equal = counts.filtered = 1;
  apply(counts);
  EXPECT_EQ(4, sums().queued());
  auto const way = direction::left_to_right;
  of_map(RecordSkipped{map, way, first, skip_reason::superseded, {}, false});
  park(first + 1, "a");
  park(first + 2, "b");
  EXPECT_EQ(1, sums().queued());
  EXPECT_EQ(2u, sums().parked);
  of_map(RecordSkipped{map, way, first + 1, skip_reason::conflict_lost, {}, true});
  of_map(ParkedDeleted{map, {{way, first + 2, blob{"b"}}}});
  EXPECT_EQ(0u, sums().parked);
  EXPECT_EQ(1u, sums().deleted);
  MapStopped stopped;
  stopped.map = map;
  of_map(stopped);
  EXPECT_EQ(1u, sums().discarded);
  EXPECT_EQ(0, sums().queued());
  EXPECT_EQ(sums().captured, sums().settled());
}

TEST_F(Conservation, WhatALostBatchSettledIsQueuedAgain) {
  auto const first = capture(5);
  MapCounts counts;
  counts.inserted = 4;
  apply(counts);
  auto const way = direction::left_to_right;
  of_map(RecordSkipped{map, way, first + 4, skip_reason::kept, {}, false});
  EXPECT_EQ(0, sums().queued());
  TargetRewound rewound;
  rewound.link = link;
  counts.map = map;
  rewound.taken_back = {counts};
  rewound.unskipped = {{map, way, first + 4, skip_reason::kept, {}, false}};
  of_link(rewound);
  EXPECT_EQ(5, sums().queued());
}

TEST_F(Conservation, ATableThatNoMapTakesIsNotCounted) {
  schema = schema_id{78};
  capture(3);
  EXPECT_TRUE(views.conservation.sums.empty());
}

// Of a transaction whose last part is not there yet nothing counts any more when its capture begins
// again.
TEST_F(Conservation, WhatIsCapturedInPartCountsUntilTheCaptureBeginsAgain) {
  capture(3);
  auto const bytes = sums().queued_bytes();
  capture_part(4, false);
  EXPECT_EQ(7, sums().queued());
  begin_capture();
  EXPECT_EQ(3, sums().queued());
  EXPECT_EQ(bytes, sums().queued_bytes());
  capture_part(4, false);
  capture_part(1, true);
  begin_capture();
  EXPECT_EQ(8, sums().queued()) << "it was whole";
  EXPECT_EQ(projections::save(views.conservation), projections::save(folded_again().conservation));
}

TEST_F(Conservation, AMapThatStopsHasNoPartOfATransactionAnyMore) {
  capture_part(4, false);
  MapStopped stopped;
  stopped.map = map;
  of_map(stopped);
  begin_capture();
  EXPECT_EQ(0, sums().queued());
  EXPECT_EQ(4u, sums().discarded);
}

}  // namespace
}  // namespace dualwrite::projections
