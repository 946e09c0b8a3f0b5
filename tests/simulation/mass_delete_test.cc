// The guard against mass deletes: nothing of one is written before somebody has said what becomes
// of it, and then exactly that is done.
#include <gtest/gtest.h>

#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

using engine::delete_limits;

constexpr std::int64_t row_count = 20;

delete_limits rows_limit(std::uint64_t rows) {
  delete_limits out;
  out.rows = rows;
  return out;
}
delete_limits share_limit(std::uint32_t percent) {
  delete_limits out;
  out.share = percent;
  return out;
}

struct guarded : refusing {
  explicit guarded(delete_limits limits, std::int64_t count = row_count) {
    define();
    definition.delete_guard = limits;
    submit(engine::change_map{map, engine::print_definition(definition)});
    submit(engine::run_map{map});
    EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
    fill(count);
    EXPECT_TRUE(become_equal());
  }
  // In one transaction of the left app.
  void remove(std::int64_t from, std::int64_t until) {
    std::vector<engine::row_change> changes;
    for (auto id = from; id < until; ++id) changes.push_back(gone(id));
    ASSERT_TRUE(here.left.commit(std::move(changes)));
  }
  projections::held_deletes const* held() const { return here.views().mass_deletes.of(way()); }
  [[nodiscard]] bool is_held_back() {
    return here.run_until([&] { return state() == map_state::paused && held() != nullptr; });
  }
  void resume(delete_choice deletes) {
    submit(engine::resume_map{map, resume_mode::in_order, {}, deletes});
  }
  [[nodiscard]] bool settles() {
    return here.run_until([&] { return state() == map_state::running && queued() == 0; });
  }
  std::size_t right_rows() { return rows(here.right).size(); }
  // Once the outcome of the last batch has been told.
  void expect_whole() {
    EXPECT_TRUE(here.run_until([&] { return queued() == 0; }));
    refusing::expect_whole();
  }
};

TEST(MassDelete, OverItsRowsNothingIsDeletedBeforeSomebodySaysSo) {
  guarded one(rows_limit(5));
  one.remove(0, 8);
  ASSERT_TRUE(one.is_held_back());
  EXPECT_EQ(8u, one.held()->deletes);
  EXPECT_EQ(5u, one.held()->limit);
  one.user(one.here.left, put(100, "later"));
  one.here.run(500);
  EXPECT_EQ(std::size_t{row_count}, one.right_rows());
  EXPECT_EQ("8 rows are to be deleted in right, more than 5",
            one.here.views().status.find(one.map)->reason);
  auto const silent = one.here.submit(engine::resume_map{one.map});
  ASSERT_FALSE(silent);
  EXPECT_EQ(error_code::mass_delete_held, silent.error().code);
  one.resume(delete_choice::accept);
  EXPECT_TRUE(one.become_equal());
  EXPECT_EQ(std::size_t{row_count - 8 + 1}, one.right_rows());
  EXPECT_EQ(nullptr, one.held());
  one.expect_whole();
}

TEST(MassDelete, WhatIsSkippedStaysAndIsOnTheDriftList) {
  guarded one(rows_limit(5));
  std::vector<engine::row_change> changes;
  for (std::int64_t id = 0; id < 8; ++id) changes.push_back(gone(id));
  changes.push_back({"customer", operation::update, customer(10, "changed")});
  ASSERT_TRUE(one.here.left.commit(std::move(changes)));
  ASSERT_TRUE(one.is_held_back());
  one.resume(delete_choice::skip);
  ASSERT_TRUE(one.settles());
  EXPECT_EQ(std::size_t{row_count}, one.right_rows());
  EXPECT_EQ(customer(10, "changed"), one.rows(one.here.right).at({value::of_int64(10)}));
  EXPECT_EQ(8u, one.here.views().conservation.sums.at(one.way()).kept);
  for (std::int64_t id = 0; id < 8; ++id)
    EXPECT_TRUE(one.here.views().drift.lists(one.map, key(id))) << id;
  one.expect_whole();

  one.remove(10, 13);
  EXPECT_TRUE(one.here.run_until([&] { return one.right_rows() == row_count - 3; }))
      << "what was said is said of those only";
  one.user(one.here.left, put(3, "again"));
  EXPECT_TRUE(one.here.run_until([&] { return !one.here.views().drift.lists(one.map, key(3)); }));
  one.expect_whole();
}

TEST(MassDelete, InBitsIsOneAsFarAsTheyLieWithinItsSpan) {
  guarded one(rows_limit(5));
  one.remove(0, 3);
  ASSERT_TRUE(one.become_equal());
  auto const passed = one.here.time.now() + std::chrono::minutes(1);
  ASSERT_TRUE(one.here.run_until([&] { return one.here.time.now() > passed; }, 1'000'000));
  one.remove(3, 6);
  ASSERT_TRUE(one.become_equal()) << "the first three were long ago";
  one.remove(6, 9);
  ASSERT_TRUE(one.is_held_back());
  EXPECT_EQ(6u, one.held()->deletes);
  EXPECT_EQ(std::size_t{row_count - 6}, one.right_rows());
  one.resume(delete_choice::accept);
  ASSERT_TRUE(one.become_equal());
  one.remove(9, 14);
  EXPECT_TRUE(one.become_equal()) << "what was accepted counts no more";
  one.expect_whole();
}

