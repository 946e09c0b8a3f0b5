// Two applications kept in step: the first whole way of a change, in both directions.
#include <gtest/gtest.h>

#include "replay/rebuild.h"
#include "tests/simulation/world.h"

namespace dualwrite::simulation {
namespace {

using engine::row_change;

row_values row(std::int64_t id, std::string name) {
  return {value::of_int64(id), value::of_text(std::move(name))};
}
row_change put(std::int64_t id, std::string name) {
  return {"customer", operation::update, row(id, std::move(name))};
}
row_change gone(std::int64_t id) {
  return {"customer", operation::remove, row(id, {})};
}

class InStep : public testing::Test {
 protected:
  InStep() {
    table_schema schema;
    schema.table = "customer";
    schema.columns.resize(2);
    schema.columns[0].name = "id";
    schema.columns[0].type = value_type::int64;
    schema.columns[0].nullable = false;
    schema.columns[1].name = "name";
    schema.key = {0};
    here.left.add_table(schema);
    here.right.add_table(schema);
  }

  void define() {
    engine::map_definition definition;
    definition.name = "customers";
    definition.left.table = definition.right.table = "customer";
    definition.key = {{"id", "id"}};
    engine::column_pair name;
    name.left = name.right = "name";
    definition.columns = {name};
    definition.conflict = engine::conflict_policy::left_wins;
    auto const app = [&](char const* called) {
      auto const made = here.submit(engine::register_app{called, "memory"});
      return made ? app_id{made->value} : app_id{};
    };
    auto const left = app("left");
    auto const right = app("right");
    auto const link = here.submit(engine::create_link{"erp-crm", left, right});
    ASSERT_TRUE(link);
    auto const made = here.submit(engine::create_map{
        link_id{link->value}, "customers", engine::print_definition(definition)});
    ASSERT_TRUE(made);
    map = map_id{made->value};
  }
  void run_map() {
    ASSERT_TRUE(here.submit(engine::run_map{map}));
    ASSERT_TRUE(is_in(projections::map_state::running)) << to_string(here.failure());
  }
  bool is_in(projections::map_state state) {
    return here.run_until([&] { return here.views().status.find(map)->state == state; });
  }
  bool equal() {
    return here.run_until(
        [&] { return here.left.table("customer").rows == here.right.table("customer").rows; });
  }
  void expect_conserved() {
    for (auto const& [of, sums] : here.views().conservation.sums) {
      EXPECT_EQ(0, sums.queued());
      EXPECT_EQ(here.views().parked.count(of), sums.parked);
    }
  }
  void user(engine::memory_app& app, row_change change) {
    ASSERT_TRUE(app.commit({std::move(change)}));
  }

  world here;
  map_id map;
};

TEST_F(InStep, InitialSyncBringsBothSidesTogether) {
  for (int i = 0; i < 10; ++i) user(here.left, put(i, "left"));
  for (int i = 8; i < 15; ++i) user(here.right, put(i, "right"));
  define();
  run_map();
  EXPECT_TRUE(equal());
  EXPECT_EQ(15u, here.left.table("customer").rows.size());
  EXPECT_EQ(row(9, "left"), here.right.table("customer").rows.at({value::of_int64(9)}));
  expect_conserved();
}

TEST_F(InStep, ChangesOfEitherSideArriveAtTheOther) {
  define();
  run_map();
  user(here.left, put(1, "Oslo"));
  user(here.right, put(2, "Rome"));
  ASSERT_TRUE(equal());
  user(here.left, put(2, "Roma"));
  user(here.right, gone(1));
  here.run(2'000);
  EXPECT_TRUE(equal());
  EXPECT_EQ(1u, here.left.table("customer").rows.size());
  EXPECT_EQ(row(2, "Roma"), here.right.table("customer").rows.at({value::of_int64(2)}));
  expect_conserved();
}

TEST_F(InStep, WhatIsChangedWhilePausedArrivesAfterResuming) {
  define();
  run_map();
  ASSERT_TRUE(here.submit(engine::pause_map{map}));
  ASSERT_TRUE(is_in(projections::map_state::paused));
  for (int i = 0; i < 50; ++i) user(here.left, put(i % 7, std::to_string(i)));
  here.run(500);
  EXPECT_TRUE(here.right.table("customer").rows.empty());
  ASSERT_TRUE(here.submit(engine::resume_map{map}));
  ASSERT_TRUE(is_in(projections::map_state::running));
  EXPECT_TRUE(equal());
  expect_conserved();
}

TEST_F(InStep, ARefusedRowWaitsAndIsRetried) {
  bool strict = true;
  here.right.table("customer").rule = [&](row_values const& r) -> std::optional<engine::refusal> {
    if (strict && r[1].as_string() == "bad") return engine::refusal{"check", "no bad names"};
    return std::nullopt;
  };
  define();
  run_map();
  user(here.left, put(1, "bad"));
  user(here.left, put(2, "good"));
  projections::map_way const way{map, direction::left_to_right};
  ASSERT_TRUE(here.run_until([&] { return here.views().parked.count(way) == 1; }));
  EXPECT_EQ("no bad names", here.views().parked.rows.at(way).begin()->second.text);
  strict = false;
  ASSERT_TRUE(here.submit(engine::retry_records{map, {}}));
  ASSERT_TRUE(here.run_until([&] { return here.views().parked.count(way) == 0; }));
  EXPECT_TRUE(equal());
  expect_conserved();
}

TEST_F(InStep, WhatTheAppsRulesMakeOfARowComesBack) {
  here.right.table("customer").trigger = [](row_values& r) {
    if (r[1].as_string() == "oslo") r[1] = value::of_text("OSLO");
  };
  define();
  run_map();
  user(here.left, put(1, "oslo"));
  here.run(2'000);
  EXPECT_TRUE(equal());
  EXPECT_EQ(row(1, "OSLO"), here.left.table("customer").rows.at({value::of_int64(1)}));
  expect_conserved();
}

TEST_F(InStep, OfTwoChangesAtOnceThePolicyChoosesOne) {
  define();
  run_map();
  user(here.left, put(1, "left"));
  user(here.right, put(1, "right"));
  here.run(3'000);
  EXPECT_TRUE(equal());
  EXPECT_EQ(row(1, "left"), here.right.table("customer").rows.at({value::of_int64(1)}));
  EXPECT_GT(here.views().conflicts.counts.at(map), 0u);
  expect_conserved();
}

TEST_F(InStep, ACrashAtAnyStepLosesNothingAndDoublesNothing) {
  define();
  run_map();
  for (std::size_t crash = 0; crash < 120; ++crash) {
    auto const key = static_cast<std::int64_t>(crash % 5);
    user(crash % 2 == 0 ? here.left : here.right, put(key, std::to_string(crash)));
    here.run(crash % 17);
    here.crash_and_restart(crash * 37 % 400);
    ASSERT_EQ(error_code::ok, here.failure().code) << to_string(here.failure());
    here.run(crash % 40);
  }
  here.run(5'000);
  EXPECT_TRUE(equal());
  expect_conserved();
  auto const rebuilt = replay::rebuild(here.log());
  ASSERT_TRUE(rebuilt);
  EXPECT_EQ(projections::save(here.views()), projections::save(*rebuilt));
}

}  // namespace
}  // namespace dualwrite::simulation
