// Two maps that have a table in common: what one of them writes there is news for the other.
#include <gtest/gtest.h>

#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

table_schema table_of(std::string name) {
  auto schema = customer_table();
  schema.table = std::move(name);
  column_schema note;
  note.name = "note";
  schema.columns.push_back(note);
  return schema;
}

engine::row_change put_into(std::string table, std::string name, std::string note) {
  row_values row{
      value::of_int64(1), value::of_text(std::move(name)), value::of_text(std::move(note))};
  return {std::move(table), operation::update, row, {}};
}

// The right table `customer` is that of both maps.
struct two_maps : customers {
  two_maps(std::string left_of_second, std::string column_of_second) : customers(small_steps()) {
    for (auto* app : {&here.left, &here.right})
      app->table("customer").schema = table_of("customer");
    here.left.add_table(table_of("partner"));
    define();
    auto other = definition;
    other.name = "other";
    other.left.table = std::move(left_of_second);
    other.columns[0].left = other.columns[0].right = std::move(column_of_second);
    second =
        map_id{submit(engine::create_map{link, other.name, engine::print_definition(other)}).value};
    submit(engine::run_map{map});
    submit(engine::run_map{second});
    EXPECT_TRUE(comes_to(map_state::running));
    EXPECT_TRUE(here.run_until(
        [&] { return here.views().status.find(second)->state == map_state::running; }));
  }
  row_values row(engine::memory_app& app, std::string const& table) {
    auto const& all = app.table(table).rows;
    auto const found = all.find({value::of_int64(1)});
    return found == all.end() ? row_values{} : found->second;
  }
  bool rest() {
    bool const done = here.run_until([&] { return queued() == 0; });
    here.run(300);
    return done && queued() == 0;
  }
  map_id second;
};

TEST(TwoMaps, WhatOneWritesArrivesWhereTheOtherLeads) {
  two_maps one("partner", "name");
  one.user(one.here.left, put_into("customer", "Ada", "mine"));
  ASSERT_TRUE(one.rest());
  EXPECT_EQ(value::of_text("Ada"), one.row(one.here.right, "customer").at(1));
  EXPECT_EQ(value::of_text("Ada"), one.row(one.here.left, "partner").at(1));
  one.user(one.here.left, put_into("partner", "Eve", "other"));
  ASSERT_TRUE(one.rest());
  EXPECT_EQ(value::of_text("Eve"), one.row(one.here.left, "customer").at(1));
  EXPECT_EQ(value::of_text("mine"), one.row(one.here.left, "customer").at(2));
  one.user(one.here.left, {"partner", operation::remove, {value::of_int64(1), {}, {}}, {}});
  ASSERT_TRUE(one.rest());
  EXPECT_TRUE(one.row(one.here.left, "customer").empty());
  one.expect_conserved();
  EXPECT_EQ("", broken_invariant(one.here.log()));
}

TEST(TwoMaps, OfTheSameTablesTakeNothingBack) {
  two_maps one("customer", "note");
  for (int i = 0; i < 40; ++i) {
    auto& app = i % 3 == 0 ? one.here.right : one.here.left;
    one.user(app, put_into("customer", "name " + std::to_string(i), "note " + std::to_string(i)));
    one.here.run(static_cast<std::size_t>(i) * 3);
    if (i % 7 == 6) {
      ASSERT_TRUE(one.rest());
    }
  }
  one.user(one.here.left, put_into("customer", "last", "last"));
  ASSERT_TRUE(one.rest());
  EXPECT_TRUE(one.are_equal());
  EXPECT_EQ(value::of_text("last"), one.row(one.here.right, "customer").at(1));
  EXPECT_EQ(value::of_text("last"), one.row(one.here.right, "customer").at(2));
  one.expect_conserved();
  EXPECT_EQ("", broken_invariant(one.here.log()));
}

TEST(TwoMaps, OfTheSameTablesMakeARowTogether) {
  two_maps one("customer", "note");
  one.user(one.here.left, put_into("customer", "Ada", "mine"));
  ASSERT_TRUE(one.rest());
  EXPECT_EQ(value::of_text("mine"), one.row(one.here.left, "customer").at(2));
  EXPECT_TRUE(one.are_equal());
  auto const gone_and_back = std::vector<engine::row_change>{
      {"customer", operation::remove, {value::of_int64(1), {}, {}}, {}},
      put_into("customer", "Eve", "other")};
  ASSERT_TRUE(one.here.left.commit(gone_and_back));
  ASSERT_TRUE(one.rest());
  EXPECT_EQ(value::of_text("Eve"), one.row(one.here.left, "customer").at(1));
  EXPECT_TRUE(one.are_equal());
}

}  // namespace
}  // namespace dualwrite::simulation
