// Winners on their way back, and losers that stay losers.
#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

class Conflicts : public testing::Test, protected story {
 protected:
  Conflicts() { begin(); }

  // The record of the right app wins over one of the left, which stands on the right already.
  sequence resolve(sequence winner, sequence loser, std::string const& key) {
    ConflictDetected found;
    found.map = map;
    found.way = direction::right_to_left;
    found.record = winner;
    found.other = loser;
    found.record_wins = true;
    found.key = blob{key};
    of_map(found);
    ConflictResolved resolved;
    resolved.link = link;
    resolved.map = map;
    resolved.winner = winner;
    resolved.key = blob{key};
    return of_map(resolved);
  }
  void apply(direction way, sequence behind, sequence position) {
    RecordsApplied applied;
    applied.link = link;
    applied.way = way;
    applied.behind = behind;
    applied.position = position;
    applied.maps = {{map}};
    of_link(applied);
  }
  map_way const to_right{map_id{4}, direction::left_to_right};
};

TEST_F(Conflicts, AWinnerIsOnItsWayUntilItsPlaceIsPassed) {
  auto const first = capture(2);
  auto const at = resolve(first + 1, first, "a");
  ASSERT_NE(nullptr, views.conflicts.pending(to_right, "a"));
  EXPECT_EQ(std::set<sequence>{at}, *views.conflicts.pending(to_right, "a"));
  EXPECT_EQ(nullptr, views.conflicts.pending(to_right, "b"));
  apply(direction::left_to_right, first, at);
  EXPECT_EQ(nullptr, views.conflicts.pending(to_right, "a"));
}

TEST_F(Conflicts, AWinnerThatIsBeatenMeanwhileSaysSo) {
  auto const first = capture(3);
  auto const at = resolve(first + 1, first, "a");
  ConflictDetected later;
  later.map = map;
  later.record = first + 2;
  later.other = first + 1;
  later.record_wins = true;
  later.key = blob{"a"};
  of_map(later);
  EXPECT_EQ(first + 2, views.conflicts.resolutions.at(at).beaten_by);
}

TEST_F(Conflicts, ALoserIsRememberedUntilItsOwnOutcomeIsKnown) {
  auto const first = capture(2);
  auto const at = resolve(first + 1, first, "a");
  EXPECT_EQ(first + 1, views.conflicts.beaten_by(to_right, first));
  apply(direction::left_to_right, first, at);
  EXPECT_EQ(sequence{}, views.conflicts.beaten_by(to_right, first));
}

// What one conflict took is not given back by the next, nor by what a winner still brings home.
TEST_F(Conflicts, ALoserInPartLosesWhatEachConflictTakes) {
  auto const first = capture(3);
  auto const share = [&](direction way, sequence record, sequence other, std::string_view column) {
    ConflictDetected found;
    found.map = map;
    found.way = way;
    found.record = record;
    found.other = other;
    found.record_wins = true;
    found.key = blob{"a"};
    found.columns = {{column, true}};
    of_map(found);
  };
  share(direction::right_to_left, first + 1, first, "name");
  share(direction::right_to_left, first + 2, first, "note");
  using names = std::vector<std::string>;
  auto const* lost = views.conflicts.part(to_right, first);
  ASSERT_NE(nullptr, lost);
  EXPECT_EQ((names{"name", "note"}), lost->of_target) << "of the table that the winner comes from";
  EXPECT_TRUE(lost->columns.empty());
  EXPECT_EQ(nullptr, views.conflicts.part({map, direction::right_to_left}, first + 1));

  ConflictResolved resolved;
  resolved.link = link;
  resolved.map = map;
  resolved.way = direction::right_to_left;
  resolved.winner = first;
  resolved.key = blob{"a"};
  auto const at = of_map(resolved);
  map_way const to_left{map, direction::right_to_left};
  lost = views.conflicts.part(to_left, at);
  ASSERT_NE(nullptr, lost);
  EXPECT_EQ((names{"name", "note"}), lost->columns);
  share(direction::right_to_left, first + 2, first, "street");
  EXPECT_EQ((names{"name", "note", "street"}), views.conflicts.part(to_left, at)->columns);
  apply(direction::right_to_left, at, at);
  EXPECT_EQ(nullptr, views.conflicts.part(to_left, at));
}

TEST_F(Conflicts, WhatComesAgainHasLostWhatItHadLostBefore) {
  auto const first = capture(1);
  TargetRewound rewound;
  rewound.link = link;
  rewound.in_part = {{map, first, {{"name", false}, {"note", false}}}};
  of_link(rewound);
  auto const* lost = views.conflicts.part(to_right, first);
  ASSERT_NE(nullptr, lost);
  EXPECT_EQ((std::vector<std::string>{"name", "note"}), lost->of_target);
}

TEST_F(Conflicts, WhatWasDecidedStaysDecidedWhenTheTargetIsSetBack) {
  auto const first = capture(3);
  TargetRewound rewound;
  rewound.link = link;
  auto const way = direction::left_to_right;
  rewound.unskipped = {
      {map, way, first, skip_reason::conflict_lost, first + 2, false},
      {map, way, first + 1, skip_reason::superseded, first + 2, false},
      {map, way, first + 2, skip_reason::superseded, first + 3, true},
  };
  of_link(rewound);
  auto const& conflicts = views.conflicts;
  ASSERT_NE(nullptr, conflicts.decision(to_right, first));
  EXPECT_EQ(skip_reason::conflict_lost, conflicts.decision(to_right, first)->reason);
  EXPECT_EQ(first + 2, conflicts.decision(to_right, first)->by);
  ASSERT_NE(nullptr, conflicts.decision(to_right, first + 1));
  EXPECT_EQ(skip_reason::superseded, conflicts.decision(to_right, first + 1)->reason);
  EXPECT_EQ(nullptr, conflicts.decision(to_right, first + 2)) << "waits for the later one again";
  of_map(RecordSkipped{map, way, first, skip_reason::conflict_lost, first + 2, false});
  EXPECT_EQ(nullptr, conflicts.decision(to_right, first));
  of_map(RecordSkipped{map, way, first + 1, skip_reason::superseded, first + 2, false});
  EXPECT_TRUE(views.conflicts.decided.empty());
}

}  // namespace
}  // namespace dualwrite::projections
