// Tables whose rows refer to each other: employees with a boss, departments with a head.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <initializer_list>
#include <string>

#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {

inline constexpr std::int64_t nobody = -1;

inline row_values employee(std::int64_t id, std::int64_t boss) {
  return {value::of_int64(id), boss == nobody ? value::null() : value::of_int64(boss)};
}

inline table_schema referring_table(std::string name) {
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

}  // namespace dualwrite::simulation
