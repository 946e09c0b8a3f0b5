// Initial syncs that are run again: all of it, all but what had failed, or only that.
#include <fmt/format.h>

#include "tests/simulation/history.h"
#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

class Rerun : public testing::Test, protected refusing {
 protected:
  // 40 rows, of which 8 are refused.
  void fail_once() {
    fill(40);
    refuse_each(5, 40);
    define();
    submit(engine::run_map{map});
    ASSERT_TRUE(comes_to(map_state::holding)) << to_string(here.failure());
    ASSERT_EQ(end_state::failed, execution().state);
    ASSERT_EQ(8u, execution().failed);
  }
};

TEST_F(Rerun, AnInitialSyncCountsWhatBecameOfEachRowByLegAndChunk) {
  user(here.right, put(1, "row"));
  user(here.right, put(2, "other"));
  fail_once();
  auto const& counts = leg().counts;
  EXPECT_EQ(30u, counts.inserted);
  EXPECT_EQ(1u, counts.updated);
  EXPECT_EQ(1u, counts.equal);
  EXPECT_EQ(8u, counts.failed);
  EXPECT_EQ(40u, leg().rows);
  projections::copy_counts sum;
  for (auto const& chunk : leg().chunks) {
    sum += chunk.counts;
    auto const& of = chunk.counts;
    EXPECT_EQ(chunk.count, of.inserted + of.updated + of.equal + of.failed);
  }
  EXPECT_EQ(8u, sum.failed);
  EXPECT_EQ(30u, sum.inserted);
}

TEST_F(Rerun, OfEverythingTriesWhatHadFailedAndEndsRunning) {
  fail_once();
  refused = {0, 5};
  ASSERT_TRUE(rerun(run_mode::initial_sync));
  EXPECT_EQ(map_state::holding, state());
  EXPECT_EQ(6u, leg().counts.inserted);
  EXPECT_EQ(32u, leg().counts.equal);
  EXPECT_EQ(2u, execution().failed);
  EXPECT_EQ(2u, parked());
  refused.clear();
  submit(engine::rerun_sync{map, run_mode::initial_sync});
  ASSERT_TRUE(comes_to(map_state::running));
  EXPECT_EQ(end_state::succeeded, execution().state);
  EXPECT_TRUE(become_equal());
  expect_whole();
}

TEST_F(Rerun, WithoutErrorsLeavesThemAloneAndWaitsForTheAdmin) {
  fail_once();
  auto const tried = asked;
  user(here.left, put(100, "new"));
  user(here.left, put(3, "changed"));
  ASSERT_TRUE(rerun(run_mode::without_errors));
  EXPECT_EQ(end_state::completed, execution().state);
  EXPECT_EQ(map_state::holding, state()) << "the admin sets it running";
  EXPECT_EQ(customer(100, "new"), rows(here.right).at({value::of_int64(100)}));
  EXPECT_EQ(customer(3, "changed"), rows(here.right).at({value::of_int64(3)}));
  EXPECT_EQ(8u, parked());
  for (auto const id : refused) EXPECT_EQ(tried.at(id), asked.at(id)) << id;

  auto const syncs = count(event_type::InitialSyncStarted);
  submit(engine::run_map{map});
  ASSERT_TRUE(comes_to(map_state::running));
  EXPECT_EQ(syncs, count(event_type::InitialSyncStarted)) << "nothing is copied again";
  here.run(500);
  EXPECT_EQ(8u, parked());
  for (auto const id : refused) EXPECT_EQ(tried.at(id), asked.at(id)) << id;
  refused.clear();
  submit(engine::retry_records{map, {}});
  EXPECT_TRUE(become_equal());
  expect_whole();
}

TEST_F(Rerun, WithoutErrorsThatFindsNewOnesHasFailed) {
  fail_once();
  refused.insert(101);
  user(here.left, put(101, "new"));
  ASSERT_TRUE(rerun(run_mode::without_errors));
  EXPECT_EQ(end_state::failed, execution().state);
  EXPECT_EQ(1u, execution().failed);
  EXPECT_EQ(9u, parked());
  EXPECT_EQ(map_state::holding, state());
}

TEST_F(Rerun, OfErrorsOnlyReadsOnlyTheirRowsAnew) {
  fail_once();
  auto const tried = asked;
  // One was mended at its source, one is gone there, one is refused still.
  refused = {10, 15};
  user(here.left, put(15, "mended"));
  refused.erase(15);
  user(here.left, gone(20));
  ASSERT_TRUE(rerun(run_mode::errored_only));
  EXPECT_EQ(end_state::failed, execution().state);
  EXPECT_EQ(6u, leg().counts.inserted);
  EXPECT_EQ(1u, leg().counts.failed);
  EXPECT_EQ(1u, parked());
  EXPECT_EQ(customer(15, "mended"), rows(here.right).at({value::of_int64(15)}));
  EXPECT_EQ(tried.at(1), asked.at(1)) << "a good row was written again";
  refused.clear();
  submit(engine::rerun_sync{map, run_mode::errored_only});
  ASSERT_TRUE(comes_to(map_state::running));
  EXPECT_TRUE(become_equal());
  expect_whole();
}

