// Initial syncs of rows that refer to rows which come later, in their own table or in another.
#include <gtest/gtest.h>

#include <random>

#include "tests/simulation/company.h"

namespace dualwrite::simulation {
namespace {

// Each refers to an employee.
map_id add_departments(company& to) {
  auto const schema = referring_table("department");
  to.here.left.add_table(schema);
  to.here.right.add_table(schema).references = {{{1}, "employee", {0}}};
  return to.add_map("departments", "department");
}

TEST(TwoPass, EachRowRefersToTheNextOne) {
  company one;
  constexpr std::int64_t count = 60;
  for (std::int64_t id = 0; id < count; ++id) one.hire(id, id + 1 < count ? id + 1 : nobody);
  one.submit(engine::run_map{one.employees});
  ASSERT_TRUE(one.ends(one.employees));
  one.expect_complete(one.employees, count);
  EXPECT_TRUE(one.is_equal("employee"));
  one.expect_whole();
}

TEST(TwoPass, TreesInAnyOrder) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    company one;
    std::mt19937 chance(seed);
    std::vector<std::int64_t> ids(50);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i);
    std::shuffle(ids.begin(), ids.end(), chance);
    one.hire(ids[0], nobody);
    for (std::size_t i = 1; i < ids.size(); ++i) one.hire(ids[i], ids[chance() % i]);
    one.submit(engine::run_map{one.employees});
    ASSERT_TRUE(one.ends(one.employees));
    one.expect_complete(one.employees, ids.size());
    EXPECT_TRUE(one.is_equal("employee"));
    one.expect_whole();
  }
}

TEST(TwoPass, OfARefusedRowThoseThatReferToItWaitAndAreNoErrors) {
  company one;
  for (std::int64_t id = 0; id < 20; ++id) one.hire(id, id < 10 ? 15 : nobody);
  one.refused = {15};
  one.submit(engine::run_map{one.employees});
  ASSERT_TRUE(one.ends(one.employees));
  EXPECT_EQ(end_state::failed, one.copy_of(one.employees).state);
  EXPECT_EQ(1u, one.copy_of(one.employees).failed);
  EXPECT_EQ(1u, one.failures());
  auto const& counts = one.copy_of(one.employees).leg(direction::left_to_right)->counts;
  EXPECT_EQ(9u, counts.inserted);
  EXPECT_EQ(10u, counts.waiting);
  one.refused.clear();
  one.submit(engine::rerun_sync{one.employees, run_mode::initial_sync});
  ASSERT_TRUE(one.here.run_until([&] {
    return one.here.views().status.find(one.employees)->state == map_state::running &&
           one.is_equal("employee");
  }));
  one.expect_whole();
}

TEST(TwoPass, ARowThatNobodyBringsIsAnError) {
  company one;
  one.hire(1, 99);
  one.hire(2, nobody);
  one.submit(engine::run_map{one.employees});
  ASSERT_TRUE(one.ends(one.employees));
  EXPECT_EQ(end_state::failed, one.copy_of(one.employees).state);
  auto const& counts = one.copy_of(one.employees).leg(direction::left_to_right)->counts;
  EXPECT_EQ(1u, counts.failed);
  EXPECT_EQ(0u, counts.waiting);
  one.expect_whole();
}

TEST(TwoPass, TablesThatReferToEachOtherAreCopiedAtOnce) {
  two_tables one;
  constexpr std::int64_t count = 30;
  one.fill(count);
  one.run_at_once({one.departments, one.employees});
  for (auto const map : {one.departments, one.employees}) ASSERT_TRUE(one.ends(map));
  one.expect_complete(one.departments, count + 1);
  one.expect_complete(one.employees, count);
  EXPECT_TRUE(one.is_equal("employee"));
  EXPECT_TRUE(one.is_equal("department"));
  one.expect_whole();
}

TEST(TwoPass, ATableThatAnotherRefersToIsCopiedBeforeIt) {
  company one;
  auto const departments = add_departments(one);
  for (std::int64_t id = 0; id < 30; ++id) {
    one.hire(id, nobody);
    ASSERT_TRUE(one.here.left.commit({{"department", operation::insert, employee(id, id)}}));
  }
  one.submit(engine::run_map{one.employees});
  one.submit(engine::run_map{departments});
  for (auto const map : {one.employees, departments}) ASSERT_TRUE(one.ends(map));
  EXPECT_LE(one.copy_of(one.employees).finished, one.copy_of(departments).started);
  EXPECT_EQ(0u, one.count(event_type::RecordParked)) << "nothing had to wait";
  one.expect_complete(departments, 30);
  one.expect_whole();
}

TEST(TwoPass, AMapThatWaitsForAnotherDoesNotKeepItsSecondPassFromComing) {
  company one;
  auto const departments = add_departments(one);
  for (std::int64_t id = 0; id < 30; ++id) {
    one.hire(id, id + 1 < 30 ? id + 1 : nobody);
    ASSERT_TRUE(one.here.left.commit({{"department", operation::insert, employee(id, id)}}));
  }
  one.run_at_once({departments, one.employees});
  for (auto const map : {one.employees, departments}) ASSERT_TRUE(one.ends(map));
  one.expect_complete(one.employees, 30);
  one.expect_complete(departments, 30);
  one.expect_whole();
}

// The row that is referred to is one that its own map leaves out, so that it never comes.
TEST(TwoPass, ARowThatAnotherMapDoesNotBringIsNotTriedForEver) {
  for (bool const pauses : {false, true}) {
    company one;
    auto const departments = add_departments(one);
    one.hire(1, nobody);
    one.submit(engine::run_map{one.employees});
    ASSERT_TRUE(one.ends(one.employees));
    if (pauses) one.submit(engine::pause_map{one.employees});
    for (std::int64_t id = 1; id < 4; ++id)
      ASSERT_TRUE(one.here.left.commit({{"department", operation::insert, employee(id, id)}}));
    one.submit(engine::run_map{departments});
    ASSERT_TRUE(one.ends(departments));
    EXPECT_EQ(pauses ? end_state::succeeded : end_state::failed, one.copy_of(departments).state);
    one.here.run(500);
    EXPECT_EQ(2u, one.here.views().parked.count({departments, direction::left_to_right}));
    EXPECT_LE(one.count(event_type::RetryFailed), 4u);
    one.here.run(500);
    EXPECT_LE(one.count(event_type::RetryFailed), 4u);
    EXPECT_EQ("", broken_invariant(one.here.log()));
  }
}

// False where all was done before the crash.
bool crash_after(std::size_t steps) {
  SCOPED_TRACE(steps);
  two_tables one;
  one.fill(12);
  one.run_at_once({one.departments, one.employees});
  one.here.run(steps);
  bool const meets_it = !one.is_equal("employee") || !one.is_equal("department");
  one.here.crash_and_restart(steps * 37 % 300);
  for (auto const map : {one.departments, one.employees}) EXPECT_TRUE(one.ends(map));
  one.expect_complete(one.departments, 13);
  one.expect_complete(one.employees, 12);
  EXPECT_TRUE(one.is_equal("employee"));
  EXPECT_TRUE(one.is_equal("department"));
  one.expect_whole();
  return meets_it;
}

TEST(TwoPass, GoesOnWhateverCrashes) {
  std::size_t steps = 0;
  while (crash_after(steps) && !testing::Test::HasFailure()) steps += 5;
  EXPECT_GT(steps, 20u) << "no crash met it";
}

}  // namespace
}  // namespace dualwrite::simulation
