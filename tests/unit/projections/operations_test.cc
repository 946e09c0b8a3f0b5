// What became of each record that somebody asked to be retried or deleted.
#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

class Operations : public testing::Test, protected story {
 protected:
  Operations() {
    begin();
    first = capture(4);
    for (std::uint64_t i = 0; i < 4; ++i)
      park(first + i, std::string(1, static_cast<char>('a' + i)));
  }
  operation_row const& row(sequence at) { return views.operations.rows.at(at); }
  void fail(sequence record, park_state state = park_state::failed) {
    RetryFailed failed;
    failed.map = map;
    failed.record = record;
    failed.state = state;
    of_map(failed);
  }
  void succeed(sequence record) {
    of_map(RetrySucceeded{map, direction::left_to_right, record, {}});
  }

  sequence first;
};

TEST_F(Operations, AreFinishedWhenEachRecordHasAResult) {
  auto const one = of_map(RetryRequested{map, false, {first, first + 1, first + 2}});
  EXPECT_EQ(3u, row(one).count(record_result::left));
  succeed(first);
  fail(first + 1);
  EXPECT_FALSE(row(one).is_finished());
  of_map(RecordSkipped{
      map, direction::left_to_right, first + 2, skip_reason::superseded, first + 3, true});
  EXPECT_TRUE(row(one).is_finished());
  EXPECT_NE(instant{}, row(one).finished);
  EXPECT_EQ(record_result::succeeded, row(one).records.at(first));
  EXPECT_EQ(record_result::failed, row(one).records.at(first + 1));
  EXPECT_EQ(record_result::ended, row(one).records.at(first + 2));
}

TEST_F(Operations, TellLaterHowARecordThatWaitedEnded) {
  auto const one = of_map(RetryRequested{map, false, {first}});
  fail(first, park_state::dependency);
  EXPECT_TRUE(row(one).is_finished());
  EXPECT_EQ(record_result::waits, row(one).records.at(first));
  succeed(first);
  EXPECT_EQ(record_result::succeeded, row(one).records.at(first));
  EXPECT_EQ(0u, row(one).count(record_result::waits));
}

TEST_F(Operations, ThatAreCancelledTellWhatStillArrived) {
  auto const one = of_map(RetryRequested{map, false, {first, first + 1}});
  of_map(RetryCancelled{map, one});
  EXPECT_TRUE(row(one).is_cancelled);
  EXPECT_EQ(2u, row(one).count(record_result::cancelled));
  succeed(first);
  EXPECT_EQ(1u, row(one).count(record_result::cancelled));
  EXPECT_EQ(1u, row(one).count(record_result::succeeded));
}

TEST_F(Operations, OfDeletingEndAtOnceAndEndRetriesOfTheSameRecords) {
  auto const retry = of_map(RetryRequested{map, false, {first, first + 1}});
  auto const removal = of_map(ParkedDeleted{map, {{direction::left_to_right, first, blob{"a"}}}});
  EXPECT_TRUE(row(removal).is_finished());
  EXPECT_EQ(operation_kind::remove, row(removal).kind);
  EXPECT_EQ(record_result::deleted, row(removal).records.at(first));
  EXPECT_EQ(record_result::ended, row(retry).records.at(first));
  EXPECT_FALSE(row(retry).is_finished());
  of_map(MapStopped{map, {}, stop_reason::admin, 0, {}, {}, {}});
  EXPECT_TRUE(row(retry).is_finished());
}

TEST_F(Operations, ThatHaveFinishedAreForgottenInTime) {
  auto const open = of_map(RetryRequested{map, false, {first + 3}});
  auto const oldest = of_map(RetryRequested{map, false, {}});
  for (std::size_t i = 0; i < operations::finished_max; ++i) of_map(RetryRequested{map, false, {}});
  EXPECT_FALSE(views.operations.rows.contains(oldest));
  EXPECT_TRUE(views.operations.rows.contains(open)) << "it is still at work";
  EXPECT_EQ(operations::finished_max + 1, views.operations.rows.size());
  EXPECT_EQ(save(views), save(folded_again()));
}

}  // namespace
}  // namespace dualwrite::projections
