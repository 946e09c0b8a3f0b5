// Errors that are mended: in the middle of a crash, by the row that others refer to, by another
// version of the map.
#include <fmt/format.h>

#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

// Counts how often each row was written to the right app.
struct counting : refusing {
  counting() {
    here.right.written = [this](engine::target_batch const& batch,
                                std::span<engine::write_result const> results) {
      for (std::size_t i = 0; i < results.size(); ++i) {
        bool const took_effect = results[i].effect == engine::write_effect::inserted ||
                                 results[i].effect == engine::write_effect::updated;
        if (took_effect) effects[batch.writes[i].key[0].as_int64()] += 1;
      }
    };
  }
  std::map<std::int64_t, std::size_t> effects;
};

constexpr std::int64_t parked_rows = 11;  // four batches of retries

// False where all was done before the crash.
bool retry_all_and_crash_after(std::size_t steps) {
  counting one;
  one.start();
  one.refuse_each(1, parked_rows);
  one.fill(parked_rows);
  EXPECT_TRUE(one.here.run_until([&] { return one.parked() == parked_rows; }));
  one.refused.clear();
  auto const all = one.submit(engine::retry_records{one.map, {}});
  one.here.run(steps);
  bool const meets_it = one.parked() > 0;
  one.here.crash_and_restart(steps * 53 % 500);
  EXPECT_TRUE(one.here.run_until([&] { return one.parked() == 0; }));
  auto const& operation = one.here.views().operations.rows.at(all);
  EXPECT_TRUE(operation.is_finished());
  EXPECT_EQ(std::uint64_t{parked_rows}, operation.count(projections::record_result::succeeded));
  for (std::int64_t id = 0; id < parked_rows; ++id) EXPECT_EQ(1u, one.effects[id]) << id;
  EXPECT_TRUE(one.are_equal());
  one.expect_whole();
  return meets_it;
}

TEST(Mending, ACrashInTheMiddleOfARetryOfAllLeavesOneEffectForEachRecord) {
  std::size_t steps = 0;
  while (retry_all_and_crash_after(steps) && !testing::Test::HasFailure()) ++steps;
  EXPECT_GT(steps, 3u) << "no crash met the retry";
}

// Customers, and orders that refer to them on the right.
struct orders : refusing {
  orders() {
    auto schema = customer_table();
    schema.table = "order";
    schema.columns[1].name = "customer";
    schema.columns[1].type = value_type::int64;
    here.left.add_table(schema);
    here.right.add_table(schema).references = {{{1}, "customer", {0}}};
    here.right.written = [this](engine::target_batch const& batch,
                                std::span<engine::write_result const> results) {
      for (std::size_t i = 0; i < results.size(); ++i) {
        bool const is_order = batch.writes[i].table == "order";
        if (is_order && results[i].effect == engine::write_effect::inserted)
          arrived.push_back(batch.writes[i].key[0].as_int64());
      }
    };
    define();
    auto of_orders = definition;
    of_orders.name = "orders";
    of_orders.left.table = of_orders.right.table = "order";
    of_orders.columns[0].left = of_orders.columns[0].right = "customer";
    order_map =
        map_id{submit(engine::create_map{link, of_orders.name, engine::print_definition(of_orders)})
                   .value};
    for (auto const one : {map, order_map}) submit(engine::run_map{one});
    EXPECT_TRUE(here.run_until([&] {
      return state() == map_state::running &&
             here.views().status.find(order_map)->state == map_state::running;
    }));
  }
  std::size_t waiting(park_state state) const {
    std::size_t out = 0;
    for (auto const& [of, rows] : here.views().parked.rows) {
      for (auto const& [record, row] : rows) out += row.state == state ? 1 : 0;
    }
    return out;
  }

  map_id order_map;
  std::vector<std::int64_t> arrived;
};

TEST(Mending, OfARowSettlesInOrderAllThatReferToIt) {
  orders one;
  one.refused = {7};
  one.user(one.here.left, put(7, "Ada"));
  for (std::int64_t id = 1; id <= 50; ++id) {
    row_values const row{value::of_int64(id), value::of_int64(7)};
    ASSERT_TRUE(one.here.left.commit({{"order", operation::insert, row}}));
  }
  ASSERT_TRUE(one.here.run_until([&] { return one.waiting(park_state::dependency) == 50; }));
  EXPECT_EQ(1u, one.waiting(park_state::failed));
  auto const customer_of = one.parked_of(7);
  EXPECT_EQ(50u, one.here.views().parked.waiting_behind(one.way(), customer_of));
  one.here.run(2'000);
  EXPECT_EQ(1u, one.waiting(park_state::failed)) << "what only waits is no error";
  EXPECT_EQ(50u, one.waiting(park_state::dependency));
  one.refused.clear();
  one.submit(engine::retry_records{one.map, {customer_of}});
  ASSERT_TRUE(one.here.run_until([&] { return one.arrived.size() == 50; }));
  EXPECT_TRUE(std::is_sorted(one.arrived.begin(), one.arrived.end()));
  ASSERT_TRUE(one.here.run_until([&] { return one.waiting(park_state::dependency) == 0; }));
  EXPECT_TRUE(one.are_equal());
  one.expect_whole();
}

struct countries : refusing {
  countries() {
    define();
    definition.columns[0].value_map = {{"Germany", "DE"}};
    change();
    submit(engine::run_map{map});
    EXPECT_TRUE(comes_to(map_state::running));
    user(here.left, put(1, "France"));
    EXPECT_TRUE(here.run_until([&] { return parked() == 1; }));
    EXPECT_EQ(fault_class::mapping, here.views().parked.find(way(), parked_of(1))->kind);
  }
  void change() { submit(engine::change_map{map, engine::print_definition(definition)}); }
  void name_france() {
    definition.columns[0].value_map.emplace_back("France", "FR");
    change();
  }
  void expect_retry_completes() {
    auto const record = parked_of(1);
    submit(engine::retry_records{map, {record}});
    ASSERT_TRUE(here.run_until([&] { return parked() == 0; }));
    EXPECT_EQ(customer(1, "FR"), rows(here.right).at({value::of_int64(1)}));
    EXPECT_EQ(projections::parked_end::completed,
              here.views().parked.ended.at(way()).at(record).how);
    here.run(500);
    EXPECT_EQ(customer(1, "France"), rows(here.left).at({value::of_int64(1)}));
    expect_whole();
  }
};

TEST(Mending, OfAValueMapWhileRunningMakesTheRetryGoThrough) {
  countries one;
  one.submit(engine::retry_records{one.map, {}});
  auto const tries = [&] {
    return one.here.views().parked.find(one.way(), one.parked_of(1))->attempts;
  };
  ASSERT_TRUE(one.here.run_until([&] { return tries() == 2; })) << "the map as it was has no value";
  one.name_france();
  one.expect_retry_completes();
}

TEST(Mending, OfAValueMapWhilePausedMakesTheRetryGoThrough) {
  countries one;
  one.submit(engine::pause_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::paused));
  one.name_france();
  one.submit(engine::resume_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::running));
  one.expect_retry_completes();
}

}  // namespace
}  // namespace dualwrite::simulation
