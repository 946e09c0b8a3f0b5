// Keys that were given up, and what takes them off the list.
#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

class Drift : public testing::Test, protected story {
 protected:
  Drift() { begin(); }

  sequence begin_sync(run_mode mode) {
    InitialSyncStarted started;
    started.map = map;
    started.legs = {direction::left_to_right};
    started.mode = mode;
    return of_map(started);
  }
  void end_sync(sequence execution) {
    of_map(InitialSyncCompleted{map, execution_id{execution.value}, end_state::succeeded, 0});
  }
  void give_up(sequence record, std::string const& key) {
    park(record, key);
    ParkedDeleted deleted;
    deleted.map = map;
    deleted.records = {{direction::left_to_right, record, blob{key}}};
    of_map(deleted);
  }
  bool is_listed(std::string const& key) const { return views.drift.lists(map, key); }
  map_way const to_right{map_id{4}, direction::left_to_right};
};

TEST_F(Drift, AnInitialSyncClearsWhatWasGivenUpBeforeIt) {
  auto const record = capture(1);
  give_up(record, "a");
  EXPECT_TRUE(is_listed("a"));
  EXPECT_TRUE(views.drift.was_given_up(to_right, record));
  end_sync(begin_sync(run_mode::initial_sync));
  EXPECT_FALSE(is_listed("a"));
}

// Its row was an error when the copy passed it, and was left alone.
TEST_F(Drift, WhatIsGivenUpWhileACopyIsAtWorkStaysListed) {
  auto const record = capture(1);
  auto const sync = begin_sync(run_mode::without_errors);
  give_up(record, "a");
  end_sync(sync);
  EXPECT_TRUE(is_listed("a"));
  EXPECT_TRUE(views.drift.was_given_up(to_right, record));
}

TEST_F(Drift, ASyncOfErrorsAloneCopiesNothingElse) {
  give_up(capture(1), "a");
  end_sync(begin_sync(run_mode::errored_only));
  EXPECT_TRUE(is_listed("a"));
  end_sync(begin_sync(run_mode::without_errors));
  EXPECT_FALSE(is_listed("a"));
}

}  // namespace
}  // namespace dualwrite::projections
