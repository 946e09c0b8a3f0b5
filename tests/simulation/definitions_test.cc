// Definitions that change, are renamed and go while the engine works.
#include <gtest/gtest.h>

#include "tests/simulation/customers.h"

namespace dualwrite::simulation {
namespace {

class Definitions : public testing::Test, protected customers {
 protected:
  Definitions() { start(); }

  void run(map_id which) {
    submit(engine::run_map{which});
    ASSERT_TRUE(here.run_until([&] {
      return here.views().status.find(which)->state == projections::map_state::running;
    })) << to_string(here.failure());
  }
  void stop(map_id which) {
    submit(engine::stop_map{which});
    ASSERT_TRUE(here.run_until(
        [&] { return here.views().status.find(which)->state == projections::map_state::idle; }));
  }
  void write(std::int64_t id, std::string name) {
    ASSERT_TRUE(here.left.commit(
        {{"customer", operation::update, {value::of_int64(id), value::of_text(std::move(name))}}}));
  }
  bool arrives(std::int64_t id, std::string const& name) {
    return here.run_until([&] {
      auto const& rows = here.right.table("customer").rows;
      auto const found = rows.find({value::of_int64(id)});
      return found != rows.end() && found->second[1].as_string() == name;
    });
  }
};

TEST_F(Definitions, ARenamedMapGoesOnWithoutAPause) {
  write(1, "before");
  submit(engine::rename_map{map, "clients"});
  submit(engine::rename_link{link, "renamed"});
  submit(engine::rename_app{here.views().status.links.at(link).left, "left renamed"});
  write(2, "after");
  EXPECT_TRUE(arrives(1, "before"));
  EXPECT_TRUE(arrives(2, "after"));
}

TEST_F(Definitions, AChangedMapAtWorkGovernsWhatComesAfterIt) {
  write(1, "one");
  ASSERT_TRUE(arrives(1, "one"));
  definition.columns[0].only = direction::left_to_right;
  definition.columns[0].expression = "upper(name)";
  submit(engine::change_map{map, engine::print_definition(definition)});
  write(2, "two");
  EXPECT_TRUE(arrives(2, "TWO"));
}

TEST_F(Definitions, AMapAtWorkRefusesADefinitionThatItCannotWorkBy) {
  auto wrong = definition;
  wrong.columns[0].right = "no_such_column";
  auto const made = here.submit(engine::change_map{map, engine::print_definition(wrong)});
  ASSERT_FALSE(made);
  EXPECT_EQ(error_code::invalid_definition, made.error().code);
  EXPECT_NE(std::string::npos, made.error().detail.find("no_such_column")) << made.error().detail;

  auto other_key = definition;
  other_key.key = {{"name", "name"}};
  auto const keyed = here.submit(engine::change_map{map, engine::print_definition(other_key)});
  ASSERT_FALSE(keyed);
  EXPECT_EQ(error_code::illegal_transition, keyed.error().code);
  write(1, "goes on");
  EXPECT_TRUE(arrives(1, "goes on"));
}

TEST_F(Definitions, ADeletedMapIsGoneAlsoAfterACrashAndItsNameIsFree) {
  write(1, "one");
  ASSERT_TRUE(arrives(1, "one"));
  stop(map);
  submit(engine::delete_map{map});
  write(2, "two");
  here.run(2'000);
  here.crash_and_restart(0);
  here.run(2'000);
  EXPECT_EQ(error_code::ok, here.failure().code) << to_string(here.failure());
  EXPECT_EQ(1u, here.right.table("customer").rows.size());
  auto const again = map_id{
      submit(engine::create_map{link, "customers", engine::print_definition(definition)}).value};
  run(again);
  EXPECT_TRUE(arrives(2, "two"));
}

// Of both apps, the run that is refused among the rest.
TEST_F(Definitions, AnAppKeepsNothingForACaptureThatNoMapNeeds) {
  EXPECT_TRUE(here.left.keeps());
  here.left_port.ask_for(fault_site::reply_lost, app_call::end);
  stop(map);
  here.run(2'000);
  EXPECT_EQ(1u, here.coverage.count(fault_site::reply_lost));
  EXPECT_FALSE(here.left.keeps());
  EXPECT_FALSE(here.right.keeps());
  auto missing = definition;
  missing.right.table = "nobody";
  submit(engine::change_map{map, engine::print_definition(missing)});
  submit(engine::run_map{map});
  here.run(2'000);
  EXPECT_EQ(1u, count(event_type::ActionFailed));
  EXPECT_FALSE(here.left.keeps());
  submit(engine::change_map{map, engine::print_definition(definition)});
  run(map);
  write(1, "one");
  EXPECT_TRUE(arrives(1, "one"));
}

TEST_F(Definitions, WhatAnAppKeepsIsGivenUpAfterACrashAsWell) {
  submit(engine::stop_map{map});
  ASSERT_TRUE(here.run_until([&] { return state() == projections::map_state::idle; }));
  ASSERT_TRUE(here.left.keeps());
  here.crash_and_restart(0);
  here.run(2'000);
  EXPECT_FALSE(here.left.keeps());
  EXPECT_FALSE(here.right.keeps());
}

TEST_F(Definitions, ADeletedLinkIsGoneAlsoAfterACrash) {
  stop(map);
  submit(engine::delete_map{map});
  submit(engine::delete_link{link});
  write(1, "one");
  here.run(2'000);
  EXPECT_EQ(error_code::ok, here.failure().code) << to_string(here.failure());
  here.crash_and_restart(0);
  here.run(2'000);
  EXPECT_EQ(error_code::ok, here.failure().code) << to_string(here.failure());
  EXPECT_TRUE(here.right.table("customer").rows.empty());
}

}  // namespace
}  // namespace dualwrite::simulation
