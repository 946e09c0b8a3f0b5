// What people do about rows that were refused: retries, values of their own, queues that are left
// behind; and what happens where nobody does anything.
#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

class Retries : public testing::Test, protected refusing {
 protected:
  void park(std::int64_t count) {
    start();
    refuse_each(1, count);
    fill(count);
    ASSERT_TRUE(here.run_until([&] { return parked() == static_cast<std::size_t>(count); }));
  }
  projections::operation_row const& operation(sequence request) const {
    return here.views().operations.rows.at(request);
  }
};

TEST_F(Retries, TellHowTheyWentRecordByRecord) {
  park(6);
  refused = {0, 1};
  auto const all = submit(engine::retry_records{map, {}});
  ASSERT_TRUE(here.run_until([&] { return operation(all).is_finished(); }));
  EXPECT_EQ(4u, operation(all).count(projections::record_result::succeeded));
  EXPECT_EQ(2u, operation(all).count(projections::record_result::failed));
  EXPECT_EQ(2u, here.views().parked.find(way(), parked_of(0))->attempts);
  EXPECT_EQ(4u, here.views().parked.ended.at(way()).size()) << "they stay listed as completed";
  expect_whole();
}

TEST_F(Retries, OfTheSameRecordsByTwoAdminsTryEachOnce) {
  park(6);
  auto const tried = asked;
  refused.clear();
  submit(engine::pause_map{map});
  ASSERT_TRUE(comes_to(map_state::paused));
  EXPECT_EQ(error_code::retry_while_paused,
            here.submit(engine::retry_records{map, {}}).error().code);
  submit(engine::resume_map{map});
  ASSERT_TRUE(comes_to(map_state::running));
  auto const first = submit(engine::retry_records{map, {}});
  auto const second = submit(engine::retry_records{map, {}});
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
  for (std::int64_t id = 0; id < 6; ++id) EXPECT_EQ(tried.at(id) + 1, asked.at(id)) << id;
  EXPECT_EQ(6u,
            operation(first).count(projections::record_result::succeeded) +
                operation(second).count(projections::record_result::succeeded));
}

