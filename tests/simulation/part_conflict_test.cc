// Changes of both sides at once that do not say all of their row: columns that are written one way,
// values that were not sent because they stayed as they were, and what an app's rules made of a row
// that came from the other side.
#include <gtest/gtest.h>

#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {
namespace {

using engine::conflict_policy;

enum column : std::size_t { id, name, note, of_left, of_right, stamp };

struct parts : refusing {
  explicit parts(conflict_policy policy) {
    auto schema = customer_table();
    for (auto const* one : {"note", "of_left", "of_right", "stamp"}) {
      column_schema made;
      made.name = one;
      schema.columns.push_back(made);
    }
    for (auto* app : {&here.left, &here.right}) {
      auto& table = app->table("customer");
      table.schema = schema;
      table.large = {note};
    }
    define(policy);
    auto const map_column = [&](char const* of_both, std::optional<direction> only) {
      engine::column_pair pair;
      pair.left = pair.right = of_both;
      pair.only = only;
      definition.columns.push_back(pair);
    };
    map_column("note", {});
    map_column("of_left", direction::left_to_right);
    map_column("of_right", direction::right_to_left);
    map_column("stamp", {});
    submit(engine::change_map{map, engine::print_definition(definition)});
    user(here.left, row_of({}));
    submit(engine::run_map{map});
    EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
    EXPECT_TRUE(become_equal());
    here.run(50);
  }

