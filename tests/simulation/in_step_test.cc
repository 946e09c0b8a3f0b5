// Two applications kept in step: the first whole way of a change, in both directions.
#include <gtest/gtest.h>

#include "tests/simulation/customers.h"

namespace dualwrite::simulation {
namespace {

class InStep : public testing::Test, protected customers {};

TEST_F(InStep, InitialSyncBringsBothSidesTogether) {
  for (int i = 0; i < 10; ++i) user(here.left, put(i, "left"));
  for (int i = 8; i < 15; ++i) user(here.right, put(i, "right"));
  start();
  EXPECT_TRUE(become_equal());
  EXPECT_EQ(15u, rows(here.left).size());
  EXPECT_EQ(customer(9, "left"), rows(here.right).at({value::of_int64(9)}));
  expect_conserved();
}

TEST_F(InStep, ChangesOfEitherSideArriveAtTheOther) {
  start();
  user(here.left, put(1, "Oslo"));
  user(here.right, put(2, "Rome"));
  ASSERT_TRUE(become_equal());
  user(here.left, put(2, "Roma"));
  user(here.right, gone(1));
  here.run(2'000);
  EXPECT_TRUE(become_equal());
  EXPECT_EQ(1u, rows(here.left).size());
  EXPECT_EQ(customer(2, "Roma"), rows(here.right).at({value::of_int64(2)}));
  expect_conserved();
}

TEST_F(InStep, WhatIsChangedWhilePausedArrivesAfterResuming) {
  start();
  ASSERT_TRUE(here.submit(engine::pause_map{map}));
  ASSERT_TRUE(comes_to(projections::map_state::paused));
  for (int i = 0; i < 50; ++i) user(here.left, put(i % 7, std::to_string(i)));
  here.run(500);
  EXPECT_TRUE(rows(here.right).empty());
  ASSERT_TRUE(here.submit(engine::resume_map{map}));
  ASSERT_TRUE(comes_to(projections::map_state::running));
  EXPECT_TRUE(become_equal());
  expect_conserved();
}

TEST_F(InStep, ARefusedRowWaitsAndIsRetried) {
  bool strict = true;
  here.right.table("customer").rule = [&](row_values const& r) -> std::optional<engine::refusal> {
    if (strict && r[1].as_string() == "bad") return engine::refusal{"check", "no bad names"};
    return std::nullopt;
  };
  start();
  user(here.left, put(1, "bad"));
  user(here.left, put(2, "good"));
  projections::map_way const way{map, direction::left_to_right};
  ASSERT_TRUE(here.run_until([&] { return here.views().parked.count(way) == 1; }));
  EXPECT_EQ("no bad names", here.views().parked.rows.at(way).begin()->second.text);
  strict = false;
  ASSERT_TRUE(here.submit(engine::retry_records{map, {}}));
  ASSERT_TRUE(here.run_until([&] { return here.views().parked.count(way) == 0; }));
  EXPECT_TRUE(become_equal());
  expect_conserved();
}

TEST_F(InStep, AKeyThatWasGivenUpIsListedUntilItIsInStepAgain) {
  bool strict = true;
  here.right.table("customer").rule = [&](row_values const&) -> std::optional<engine::refusal> {
    if (strict) return engine::refusal{"check", "not now"};
    return std::nullopt;
  };
  start();
  user(here.left, put(1, "bad"));
  user(here.left, put(2, "bad"));
  projections::map_way const way{map, direction::left_to_right};
  ASSERT_TRUE(here.run_until([&] { return here.views().parked.count(way) == 2; }));
  std::vector<sequence> parked;
  for (auto const& [record, row] : here.views().parked.rows.at(way)) parked.push_back(record);
  submit(engine::delete_records{map, parked});
  auto const& listed = here.views().drift.rows.at(way).keys;
  EXPECT_EQ(2u, listed.size());
  strict = false;
  user(here.left, put(1, "good"));
  ASSERT_TRUE(here.run_until([&] { return here.right.table("customer").rows.size() == 1; }));
  ASSERT_TRUE(here.run_until([&] { return listed.size() == 1; }));
  EXPECT_EQ(1u, count(event_type::DriftCleared));
  expect_conserved();
}

TEST_F(InStep, WhatTheAppsRulesMakeOfARowComesBack) {
  here.right.table("customer").trigger = [](row_values& r) {
    if (r[1].as_string() == "oslo") r[1] = value::of_text("OSLO");
  };
  start();
  user(here.left, put(1, "oslo"));
  here.run(2'000);
  EXPECT_TRUE(become_equal());
  EXPECT_EQ(customer(1, "OSLO"), rows(here.left).at({value::of_int64(1)}));
  expect_conserved();
}

TEST_F(InStep, OfTwoChangesAtOnceThePolicyChoosesOne) {
  start();
  user(here.left, put(1, "left"));
  user(here.right, put(1, "right"));
  here.run(3'000);
  EXPECT_TRUE(become_equal());
  EXPECT_EQ(customer(1, "left"), rows(here.right).at({value::of_int64(1)}));
  EXPECT_GT(here.views().conflicts.counts.at(map), 0u);
  expect_conserved();
}

// The target has committed a batch, with its outcome, and the engine dies before the log has it.
TEST_F(InStep, RowsRefusedInABatchThatTheLogNeverHeardOfAreParkedAfterACrash) {
  here.right.table("customer").rule = [](row_values const& r) -> std::optional<engine::refusal> {
    if (r[1].as_string().starts_with("bad")) return engine::refusal{"check", "no bad names"};
    return std::nullopt;
  };
  start();
  projections::map_way const way{map, direction::left_to_right};
  for (std::int64_t turn = 0; turn < 20; ++turn) {
    auto const applied = count(event_type::RecordsApplied);
    auto const id = turn * 10;
    ASSERT_TRUE(here.left.commit(
        {put(id, "bad one"), put(id + 1, "good"), put(id + 2, "bad two"), put(id + 3, "fine")}));
    ASSERT_TRUE(
        here.run_until([&] { return rows(here.right).contains({value::of_int64(id + 3)}); }));
    ASSERT_EQ(applied, count(event_type::RecordsApplied)) << "the outcome is in the log already";
    auto const commits = here.right.last_commit();
    here.crash_and_restart(static_cast<std::size_t>(turn) * 11);
    auto const parked = static_cast<std::size_t>(turn + 1) * 2;
    ASSERT_TRUE(here.run_until([&] { return here.views().parked.count(way) == parked; }));
    here.run(500);
    EXPECT_EQ(commits, here.right.last_commit()) << "the batch was written again";
  }
  for (auto const& [record, row] : here.views().parked.rows.at(way)) {
    EXPECT_EQ("check", row.code);
    EXPECT_EQ("no bad names", row.text);
  }
  expect_conserved();
}

TEST_F(InStep, ACrashAtAnyStepLosesNothingAndDoublesNothing) {
  start();
  for (std::size_t crash = 0; crash < 120; ++crash) {
    auto const key = static_cast<std::int64_t>(crash % 5);
    user(crash % 2 == 0 ? here.left : here.right, put(key, std::to_string(crash)));
    here.run(crash % 17);
    here.crash_and_restart(crash * 37 % 400);
    ASSERT_EQ(error_code::ok, here.failure().code) << to_string(here.failure());
    here.run(crash % 40);
  }
  here.run(5'000);
  EXPECT_TRUE(become_equal());
  expect_conserved();
}

}  // namespace
}  // namespace dualwrite::simulation