TEST_F(Retries, ThatAreCancelledLeaveTheRestAsItWas) {
  park(30);
  refused.clear();
  auto const all = submit(engine::retry_records{map, {}});
  submit(engine::cancel_retry{all});
  here.run(1'000);
  EXPECT_TRUE(operation(all).is_finished());
  EXPECT_TRUE(operation(all).is_cancelled);
  auto const done = operation(all).count(projections::record_result::succeeded);
  EXPECT_EQ(30u, done + operation(all).count(projections::record_result::cancelled));
  EXPECT_EQ(30u, done + parked());
  EXPECT_LT(done, 30u);
  EXPECT_EQ(error_code::unknown_operation,
            here.submit(engine::cancel_retry{sequence{1}}).error().code);
  expect_whole();
}

TEST_F(Retries, DoNotWriteOverSomethingNewer) {
  park(1);
  auto const old = parked_of(0);
  refused.clear();
  user(here.left, put(0, "newer"));
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
  EXPECT_EQ(error_code::unknown_record,
            here.submit(engine::retry_records{map, {old}}).error().code);
  EXPECT_EQ(customer(0, "newer"), rows(here.right).at({value::of_int64(0)}));
  EXPECT_EQ(projections::parked_end::superseded, here.views().parked.ended.at(way()).at(old).how);
}

TEST_F(Retries, WriteTheValuesThatAnAdminGave) {
  start();
  here.right.table("customer").rule = [](row_values const& row) -> std::optional<engine::refusal> {
    if (row[1].as_string() != "bad") return std::nullopt;
    return engine::refusal{"check_name", "no bad names"};
  };
  user(here.left, put(1, "bad"));
  ASSERT_TRUE(here.run_until([&] { return parked() == 1; }));
  auto const record = parked_of(1);
  auto const refuses = [&](engine::amended_value value) {
    auto const made = here.submit(engine::amend_record{map, record, {std::move(value)}});
    return !made && made.error().code == error_code::amendment_invalid;
  };
  EXPECT_TRUE(refuses({"nme", "good"}));
  EXPECT_TRUE(refuses({"id", "7"})) << "a key would make it another row";
  submit(engine::amend_record{map, record, {{"name", "good"}}});
  submit(engine::retry_records{map, {record}});
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
  here.run(500);
  EXPECT_EQ(customer(1, "good"), rows(here.right).at({value::of_int64(1)}));
  EXPECT_EQ(customer(1, "bad"), rows(here.left).at({value::of_int64(1)}));
  EXPECT_TRUE(here.views().drift.lists(map, key(1)));
  here.crash_and_restart(0);
  here.run(500);
  EXPECT_EQ(customer(1, "good"), rows(here.right).at({value::of_int64(1)}));
  user(here.left, put(1, "better"));
  EXPECT_TRUE(here.run_until([&] { return !here.views().drift.lists(map, key(1)); }));
  EXPECT_TRUE(are_equal());
  expect_whole();
}

class Retention : public testing::Test, protected refusing {
 protected:
  static constexpr auto kept = std::chrono::milliseconds(400);

  void park() {
    define_with(kept);
    submit(engine::run_map{map});
    ASSERT_TRUE(comes_to(map_state::running));
    refused = {1, 2};
    user(here.left, put(1, "one"));
    user(here.left, put(2, "two"));
    ASSERT_TRUE(here.run_until([&] { return parked() == 2; }));
  }
  void let_pass(duration span) {
    auto const until = here.time.now() + span;
    ASSERT_TRUE(here.run_until([&] { return here.time.now() >= until; }));
  }
};

TEST_F(Retention, WhatNobodyTakesCareOfIsAnnouncedAndThenPurged) {
  park();
  auto const failed = here.views().parked.find(way(), parked_of(1))->last_failed;
  ASSERT_TRUE(here.run_until([&] { return count(event_type::PurgeAnnounced) > 0; }));
  EXPECT_LE(failed + kept * 3 / 4, here.time.now());
  EXPECT_EQ(2u, parked());
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
  EXPECT_LE(failed + kept, here.time.now());
  EXPECT_TRUE(here.views().drift.lists(map, key(1)));
  EXPECT_TRUE(here.views().drift.lists(map, key(2)));
  EXPECT_EQ(2u, here.views().conservation.sums.at(way()).purged);
  refused.clear();
  user(here.left, put(1, "good"));
  ASSERT_TRUE(here.run_until([&] { return !here.views().drift.lists(map, key(1)); }));
  EXPECT_EQ(customer(1, "good"), rows(here.right).at({value::of_int64(1)}));
  expect_whole();
}

TEST_F(Retention, TheClockStandsStillWhileTheMapDoesNotRun) {
  park();
  let_pass(kept / 2);
  submit(engine::pause_map{map});
  ASSERT_TRUE(comes_to(map_state::paused));
  let_pass(kept * 3);
  EXPECT_EQ(2u, parked());
  EXPECT_EQ(0u, count(event_type::PurgeAnnounced));
  auto const resumed_at = here.time.now();
  submit(engine::resume_map{map});
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
  EXPECT_LE(resumed_at + kept / 4, here.time.now());
  EXPECT_EQ(1u, count(event_type::PurgeAnnounced));
  expect_whole();
}

TEST_F(Retention, AnotherFailureStartsTheClockAnew) {
  park();
  let_pass(kept * 4 / 5);
  ASSERT_EQ(1u, count(event_type::PurgeAnnounced));
  submit(engine::retry_records{map, {parked_of(1)}});
  ASSERT_TRUE(
      here.run_until([&] { return here.views().parked.find(way(), parked_of(1))->attempts == 2; }));
  ASSERT_TRUE(here.run_until([&] { return parked() == 1; }));
  EXPECT_TRUE(parked_of(1)) << "the other one is purged";
  let_pass(kept / 2);
  EXPECT_EQ(1u, parked());
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
  EXPECT_EQ(2u, count(event_type::PurgeAnnounced));
}

// The engine was away for longer than errors are kept: people are warned all the same.
TEST_F(Retention, IsAnnouncedFirstAfterALongAbsenceToo) {
  park();
  here.left_port.ask_for(fault_site::unreachable);
  let_pass(kept / 10);
  here.crash_and_restart(0);
  ASSERT_TRUE(here.run_until([&] { return count(event_type::ParkedPurged) > 0; }));
  EXPECT_GT(count(event_type::PurgeAnnounced), 0u);
}

TEST_F(Retention, LongerKeepingSavesWhatWasAnnounced) {
  park();
  ASSERT_TRUE(here.run_until([&] { return count(event_type::PurgeAnnounced) > 0; }));
  definition.errors_kept = kept * 10;
  submit(engine::change_map{map, engine::print_definition(definition)});
  let_pass(kept * 2);
  EXPECT_EQ(2u, parked());
  EXPECT_EQ(0u, count(event_type::ParkedPurged));
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }, 60'000));
}

TEST_F(Retention, WhatEndedIsListedUntilTheSameClockEnds) {
  park();
  refused.clear();
  submit(engine::retry_records{map, {}});
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
  ASSERT_EQ(2u, here.views().parked.ended.at(way()).size());
  auto const ended = here.time.now();
  ASSERT_TRUE(here.run_until([&] { return !here.views().parked.ended.contains(way()); }));
  EXPECT_LE(ended + kept, here.time.now());
  EXPECT_EQ(0u, here.views().conservation.sums.at(way()).purged);
  EXPECT_TRUE(become_equal());
  expect_whole();
}