TEST_F(Rerun, OfErrorsOnlyTakesFewLargeRowsAtOnce) {
  fail_once();
  for (auto const id : refused) user(here.left, put(id, std::string(5U << 20U, 'x')));
  refused.clear();
  ASSERT_TRUE(rerun(run_mode::errored_only));
  std::uint64_t read = 0;
  for (auto const& chunk : leg().chunks) {
    EXPECT_LE(chunk.count, 2u);
    read += chunk.count;
  }
  EXPECT_EQ(8u, read);
  EXPECT_EQ(8u, leg().counts.inserted);
  EXPECT_EQ(end_state::succeeded, execution().state);
  EXPECT_TRUE(become_equal());
  expect_whole();
}

TEST_F(Rerun, ARetryOfTheLastErrorCompletesTheInitialSync) {
  fail_once();
  refused.clear();
  auto const one = parked_of(5);
  submit(engine::retry_records{map, {one}});
  ASSERT_TRUE(here.run_until([&] { return parked() == 7; }));
  EXPECT_EQ(end_state::failed, execution().state);
  submit(engine::retry_records{map, {}});
  ASSERT_TRUE(here.run_until([&] { return execution().state == end_state::completed; }));
  EXPECT_EQ(map_state::holding, state());
  submit(engine::run_map{map});
  ASSERT_TRUE(comes_to(map_state::running));
  EXPECT_EQ(1u, count(event_type::InitialSyncStarted));
  EXPECT_TRUE(become_equal());
  expect_whole();
}

TEST_F(Rerun, ARetryOfAMapThatNoLongerFitsItsTablesSaysWhatIsWrong) {
  fail_once();
  refused.clear();
  auto& name = here.right.table("customer").schema.columns[1].name;
  auto const before = std::exchange(name, "renamed");
  submit(engine::retry_records{map, {}});
  auto const misfits = [&] {
    auto const& rows = here.views().parked.rows.at({map, direction::left_to_right});
    return std::count_if(rows.begin(), rows.end(), [](auto const& row) {
      return row.second.code == "invalid_definition" && row.second.state == park_state::failed;
    });
  };
  ASSERT_TRUE(here.run_until([&] { return misfits() == 8; })) << to_string(here.failure());
  here.crash_and_restart(0);
  submit(engine::retry_records{map, {}});
  here.run(500);
  EXPECT_EQ(8, misfits());
  EXPECT_GE(40u, count(event_type::RetryFailed));
  here.right.table("customer").schema.columns[1].name = before;
  submit(engine::retry_records{map, {}});
  ASSERT_TRUE(here.run_until([&] { return execution().state == end_state::completed; }))
      << to_string(here.failure());
  EXPECT_TRUE(become_equal());
  expect_whole();
}

TEST_F(Rerun, IsRefusedWhereNoInitialSyncHasEnded) {
  define();
  auto const refused_here = [&](run_mode which) {
    auto const made = here.submit(engine::rerun_sync{map, which});
    return !made && made.error().code == error_code::illegal_transition;
  };
  EXPECT_TRUE(refused_here(run_mode::initial_sync));
  submit(engine::run_map{map});
  ASSERT_TRUE(comes_to(map_state::running));
  EXPECT_TRUE(refused_here(run_mode::without_errors));
  EXPECT_TRUE(refused_here(run_mode::errored_only));
}

TEST_F(Rerun, AfterACrashOrAPauseGoesOnAtItsLastChunk) {
  fill(40);
  define();
  submit(engine::run_map{map});
  ASSERT_TRUE(here.run_until([&] { return count(event_type::ChunkCopied) == 3; }));
  here.crash_and_restart(0);
  ASSERT_TRUE(here.run_until([&] { return count(event_type::ChunkCopied) >= 5; }));
  submit(engine::pause_map{map});
  ASSERT_TRUE(comes_to(map_state::paused));
  submit(engine::resume_map{map});
  ASSERT_TRUE(comes_to(map_state::running));
  EXPECT_EQ(1u, count(event_type::InitialSyncStarted));
  EXPECT_EQ(40u, leg().counts.inserted) << "a row was copied twice";
  EXPECT_TRUE(become_equal());
  expect_whole();
}

