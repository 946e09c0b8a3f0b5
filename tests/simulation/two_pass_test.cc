// Initial syncs of rows that refer to rows which come later, in their own table or in another.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <random>

#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

constexpr std::int64_t nobody = -1;

row_values employee(std::int64_t id, std::int64_t boss) {
  return {value::of_int64(id), boss == nobody ? value::null() : value::of_int64(boss)};
}

table_schema referring_table(std::string name) {
  auto schema = customer_table();
  schema.table = std::move(name);
  schema.columns[1].name = "refers";
  schema.columns[1].type = value_type::int64;
  return schema;
}

// Employees, each with a boss, in both apps; the right one holds to it that the boss is there.
struct company : refusing {
  company() {
    auto const schema = referring_table("employee");
    here.left.add_table(schema);
    here.right.add_table(schema).references = {{{1}, "employee", {0}}};
    here.right.table("employee").rule =
        [this](row_values const& row) -> std::optional<engine::refusal> {
      if (!refused.contains(row[0].as_int64())) return std::nullopt;
      return engine::refusal{"check_employee", "not this one"};
    };
    define();
    employees = add_map("employees", "employee");
  }
  map_id add_map(std::string name, std::string table) {
    auto one = definition;
    one.name = std::move(name);
    one.left.table = one.right.table = std::move(table);
    one.columns[0].left = one.columns[0].right = "refers";
    return map_id{submit(engine::create_map{link, one.name, engine::print_definition(one)}).value};
  }
  void hire(std::int64_t id, std::int64_t boss) {
    ASSERT_TRUE(here.left.commit({{"employee", operation::insert, employee(id, boss)}}));
  }
  projections::execution_row const& copy_of(map_id of) const {
    return *here.views().progress.of(of);
  }
  bool ends(map_id of) {
    return here.run_until([&] {
      auto const* copy = here.views().progress.of(of);
      return copy != nullptr && !copy->open && !here.views().status.find(of)->pending;
    });
  }
  // As near to each other as two requests can be.
  void run_at_once(std::initializer_list<map_id> maps) {
    std::size_t answered = 0;
    for (auto const one : maps) {
      auto ask = [this, one, &answered]() -> boost::asio::awaitable<void> {
        engine::command wish = engine::run_map{one};
        std::string actor = "ann";
        EXPECT_TRUE(co_await here.core().submit(std::move(wish), std::move(actor)));
        ++answered;
      };
      boost::asio::co_spawn(here.io(), ask, boost::asio::detached);
    }
    ASSERT_TRUE(here.run_until([&] { return answered == maps.size(); }));
  }
  bool is_equal(std::string const& table) {
    return here.left.table(table).rows == here.right.table(table).rows;
  }
  void expect_complete(map_id of, std::size_t rows) {
    auto const& copy = copy_of(of);
    EXPECT_EQ(end_state::succeeded, copy.state);
    auto const& counts = copy.leg(direction::left_to_right)->counts;
    EXPECT_EQ(rows, counts.inserted);
    EXPECT_EQ(0u, counts.waiting);
    EXPECT_EQ(0u, counts.failed);
    EXPECT_EQ(map_state::running, here.views().status.find(of)->state);
    EXPECT_EQ(0u, here.views().parked.count({of, direction::left_to_right}));
    EXPECT_EQ(0u, failures());
  }
  // What people would be told, and alert rules count.
  std::size_t failures() const {
    std::size_t out = 0;
    auto const cursor = here.log().read({sequence{1}, false, std::nullopt});
    while (true) {
      auto const stored = cursor->next();
      if (!stored || !*stored) return out;
      auto const event = decode(**stored);
      auto const* parked = event ? event->as<RecordParked>() : nullptr;
      auto const* again = event ? event->as<RetryFailed>() : nullptr;
      if (parked != nullptr && parked->state == park_state::failed) ++out;
      if (again != nullptr && again->state == park_state::failed) ++out;
    }
  }

  map_id employees;
};

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

// Departments have a head among the employees, who belong to a department: one table refers to the
// other, but no row in a circle.
struct two_tables : company {
  two_tables() {
    auto const schema = referring_table("department");
    here.left.add_table(schema);
    here.right.add_table(schema).references = {{{1}, "employee", {0}}};
    here.right.table("employee").references = {{{1}, "department", {0}}};
    departments = add_map("departments", "department");
  }
  void found(std::int64_t id, std::int64_t head) {
    ASSERT_TRUE(here.left.commit({{"department", operation::insert, employee(id, head)}}));
  }
  // Each department's head belongs to the department before.
  void fill(std::int64_t count) {
    found(0, nobody);
    for (std::int64_t id = 1; id <= count; ++id) {
      hire(count - id, id - 1);
      found(id, count - id);
    }
  }
  map_id departments;
};

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
  auto const schema = referring_table("department");
  one.here.left.add_table(schema);
  one.here.right.add_table(schema).references = {{{1}, "employee", {0}}};
  auto const departments = one.add_map("departments", "department");
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
