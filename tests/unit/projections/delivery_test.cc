// What a batch held of a map, for those who have to know after a restart.
#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

class Delivery : public testing::Test, protected story {
 protected:
  Delivery() {
    begin();
    CaptureStarted started;
    started.link = link;
    started.tables.resize(1);
    started.tables[0].schema = schema;
    started.tables[0].maps = {map};
    // Both directions: a batch that nobody can miss is forgotten at once.
    for (auto const of : {side::left, side::right}) {
      started.of = of;
      of_link(started);
    }
  }
  void apply(sequence behind, sequence position) {
    RecordsApplied applied;
    applied.link = link;
    applied.batch = batch_number{++batches_};
    applied.behind = behind;
    applied.position = position;
    applied.maps.resize(1);
    applied.maps[0].map = map;
    of_link(applied);
  }
  batch_share share() const {
    auto const& rows = views.delivery.batches.at({link, direction::left_to_right, main_lane});
    return rows.at(batch_number{batches_}).maps.at(0);
  }

 private:
  std::uint64_t batches_ = 0;
};

TEST_F(Delivery, ABatchHoldsOfAMapOnlyWhatCameAfterItJoined) {
  auto const first = capture(5);
  LaneJoined joined{link, map, direction::left_to_right, first + 2};
  of_link(joined);
  apply(sequence{}, first + 4);
  EXPECT_EQ(map, share().map);
  EXPECT_EQ(first + 2, share().from);
  auto const second = capture(2);
  apply(first + 4, second + 1);
  EXPECT_EQ(first + 4, share().from);
}

// Only where it was written to: what the link's other app holds is as it was.
TEST_F(Delivery, AnAppThatWasDetachedHasNoBatches) {
  apply(sequence{}, capture(5));
  RecordsApplied back;
  back.link = link;
  back.way = direction::right_to_left;
  back.batch = batch_number{7};
  of_link(back);
  auto const there = lane_name{link, direction::left_to_right, main_lane};
  auto const here = lane_name{link, direction::right_to_left, main_lane};
  auto const position = views.delivery.lane(there)->position;
  of_link(AppDetached{link, side::right, {}});
  EXPECT_EQ(batch_number{}, views.delivery.lane(there)->batch);
  EXPECT_EQ(position, views.delivery.lane(there)->position) << "the log is not read again";
  EXPECT_FALSE(views.delivery.batches.contains(there));
  EXPECT_EQ(batch_number{7}, views.delivery.lane(here)->batch);
  EXPECT_FALSE(views.delivery.captures.contains({link, side::right}));
  EXPECT_TRUE(views.delivery.captures.contains({link, side::left}));
}

}  // namespace
}  // namespace dualwrite::projections