// A change that the first copy had seen must not come after it, however often a part is copied
// again; and one that none has seen must come.
TEST(RerunRandomly, EndsEqualAndNothingOlderIsWrittenLater) {
  constexpr run_mode modes[] = {
      run_mode::initial_sync, run_mode::without_errors, run_mode::errored_only};
  for (std::size_t moment = 0; moment < 60; ++moment) {
    SCOPED_TRACE("moment " + std::to_string(moment));
    refusing one;
    std::map<row_values, std::uint64_t> last;
    one.here.right.written = [&](engine::target_batch const& batch,
                                 std::span<engine::write_result const> results) {
      for (std::size_t i = 0; i < results.size(); ++i) {
        auto const& wish = batch.writes[i];
        bool const changes = results[i].effect == engine::write_effect::inserted ||
                             results[i].effect == engine::write_effect::updated;
        if (!changes) continue;
        auto const number = std::stoull(wish.values[1].as_string());
        EXPECT_LE(last[wish.key], number) << "an older value was written over a later one";
        last[wish.key] = number;
      }
    };
    std::uint64_t written = 0;
    auto const edit = [&](std::int64_t id) {
      bool const removes = (id * 7 + static_cast<std::int64_t>(moment)) % 11 == 0;
      (void)one.here.left.commit({removes ? gone(id) : put(id, std::to_string(++written))});
    };
    for (std::int64_t id = 0; id < 20; ++id) edit(id);
    one.refuse_each(3, 20);
    one.define();
    (void)one.here.submit(engine::run_map{one.map});
    for (std::size_t turn = 0; turn < 6; ++turn) {
      one.here.run(moment * 2);
      for (std::int64_t id = 0; id < 20; id += 2) edit((id + static_cast<std::int64_t>(turn)) % 20);
      if (turn == 3) one.refused = {3};
      if (moment % 5 == turn) one.here.crash_and_restart(moment * 31 % 300);
      (void)one.here.submit(engine::rerun_sync{one.map, modes[(turn + moment) % 3]});
      if (moment % 4 == turn) (void)one.here.submit(engine::pause_map{one.map});
      one.here.run(17);
      (void)one.here.submit(engine::resume_map{one.map});
    }
    one.refused.clear();
    for (int i = 0; i < 10 && !(one.state() == map_state::running && one.parked() == 0); ++i) {
      (void)one.here.submit(engine::resume_map{one.map});
      (void)one.here.submit(engine::rerun_sync{one.map, modes[moment % 3]});
      one.here.run(300);
      (void)one.here.submit(engine::run_map{one.map});
      (void)one.here.submit(engine::retry_records{one.map, {}});
      one.here.run(300);
    }
    EXPECT_EQ(map_state::running, one.state()) << to_string(one.here.failure());
    EXPECT_TRUE(one.become_equal());
    one.expect_whole();
    if (testing::Test::HasFailure()) break;
  }
}

// It overwrites what the other side has done since it was copied, which nobody has read yet.
TEST(Retry, OfACopiedRowMeetsWhatTheOtherSideDidMeanwhile) {
  for (auto const policy : {engine::conflict_policy::left_wins,
                            engine::conflict_policy::right_wins,
                            engine::conflict_policy::newest_wins}) {
    for (bool const restarts : {false, true}) {
      SCOPED_TRACE(fmt::format("policy {} restarts {}", static_cast<int>(policy), restarts));
      refusing one;
      one.user(one.here.left, put(5, "copied"));
      one.user(one.here.right, put(5, "before"));
      one.refused = {5};
      one.define(policy);
      one.submit(engine::run_map{one.map});
      ASSERT_TRUE(one.comes_to(map_state::holding));
      one.refused.clear();
      one.user(one.here.right, put(5, "meanwhile"));
      auto const before = one.queued();
      ASSERT_TRUE(one.here.run_until([&] { return one.queued() > before; }));
      one.submit(engine::retry_records{one.map, {}});
      ASSERT_TRUE(one.here.run_until([&] { return one.parked() == 0; }));
      EXPECT_EQ(customer(5, "copied"), one.rows(one.here.right).at({value::of_int64(5)}));
      if (restarts) one.here.crash_and_restart(0);
      one.submit(engine::run_map{one.map});
      ASSERT_TRUE(one.comes_to(map_state::running)) << history(one.here.log());
      ASSERT_TRUE(one.here.run_until([&] { return one.queued() == 0; }));
      EXPECT_TRUE(one.become_equal());
      bool const is_left = policy == engine::conflict_policy::left_wins;
      EXPECT_EQ(customer(5, is_left ? "copied" : "meanwhile"),
                one.rows(one.here.left).at({value::of_int64(5)}));
      EXPECT_EQ(1u, one.count(event_type::ConflictDetected));
      one.expect_whole();
    }
  }
}

}  // namespace
}  // namespace dualwrite::simulation