TEST(MassDelete, IsOneOnlyOverItsShareOfTheTable) {
  guarded one(share_limit(10), 50);
  one.remove(0, 5);
  ASSERT_TRUE(one.become_equal());
  EXPECT_EQ(nullptr, one.held());
  one.remove(5, 6);
  ASSERT_TRUE(one.is_held_back());
  EXPECT_EQ(6u, one.held()->deletes);
  EXPECT_EQ(50u, one.held()->rows);
  EXPECT_EQ(5u, one.held()->limit);
  one.resume(delete_choice::skip);
  ASSERT_TRUE(one.settles());
  EXPECT_EQ(45u, one.right_rows());
  one.expect_whole();
}

TEST(MassDelete, InAQueueIsHeldWhenTheMapResumes) {
  guarded one(rows_limit(5));
  one.submit(engine::pause_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::paused));
  one.remove(0, 8);
  one.user(one.here.left, put(100, "queued"));
  ASSERT_TRUE(one.here.run_until([&] { return one.queued() == 9; }));
  one.submit(engine::resume_map{one.map});
  ASSERT_TRUE(one.is_held_back());
  EXPECT_EQ(std::size_t{row_count}, one.right_rows());
  one.resume(delete_choice::accept);
  EXPECT_TRUE(one.become_equal());
  one.expect_whole();
}

TEST(MassDelete, WaitsForItsSizeWhileTheTargetIsAway) {
  guarded one(share_limit(10));
  auto const back = one.here.time.now() + std::chrono::seconds(20);
  one.here.right_port.stay_away_until(back);
  one.remove(0, 8);
  ASSERT_TRUE(one.is_held_back());
  EXPECT_GE(one.here.time.now(), back);
  EXPECT_EQ(std::size_t{row_count}, one.right_rows());
  one.resume(delete_choice::accept);
  EXPECT_TRUE(one.become_equal());
  one.expect_whole();
}

TEST(MassDelete, OfOneMapLetsTheOthersGoOn) {
  guarded one(rows_limit(5));
  auto schema = customer_table();
  schema.table = "supplier";
  one.here.left.add_table(schema);
  one.here.right.add_table(schema);
  auto other = one.definition;
  other.name = "suppliers";
  other.left.table = other.right.table = "supplier";
  auto const text = engine::print_definition(other);
  map_id const suppliers{one.submit(engine::create_map{one.link, other.name, text}).value};
  one.submit(engine::run_map{suppliers});
  ASSERT_TRUE(one.here.run_until(
      [&] { return one.here.views().status.find(suppliers)->state == map_state::running; }));
  std::vector<engine::row_change> changes;
  for (std::int64_t id = 0; id < 8; ++id) changes.push_back(gone(id));
  changes.push_back({"supplier", operation::insert, customer(1, "Ada")});
  ASSERT_TRUE(one.here.left.commit(std::move(changes)));
  ASSERT_TRUE(one.is_held_back());
  ASSERT_TRUE(
      one.here.run_until([&] { return one.here.right.table("supplier").rows.size() == 1; }));
  EXPECT_EQ(std::size_t{row_count}, one.right_rows());
  EXPECT_EQ(map_state::running, one.here.views().status.find(suppliers)->state);
  one.resume(delete_choice::accept);
  EXPECT_TRUE(one.become_equal());
  one.expect_whole();
}

TEST(MassDelete, EndsWithTheQueue) {
  guarded one(rows_limit(5));
  one.remove(0, 8);
  ASSERT_TRUE(one.is_held_back());
  one.submit(engine::stop_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::idle));
  EXPECT_EQ(nullptr, one.held());
  one.submit(engine::run_map{one.map});
  EXPECT_TRUE(one.comes_to(map_state::running));
  one.expect_whole();
}

// False where all was done before the crash.
bool crash_after(std::size_t steps, delete_choice deletes) {
  guarded one(rows_limit(5));
  one.remove(0, 8);
  one.here.run(steps / 2);
  one.here.crash_and_restart(steps * 31 % 400);
  EXPECT_TRUE(one.is_held_back());
  EXPECT_EQ(std::size_t{row_count}, one.right_rows());
  one.resume(deletes);
  one.here.run(steps);
  bool const meets_it = one.queued() > 0 || one.state() != map_state::running;
  one.here.crash_and_restart(steps * 53 % 400);
  EXPECT_TRUE(one.settles());
  bool const skips = deletes == delete_choice::skip;
  EXPECT_EQ(std::size_t{row_count} - (skips ? 0 : 8), one.right_rows());
  EXPECT_EQ(skips, one.here.views().drift.lists(one.map, key(0)));
  EXPECT_EQ(1u, one.count(event_type::MassDeleteFound));
  one.expect_whole();
  return meets_it;
}

TEST(MassDelete, IsHeldAndDecidedOnceWhateverCrashes) {
  for (auto const deletes : {delete_choice::accept, delete_choice::skip}) {
    std::size_t met = 0;
    while (crash_after(met, deletes) && !HasFailure()) ++met;
    EXPECT_GE(met, 3u) << "too few crashes met it";
  }
}

}  // namespace
}  // namespace dualwrite::simulation