  using texts = std::map<std::size_t, std::string>;
  // The row as it was at first, but for these.
  static engine::row_change row_of(texts const& values) {
    row_values row{value::of_int64(1)};
    for (std::size_t at = name; at <= stamp; ++at) {
      auto const found = values.find(at);
      row.push_back(value::of_text(found == values.end() ? "first" : found->second));
    }
    row[of_right] = values.contains(of_right) ? row[of_right] : value::null();
    return {"customer", operation::update, row, {}};
  }
  // Neither app is reached while both are changed, the right one later.
  void change_both(texts const& left, texts const& right) {
    auto const soon = here.time.now() + std::chrono::milliseconds(20);
    here.left_port.stay_away_until(soon);
    here.right_port.stay_away_until(soon);
    user(here.left, row_of(left));
    auto const later = here.time.now() + std::chrono::milliseconds(3);
    ASSERT_TRUE(here.run_until([&] { return here.time.now() >= later; }));
    user(here.right, row_of(right));
  }
  void expect_both(texts const& values) {
    EXPECT_TRUE(here.run_until([&] { return are_equal() && queued() == 0; }));
    here.run(200);
    auto const wanted = row_of(values).row;
    for (auto* app : {&here.left, &here.right})
      EXPECT_EQ(wanted, rows(*app).at({value::of_int64(1)}));
    EXPECT_TRUE(here.views().conflicts.resolutions.empty());
    expect_whole();
  }
};

constexpr conflict_policy by_rule[] = {
    conflict_policy::left_wins, conflict_policy::right_wins, conflict_policy::newest_wins};

TEST(PartConflict, WhatOnlyOneSideWritesIsNotLostToTheOther) {
  for (auto const policy : by_rule) {
    SCOPED_TRACE(static_cast<int>(policy));
    parts one(policy);
    one.change_both({{name, "left"}, {of_left, "left"}}, {{name, "right"}, {of_right, "right"}});
    auto const* winner = policy == conflict_policy::left_wins ? "left" : "right";
    one.expect_both({{name, winner}, {of_left, "left"}, {of_right, "right"}});
    EXPECT_GT(one.count(event_type::ConflictDetected), 0u);
  }
}

TEST(PartConflict, WhatTheWinnerDidNotSendIsNotLostToIt) {
  for (auto const policy : by_rule) {
    for (auto const changes_note : {side::left, side::right}) {
      SCOPED_TRACE(static_cast<int>(policy));
      parts one(policy);
      parts::texts left{{name, "left"}};
      parts::texts right{{name, "right"}};
      (changes_note == side::left ? left : right).emplace(note, "new");
      one.change_both(left, right);
      auto const* winner = policy == conflict_policy::left_wins ? "left" : "right";
      one.expect_both({{name, winner}, {note, "new"}});
    }
  }
}

TEST(PartConflict, ARowOfSeveralChangesKeepsWhatEachOfThemSent) {
  for (auto const policy : by_rule) {
    SCOPED_TRACE(static_cast<int>(policy));
    parts one(policy);
    auto const soon = one.here.time.now() + std::chrono::milliseconds(20);
    one.here.left_port.stay_away_until(soon);
    one.here.right_port.stay_away_until(soon + std::chrono::milliseconds(20));
    one.user(one.here.left, parts::row_of({{name, "one"}, {note, "of left"}}));
    one.user(one.here.left, parts::row_of({{name, "two"}, {note, "of left"}}));
    auto const later = one.here.time.now() + std::chrono::milliseconds(3);
    ASSERT_TRUE(one.here.run_until([&] { return one.here.time.now() >= later; }));
    one.user(one.here.right, parts::row_of({{name, "right"}, {note, "of right"}}));
    bool const is_left = policy == conflict_policy::left_wins;
    one.expect_both({{name, is_left ? "two" : "right"}, {note, is_left ? "of left" : "of right"}});
  }
}

// The right app refuses the row while its own users change it: whoever wins, what the other side
// did not change arrives when it is tried again.
TEST(PartConflict, WhatARefusedRowAloneHasArrivesLater) {
  for (auto const policy : by_rule) {
    SCOPED_TRACE(static_cast<int>(policy));
    parts one(policy);
    std::string refuses = "of left";
    one.here.right.table("customer").rule =
        [&](row_values const& row) -> std::optional<engine::refusal> {
      if (row[of_left].as_string() != refuses) return std::nullopt;
      return engine::refusal{"check_note", "not this one"};
    };
    one.user(one.here.left, parts::row_of({{name, "left"}, {of_left, "of left"}}));
    ASSERT_TRUE(one.here.run_until([&] { return one.parked() == 1; }));
    auto const later = one.here.time.now() + std::chrono::milliseconds(3);
    ASSERT_TRUE(one.here.run_until([&] { return one.here.time.now() >= later; }));
    one.user(one.here.right, parts::row_of({{name, "right"}, {of_right, "of right"}}));
    one.here.run(500);
    refuses.clear();
    ASSERT_EQ(1u, one.parked());
    one.submit(engine::retry_records{one.map, {}});
    auto const* winner = policy == conflict_policy::left_wins ? "left" : "right";
    one.expect_both({{name, winner}, {of_left, "of left"}, {of_right, "of right"}});
    EXPECT_EQ(0u, one.parked());
  }
}

// It says what it changed, not what came from the other side, where that may have changed again.
TEST(PartConflict, ARuleThatStampsARowTakesNoNewerValueBack) {
  for (auto const policy : by_rule) {
    SCOPED_TRACE(static_cast<int>(policy));
    parts one(policy);
    one.here.right.table("customer").trigger = [](row_values& row) {
      row[stamp] = value::of_text("stamped");
    };
    one.user(one.here.left, parts::row_of({{name, "older"}}));
    ASSERT_TRUE(one.here.run_until([&] {
      return one.rows(one.here.right).at({value::of_int64(1)})[name] == value::of_text("older");
    }));
    auto const soon = one.here.time.now() + std::chrono::milliseconds(20);
    one.here.right_port.stay_away_until(soon);
    one.user(one.here.left, parts::row_of({{name, "newer"}}));
    ASSERT_TRUE(one.here.run_until([&] { return one.are_equal() && one.queued() == 0; }));
    one.here.run(200);
    EXPECT_TRUE(one.are_equal());
    EXPECT_EQ(value::of_text("newer"), one.rows(one.here.left).at({value::of_int64(1)})[name]);
    one.expect_whole();
  }
}

// A column that only comes from there is news, though the rest is the echo of our own write.
TEST(PartConflict, WhatARuleMakesOfAColumnThatWeNeverWriteArrives) {
  parts one(conflict_policy::newest_wins);
  one.here.right.table("customer").trigger = [](row_values& row) {
    row[of_right] = value::of_text("made of " + row[name].as_string());
  };
  one.user(one.here.left, parts::row_of({{name, "left"}}));
  one.expect_both({{name, "left"}, {of_right, "made of left"}});
  one.user(one.here.left, parts::row_of({{name, "again"}, {of_right, "made of left"}}));
  one.expect_both({{name, "again"}, {of_right, "made of again"}});
}

}  // namespace
}  // namespace dualwrite::simulation