TEST(RetentionByDefault, IsADay) {
  auto settings = small_steps();
  settings.flow.capture_patience = std::chrono::minutes(10);
  refusing one(settings);
  one.start();
  one.refused = {1};
  one.user(one.here.left, put(1, "one"));
  ASSERT_TRUE(one.here.run_until([&] { return one.parked() == 1; }));
  auto const failed = one.here.views().parked.find(one.way(), one.parked_of(1))->last_failed;
  ASSERT_TRUE(one.here.run_until([&] { return one.parked() == 0; }));
  EXPECT_LE(failed + std::chrono::hours(24), one.here.time.now());
  EXPECT_GE(failed + std::chrono::hours(25), one.here.time.now());
  one.expect_whole();
}

// A record that waits behind a purged one is tried when that is gone.
TEST_F(Retention, WhatWaitsIsNotPurged) {
  define_with(kept);
  submit(engine::run_map{map});
  ASSERT_TRUE(comes_to(map_state::running));
  refused = {1};
  user(here.left, put(1, "one"));
  ASSERT_TRUE(here.run_until([&] { return parked() == 1; }));
  let_pass(kept / 2);
  user(here.left, put(1, "two"));
  ASSERT_TRUE(here.run_until([&] { return parked() == 2; }));
  ASSERT_TRUE(here.run_until([&] { return parked() == 1; }));
  refused.clear();
  submit(engine::retry_records{map, {}});
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
  EXPECT_EQ(customer(1, "two"), rows(here.right).at({value::of_int64(1)}));
}

class Resume : public testing::Test, protected refusing {
 protected:
  void queue_while_paused() {
    start();
    user(here.left, put(1, "before"));
    ASSERT_TRUE(become_equal());
    submit(engine::pause_map{map});
    ASSERT_TRUE(comes_to(map_state::paused));
    for (std::int64_t id = 1; id <= 5; ++id) user(here.left, put(id, "queued"));
    ASSERT_TRUE(here.run_until([&] { return queued() == 5; }));
  }
};

TEST_F(Resume, WithTheQueueParkedGoesLiveAtOnceAndCatchesUpAtLeisure) {
  queue_while_paused();
  submit(engine::resume_map{map, resume_mode::park_queue});
  ASSERT_TRUE(comes_to(map_state::running));
  EXPECT_EQ(5u, parked());
  EXPECT_EQ(1u, rows(here.right).size());
  user(here.left, put(7, "live"));
  user(here.left, put(2, "newer"));
  // What is newer takes the place of what was queued.
  ASSERT_TRUE(here.run_until([&] { return rows(here.right).size() == 3 && parked() == 4; }));
  submit(engine::retry_records{map, {}});
  ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
  EXPECT_TRUE(are_equal());
  EXPECT_EQ(customer(2, "newer"), rows(here.right).at({value::of_int64(2)}));
  expect_whole();
}

TEST_F(Resume, WithTheQueueDiscardedNeedsAReasonAndSaysWhatMayDiffer) {
  queue_while_paused();
  EXPECT_EQ(error_code::reason_missing,
            here.submit(engine::resume_map{map, resume_mode::discard_queue}).error().code);
  submit(engine::resume_map{map, resume_mode::discard_queue, "loaded by hand"});
  ASSERT_TRUE(comes_to(map_state::running));
  EXPECT_EQ(0, queued());
  EXPECT_EQ(5u, here.views().conservation.sums.at(way()).discarded);
  user(here.left, put(7, "live"));
  ASSERT_TRUE(here.run_until([&] { return rows(here.right).size() == 2; }));
  EXPECT_EQ(customer(1, "before"), rows(here.right).at({value::of_int64(1)}));
  auto const& discarded = here.views().drift.rows.at(way()).discarded;
  EXPECT_EQ(1u, discarded.size());
  here.crash_and_restart(0);
  here.run(500);
  EXPECT_EQ(2u, rows(here.right).size());
  expect_whole();
}

TEST_F(Resume, OfAnInitialSyncKeepsItsQueue) {
  fill(20);
  define();
  submit(engine::run_map{map});
  ASSERT_TRUE(here.run_until([&] { return count(event_type::ChunkCopied) == 1; }));
  submit(engine::pause_map{map});
  ASSERT_TRUE(comes_to(map_state::paused));
  auto const made = here.submit(engine::resume_map{map, resume_mode::discard_queue, "because"});
  EXPECT_EQ(error_code::illegal_transition, made.error().code);
}

}  // namespace
}  // namespace dualwrite::simulation
