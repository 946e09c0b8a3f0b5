// When parked records are announced and purged.
#include "engine/decide/retention_decider.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/support/story.h"

namespace dualwrite::engine {
namespace {

using projections::map_way;
using std::chrono::seconds;

class RetentionDecider : public testing::Test, protected story {
 protected:
  RetentionDecider() {
    begin();
    first = capture(3);
    of_map(MapStarted{map, {}});
    kept[map] = seconds(100);
  }
  instant failed_at(sequence record) {
    return views.parked.find({map, direction::left_to_right}, record)->last_failed;
  }
  // The one event that is due then, as what it has to be.
  template <class Event>
  Event due(instant now) {
    auto const events = decide_retention(views, kept, now);
    EXPECT_EQ(1u, events.size());
    if (events.size() != 1) return {};
    kept_bytes.push_back(events.front().bytes);
    auto const& bytes = kept_bytes.back();
    auto const view = decode({sequence{1}, 1, {}, events.front().stream, bytes});
    auto const* event = view ? view->as<Event>() : nullptr;
    EXPECT_NE(nullptr, event);
    return event == nullptr ? Event{} : *event;
  }

  sequence first;
  kept_spans kept;
  std::deque<std::vector<std::byte>> kept_bytes;
};

TEST_F(RetentionDecider, AnnouncesAQuarterOfTheTimeBeforeItPurges) {
  EXPECT_FALSE(next_retention(views, kept));
  park(first, "a");
  auto const announced_at = failed_at(first) + seconds(75);
  ASSERT_EQ(announced_at, next_retention(views, kept));
  EXPECT_TRUE(decide_retention(views, kept, announced_at - duration{1}).empty());
  auto const announced = due<PurgeAnnounced>(announced_at);
  ASSERT_EQ(1u, announced.records.size());
  EXPECT_EQ(first, announced.records[0].record);
  EXPECT_EQ(failed_at(first) + seconds(100), announced.at);
}

TEST_F(RetentionDecider, PurgesWhatWasAnnouncedAndUnlistsWhatEnded) {
  park(first, "a");
  park(first + 1, "b");
  of_map(RetrySucceeded{map, direction::left_to_right, first + 1, {}});
  auto const at = failed_at(first) + seconds(100);
  of_map(PurgeAnnounced{map, {{direction::left_to_right, first}}, at});
  auto const purged = due<ParkedPurged>(at + seconds(10));
  ASSERT_EQ(1u, purged.records.size());
  EXPECT_EQ(first, purged.records[0].record);
  EXPECT_EQ("a", purged.records[0].key.bytes);
  ASSERT_EQ(1u, purged.unlisted.size());
  EXPECT_EQ(first + 1, purged.unlisted[0].record);
}

TEST_F(RetentionDecider, LeavesAloneWhatWaitsAndWhatIsRetried) {
  park(first, "a", park_state::waiting);
  park(first + 1, "b");
  of_map(RetryRequested{map, false, {first + 1}});
  EXPECT_FALSE(next_retention(views, kept));
  EXPECT_TRUE(decide_retention(views, kept, failed_at(first) + seconds(10'000)).empty());
}

TEST_F(RetentionDecider, HasNothingToSayWhileTheMapRests) {
  park(first, "a");
  of_map(MapPaused{map, {}, {}});
  EXPECT_FALSE(next_retention(views, kept));
  auto const& row = *views.parked.find({map, direction::left_to_right}, first);
  EXPECT_FALSE(purge_time(views, map, row, seconds(100)));
  EXPECT_TRUE(decide_retention(views, kept, failed_at(first) + seconds(10'000)).empty());
}

TEST_F(RetentionDecider, AnnouncesAnewWhereTheMapKeepsItsErrorsLonger) {
  park(first, "a");
  auto const at = failed_at(first) + seconds(100);
  of_map(PurgeAnnounced{map, {{direction::left_to_right, first}}, at});
  kept[map] = seconds(1'000);
  auto const announced = due<PurgeAnnounced>(at);
  EXPECT_EQ(failed_at(first) + seconds(1'000), announced.at);
  of_map(announced);
  EXPECT_GT(*next_retention(views, kept), at + seconds(800));
}

// Whatever is due is said in a finite number of steps, and then nothing is due any more: or a watch
// would spin.
TEST_F(RetentionDecider, WhatItSaysIsNotDueAgain) {
  for (std::uint64_t i = 0; i < 3; ++i) park(first + i, "abc");
  auto now = failed_at(first) + seconds(10'000);
  for (int step = 0; step < 10; ++step) {
    auto const next = next_retention(views, kept);
    if (!next || *next > now) {
      now = now + seconds(10'000);
      continue;
    }
    auto const events = decide_retention(views, kept, now);
    ASSERT_FALSE(events.empty()) << "it is due, and nothing is said";
    for (auto const& event : events) {
      auto const view = decode({sequence{1}, 1, {}, event.stream, event.bytes});
      ASSERT_TRUE(view);
      if (auto const* announced = view->as<PurgeAnnounced>()) {
        auto later = *announced;
        later.at = failed_at(first) + seconds(100);
        of_map(later);
      }
      if (auto const* purged = view->as<ParkedPurged>()) of_map(*purged);
    }
  }
  EXPECT_EQ(0u, views.parked.count({map, direction::left_to_right}));
}

}  // namespace
}  // namespace dualwrite::engine
