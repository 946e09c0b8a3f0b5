// Tables that change while maps of them are at work.
#include <gtest/gtest.h>

#include "tests/simulation/customers.h"

namespace dualwrite::simulation {
namespace {

using projections::map_state;

class Drift : public testing::Test, protected customers {
 protected:
  Drift() {
    start();
    user(here.left, put(1, "Ada"));
    EXPECT_TRUE(become_equal());
    auto other = definition;
    other.name = "other";
    other.columns[0].only = direction::left_to_right;
    another =
        map_id{submit(engine::create_map{link, other.name, engine::print_definition(other)}).value};
  }

  // Running a map has the engine look at its tables.
  void run_another() {
    submit(engine::run_map{another});
    ASSERT_TRUE(here.run_until([&] {
      auto const* row = here.views().status.find(another);
      return row->state == map_state::running || row->answered_code != 0;
    })) << to_string(here.failure());
  }
  void pause() {
    submit(engine::pause_map{map});
    ASSERT_TRUE(comes_to(map_state::paused));
  }
  void resume() { submit(engine::resume_map{map}); }
  column_schema& name_on(engine::memory_app& app) {
    return app.table("customer").schema.columns[1];
  }

  map_id another;
};

TEST_F(Drift, AMapThatNoLongerFitsPausesSaysWhyAndGoesOnWithoutLoss) {
  name_on(here.right).name = "fullname";
  run_another();
  ASSERT_TRUE(comes_to(map_state::paused)) << to_string(here.failure());
  auto const& reason = here.views().status.find(map)->reason;
  EXPECT_NE(std::string::npos, reason.find("customer has changed")) << reason;
  EXPECT_NE(std::string::npos, reason.find("'name'")) << reason;

  user(here.left, put(2, "Ben"));
  here.run(2'000);
  here.crash_and_restart(0);
  user(here.left, put(3, "Cleo"));
  here.run(2'000);
  EXPECT_FALSE(are_equal());

  resume();
  here.run(2'000);
  EXPECT_EQ(map_state::paused, state()) << "it fits as little as before";
  name_on(here.right).name = "name";
  resume();
  EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  EXPECT_TRUE(become_equal());
  expect_conserved();
}

TEST_F(Drift, AChangedDefinitionFitsTheChangedTable) {
  name_on(here.right).name = "fullname";
  run_another();
  ASSERT_TRUE(comes_to(map_state::paused)) << to_string(here.failure());
  user(here.left, put(2, "Ben"));
  definition.columns[0].right = "fullname";
  submit(engine::change_map{map, engine::print_definition(definition)});
  resume();
  EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  EXPECT_TRUE(become_equal());
}

TEST_F(Drift, ATargetThatIsOrderedAnewGetsItsValuesInTheRightColumns) {
  auto& table = here.right.table("customer");
  column_schema between;
  between.name = "between";
  table.schema.columns.insert(table.schema.columns.begin() + 1, between);
  for (auto& [key, row] : table.rows) row.insert(row.begin() + 1, value{});
  user(here.left, put(2, "Ben"));
  EXPECT_TRUE(here.run_until([&] { return table.rows.contains({value::of_int64(2)}); }))
      << to_string(here.failure());
  auto const& row = table.rows.at({value::of_int64(2)});
  EXPECT_EQ("Ben", row.at(2).as_string());
  EXPECT_EQ(map_state::running, state());
}

TEST_F(Drift, WhatIsCapturedWhileNothingFitsIsKeptWhole) {
  name_on(here.right).name = "fullname";
  auto& table = here.left.table("customer");
  column_schema between;
  between.name = "between";
  table.schema.columns.insert(table.schema.columns.begin() + 1, between);
  for (auto& [key, row] : table.rows) row.insert(row.begin() + 1, value{});
  run_another();
  ASSERT_TRUE(comes_to(map_state::paused)) << to_string(here.failure());
  here.run(2'000);  // until the capture goes by the new form
  engine::row_change change{"customer", operation::update, {}};
  change.row = {value::of_int64(2), value::of_text("x"), value::of_text("Ben")};
  user(here.left, change);
  here.run(2'000);
  name_on(here.right).name = "name";
  resume();
  EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  EXPECT_TRUE(here.run_until([&] { return rows(here.right).contains({value::of_int64(2)}); }))
      << to_string(here.failure());
  EXPECT_EQ("Ben", rows(here.right).at({value::of_int64(2)}).at(1).as_string());
}

TEST_F(Drift, AQueuedUpdateOfAColumnThatHasAnotherNameNowIsReadAgain) {
  user(here.left, put(2, "Ben"));
  ASSERT_TRUE(become_equal());
  pause();
  user(here.left, put(1, "Adam"));
  user(here.left, put(2, "Benno"));
  here.run(2'000);
  name_on(here.left).name = "fullname";
  run_another();
  definition.columns[0].left = "fullname";
  submit(engine::change_map{map, engine::print_definition(definition)});
  resume();
  ASSERT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  EXPECT_TRUE(become_equal());
  expect_conserved();
}

TEST_F(Drift, WhatNoMapReadWhenItWasCapturedIsReadAgain) {
  for (auto* app : {&here.left, &here.right}) {
    auto& table = app->table("customer");
    column_schema town;
    town.name = "town";
    table.schema.columns.push_back(town);
    for (auto& [key, row] : table.rows) row.push_back(value::of_text("Oslo"));
  }
  run_another();
  here.run(2'000);
  pause();
  engine::row_change change{"customer", operation::update, {}};
  change.row = {value::of_int64(1), value::of_text("Adam"), value::of_text("Rome")};
  user(here.left, change);
  here.run(2'000);
  engine::column_pair town;
  town.left = town.right = "town";
  definition.columns.push_back(town);
  submit(engine::change_map{map, engine::print_definition(definition)});
  resume();
  ASSERT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  EXPECT_TRUE(become_equal());
}

// What comes behind it is whole again, whatever the definition changed.
TEST_F(Drift, TheCaptureBeginsAnewWithEachDefinition) {
  auto const before = count(event_type::CaptureStarted);
  definition.conflict = engine::conflict_policy::right_wins;
  submit(engine::change_map{map, engine::print_definition(definition)});
  ASSERT_TRUE(here.run_until([&] { return count(event_type::CaptureStarted) == before + 2; }));
  here.run(2'000);
  EXPECT_EQ(before + 2, count(event_type::CaptureStarted));
  auto const since = here.views().status.find(map)->defined_at;
  for (auto const& [of, capture] : here.views().delivery.captures)
    EXPECT_LT(since, capture.started_at);
}

TEST_F(Drift, RecordsKeepTheirColumnsWhenTheTableIsOrderedAnew) {
  pause();
  user(here.left, put(2, "Ben"));
  here.run(2'000);
  // A column comes between, and the rows that are there get it.
  auto& table = here.left.table("customer");
  column_schema between;
  between.name = "between";
  table.schema.columns.insert(table.schema.columns.begin() + 1, between);
  for (auto& [key, row] : table.rows) row.insert(row.begin() + 1, value{});
  run_another();
  resume();
  EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  auto const arrives = [&](std::int64_t id, std::string const& name) {
    return here.run_until([&] {
      auto const found = rows(here.right).find({value::of_int64(id)});
      return found != rows(here.right).end() && found->second[1].as_string() == name;
    });
  };
  EXPECT_TRUE(arrives(2, "Ben")) << to_string(here.failure());
  engine::row_change change{"customer", operation::update, {}};
  change.row = {value::of_int64(3), value::of_text("x"), value::of_text("Cleo")};
  user(here.left, change);
  EXPECT_TRUE(arrives(3, "Cleo")) << to_string(here.failure());
}

}  // namespace
}  // namespace dualwrite::simulation
