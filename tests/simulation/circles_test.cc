// Rows that refer to each other in a circle: none of them can be written first.
#include <gtest/gtest.h>

#include "tests/simulation/company.h"

namespace dualwrite::simulation {
namespace {

using tables = std::map<std::string, std::map<row_values, row_values>>;

// Each department's head belongs to it.
struct circles : two_tables {
  void fill_circles(std::int64_t first, std::int64_t count) {
    for (auto id = first; id < first + count; ++id) {
      found(id, 100 + id);
      hire(100 + id, id);
    }
    made = rows_of(here.left);
  }
  static tables rows_of(engine::memory_app& app) {
    return {{"department", app.table("department").rows}, {"employee", app.table("employee").rows}};
  }
  void copy_all() {
    run_at_once({departments, employees});
    for (auto const one : {departments, employees}) ASSERT_TRUE(ends(one));
  }
  // Both sides have what was made on the left one, and nothing of it came back.
  void expect_arrived() {
    EXPECT_EQ(made, rows_of(here.left));
    EXPECT_EQ(made, rows_of(here.right));
    EXPECT_EQ(0u, count(event_type::ConflictDetected));
    expect_whole();
  }
  std::size_t captured_on_the_right() const {
    std::size_t out = 0;
    auto const cursor = here.log().read({sequence{1}, false, std::nullopt});
    while (true) {
      auto const stored = cursor->next();
      if (!stored || !*stored) return out;
      auto const event = decode(**stored);
      auto const* rows = event ? event->as<RecordsCaptured>() : nullptr;
      if (rows != nullptr && rows->of == side::right) out += rows->count;
    }
  }
  bool is_settled() {
    auto const& parked = here.views().parked;
    return parked.count({departments, direction::left_to_right}) == 0 &&
           parked.count({employees, direction::left_to_right}) == 0 &&
           rows_of(here.left) == rows_of(here.right);
  }
  // Until all that was written has come back.
  void let_come_back() { here.run(500); }

  tables made;
};

TEST(Circles, AreCopied) {
  circles one;
  one.fill_circles(1, 12);
  one.copy_all();
  one.expect_complete(one.departments, 12);
  one.expect_complete(one.employees, 12);
  one.let_come_back();
  EXPECT_EQ(0u, one.captured_on_the_right());
  one.expect_arrived();
}

TEST(Circles, OfAnyLengthWithinATable) {
  for (std::int64_t const length : {1, 2, 3, 20}) {
    SCOPED_TRACE(length);
    company one;
    for (std::int64_t id = 0; id < length; ++id) one.hire(id, (id + 1) % length);
    for (std::int64_t id = 0; id < 5; ++id) one.hire(50 + id, id % length);
    one.submit(engine::run_map{one.employees});
    ASSERT_TRUE(one.ends(one.employees));
    one.expect_complete(one.employees, static_cast<std::size_t>(length) + 5);
    EXPECT_TRUE(one.is_equal("employee"));
    one.expect_whole();
  }
}

TEST(Circles, AreWrittenWhereTheLesserSideHasThem) {
  circles one;
  for (auto* const app : {&one.here.left, &one.here.right}) {
    for (std::int64_t id = 1; id <= 2; ++id) {
      bool const is_own = (app == &one.here.left) == (id == 1);
      if (!is_own) continue;
      ASSERT_TRUE(app->commit({{"employee", operation::insert, employee(100 + id, nobody)},
                               {"department", operation::insert, employee(id, 100 + id)},
                               {"employee", operation::update, employee(100 + id, id)}}));
    }
  }
  one.copy_all();
  ASSERT_TRUE(one.here.run_until([&] { return one.is_settled(); }));
  EXPECT_EQ(2u, one.here.right.table("department").rows.size());
  one.expect_whole();
}

TEST(Circles, ComeInOneLiveTransaction) {
  circles one;
  one.copy_all();
  std::vector<engine::row_change> changes;
  for (std::int64_t id = 1; id <= 5; ++id) {
    changes.push_back({"department", operation::insert, employee(id, 100 + id)});
    changes.push_back({"employee", operation::insert, employee(100 + id, id)});
  }
  // A boss and his own boss.
  changes.push_back({"employee", operation::insert, employee(201, 1)});
  ASSERT_TRUE(one.here.left.commit(std::move(changes)));
  one.made = circles::rows_of(one.here.left);
  ASSERT_TRUE(one.here.run_until([&] { return one.is_settled(); }));
  EXPECT_EQ(0u, one.failures());
  one.let_come_back();
  one.expect_arrived();
}

TEST(Circles, OfWhichARowIsRefusedWaitAsAWhole) {
  circles one;
  one.fill_circles(1, 4);
  one.refused = {102};
  one.copy_all();
  EXPECT_EQ(1u, one.failures());
  EXPECT_EQ(1u, one.copy_of(one.employees).failed);
  auto const& waiting = one.copy_of(one.departments).leg(direction::left_to_right)->counts;
  EXPECT_EQ(1u, waiting.waiting);
  EXPECT_EQ(3u, waiting.inserted);
  EXPECT_FALSE(one.here.right.table("department").rows.contains({value::of_int64(2)}))
      << "no row without its reference is left";
  one.let_come_back();
  EXPECT_EQ(one.made, circles::rows_of(one.here.left));

  one.refused.clear();
  one.submit(engine::retry_records{one.employees, {}});
  ASSERT_TRUE(one.here.run_until([&] { return one.is_settled(); }));
  one.let_come_back();
  one.expect_arrived();
}

// Nothing can be written, and nothing is tried for ever.
TEST(Circles, ThatNobodyCanBreakGoOnWaiting) {
  circles one;
  for (auto const* const name : {"department", "employee"})
    one.here.right.table(name).schema.columns[1].nullable = false;
  one.fill_circles(1, 3);
  one.copy_all();
  EXPECT_EQ(0u, one.failures());
  EXPECT_EQ(3u, one.copy_of(one.departments).leg(direction::left_to_right)->counts.waiting);
  auto const tried = one.count(event_type::RetryFailed);
  one.here.run(2000);
  EXPECT_EQ(tried, one.count(event_type::RetryFailed));
  EXPECT_EQ(one.made, circles::rows_of(one.here.left));
  one.expect_whole();
}

// False where all was done before the crash.
bool crash_after(std::size_t steps) {
  SCOPED_TRACE(steps);
  circles one;
  one.fill_circles(1, 5);
  one.run_at_once({one.departments, one.employees});
  one.here.run(steps);
  bool const meets_it = !one.is_settled();
  one.here.crash_and_restart(steps * 37 % 300);
  for (auto const map : {one.departments, one.employees}) EXPECT_TRUE(one.ends(map));
  EXPECT_TRUE(one.here.run_until([&] { return one.is_settled(); }));
  one.let_come_back();
  EXPECT_EQ(0u, one.failures());
  one.expect_arrived();
  return meets_it;
}

TEST(Circles, GoOnWhateverCrashes) {
  std::size_t steps = 0;
  while (crash_after(steps) && !testing::Test::HasFailure()) steps += 3;
  EXPECT_GT(steps, 20u) << "no crash met it";
}

}  // namespace
}  // namespace dualwrite::simulation
