// Initial syncs of which several lanes copy a part each.
#include <gtest/gtest.h>

#include <set>

#include "tests/simulation/company.h"

namespace dualwrite::simulation {
namespace {

engine::engine_settings several_lanes() {
  engine::engine_settings out;
  out.flow.chunk_rows = 3;
  out.flow.range_chunks_min = 2;
  out.flow.catch_up_lanes = 3;
  out.flow.capture_patience = std::chrono::milliseconds(2);
  return out;
}

struct copies : customers {
  explicit copies(engine::engine_settings settings = several_lanes()) : customers(settings) {
    define();
  }
  void fill(std::int64_t count) {
    for (std::int64_t id = 0; id < count; ++id) user(here.left, put(id, "first"));
  }
  template <class Event>
  std::vector<Event> events() const {
    std::vector<Event> out;
    auto const cursor = here.log().read({sequence{1}, false, std::nullopt});
    while (true) {
      auto const stored = cursor->next();
      if (!stored || !*stored) return out;
      auto const event = decode(**stored);
      if (auto const* one = event ? event->template as<Event>() : nullptr) out.push_back(*one);
    }
  }
  projections::leg_row const* leg(map_id of) const {
    auto const* copy = here.views().progress.of(of);
    return copy == nullptr ? nullptr : copy->leg(direction::left_to_right);
  }
  bool waits_behind(projections::leg_row const* leg, std::size_t chunks) const {
    return leg != nullptr && leg->chunks.size() >= chunks;
  }
};

TEST(ParallelCopy, SeveralLanesCopyATable) {
  copies one;
  one.fill(100);
  one.submit(engine::run_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::running)) << to_string(one.here.failure());
  auto const& leg = *one.leg(one.map);
  EXPECT_EQ(12u, leg.ranges.size());
  EXPECT_EQ(100u, leg.rows);
  EXPECT_EQ(100u, leg.counts.inserted);
  std::set<lane_id> lanes;
  for (auto const& chunk : one.events<ChunkCopied>()) lanes.insert(chunk.lane);
  lanes.erase(lane_id{});
  EXPECT_EQ(3u, lanes.size());
  std::size_t completed = 0;
  for (auto const& leg_done : one.events<LegCompleted>())
    completed += leg_done.way == direction::left_to_right ? 1 : 0;
  EXPECT_EQ(1u, completed);
  EXPECT_TRUE(one.become_equal());
  one.expect_conserved();
}

TEST(ParallelCopy, ARangeMayEndWhereAChunkEnds) {
  for (std::int64_t count = 96; count < 120; ++count) {
    copies one;
    one.fill(count);
    one.submit(engine::run_map{one.map});
    ASSERT_TRUE(one.comes_to(map_state::running)) << count << to_string(one.here.failure());
    EXPECT_EQ(12u, one.leg(one.map)->ranges.size());
    EXPECT_EQ(static_cast<std::uint64_t>(count), one.leg(one.map)->rows);
    EXPECT_TRUE(one.become_equal());
    one.expect_conserved();
  }
}

// Numbers come in another order than their texts, which the other side has for keys.
TEST(ParallelCopy, RowsWithNumbersForKeysAreCopiedToRowsWithTexts) {
  copies one;
  auto table = customer_table();
  table.table = "supplier";
  one.here.left.add_table(table);
  table.columns[0].type = value_type::text;
  one.here.right.add_table(table);
  auto wish = one.definition;
  wish.name = "suppliers";
  wish.left.table = wish.right.table = "supplier";
  map_id const suppliers{
      one.submit(engine::create_map{one.link, wish.name, engine::print_definition(wish)}).value};
  auto const change = [&](std::int64_t id, std::string const& name) {
    auto row = customer(id, name);
    auto const& rows = one.here.left.table("supplier").rows;
    auto const op = rows.contains({row[0]}) ? operation::update : operation::insert;
    ASSERT_TRUE(one.here.left.commit({{"supplier", op, std::move(row)}}));
  };
  for (std::int64_t id = 1; id <= 250; ++id) change(id, "first");
  one.submit(engine::run_map{suppliers});
  for (std::size_t chunks = 1; chunks < 80; chunks += 10) {
    ASSERT_TRUE(one.here.run_until([&] { return one.waits_behind(one.leg(suppliers), chunks); }));
    for (auto const id : {7, 95, 200}) change(id, "second " + std::to_string(chunks));
  }
  auto const is_running = [&] {
    return one.here.views().status.find(suppliers)->state == map_state::running;
  };
  ASSERT_TRUE(one.here.run_until(is_running)) << to_string(one.here.failure());
  EXPECT_LT(1u, one.leg(suppliers)->ranges.size());
  EXPECT_EQ(250u, one.leg(suppliers)->rows);
  auto const is_there = [&] {
    auto const& right = one.here.right.table("supplier").rows;
    auto const& left = one.here.left.table("supplier").rows;
    return left.size() == right.size() &&
           std::all_of(left.begin(), left.end(), [&](auto const& row) {
             auto const key = value::of_text(std::to_string(row.second[0].as_int64()));
             auto const found = right.find({key});
             return found != right.end() && found->second[1] == row.second[1];
           });
  };
  EXPECT_TRUE(one.here.run_until(is_there));
  one.expect_conserved();
}

TEST(ParallelCopy, ARestartInTheMidstGoesOnInEachRange) {
  for (std::size_t chunks = 1; chunks < 30; chunks += 3) {
    copies one;
    one.fill(100);
    one.submit(engine::run_map{one.map});
    ASSERT_TRUE(one.here.run_until([&] { return one.waits_behind(one.leg(one.map), chunks); }));
    one.here.crash_and_restart(0);
    ASSERT_TRUE(one.comes_to(map_state::running)) << to_string(one.here.failure());
    EXPECT_EQ(100u, one.leg(one.map)->rows);
    EXPECT_EQ(1u, one.events<InitialSyncStarted>().size());
    EXPECT_TRUE(one.become_equal());
    one.expect_conserved();
  }
}

TEST(ParallelCopy, ATableThatGetsAColumnMeanwhileGivesTheOthersAsTheyAre) {
  copies one;
  one.fill(100);
  one.submit(engine::run_map{one.map});
  ASSERT_TRUE(one.here.run_until([&] { return one.waits_behind(one.leg(one.map), 5); }));
  auto& table = one.here.left.table("customer");
  column_schema between;
  between.name = "between";
  table.schema.columns.insert(table.schema.columns.begin() + 1, between);
  for (auto& [key, row] : table.rows) row.insert(row.begin() + 1, value::of_text("wrong"));
  ASSERT_TRUE(one.comes_to(map_state::running)) << to_string(one.here.failure());
  auto const& right = one.here.right.table("customer").rows;
  EXPECT_EQ(100u, right.size());
  for (auto const& [key, row] : right) EXPECT_EQ("first", row.at(1).as_string());
  EXPECT_EQ(0u, one.count(event_type::RecordParked));
  one.expect_conserved();
}

TEST(ParallelCopy, APauseWhileTheTargetIsAwayIsAnsweredForAllLanes) {
  copies one;
  one.fill(100);
  one.submit(engine::run_map{one.map});
  ASSERT_TRUE(one.here.run_until([&] { return one.waits_behind(one.leg(one.map), 5); }));
  one.here.right_port.stay_away_until(one.here.time.now() + std::chrono::hours(1));
  one.submit(engine::pause_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::paused)) << to_string(one.here.failure());
  one.user(one.here.left, put(50, "second"));
  one.here.right_port.heal();
  auto const copied = [&] { return one.count(event_type::ChunkCopied); };
  one.here.run(500);
  auto const before = copied();
  one.here.run(500);
  EXPECT_EQ(before, copied());
  one.submit(engine::resume_map{one.map});
  ASSERT_TRUE(one.comes_to(map_state::running)) << to_string(one.here.failure());
  EXPECT_TRUE(one.become_equal());
  one.expect_conserved();
}

TEST(ParallelCopy, RowsThatReferToTheirOwnTableAreCopiedInKeyOrder) {
  company one;
  for (std::int64_t id = 0; id < 200; ++id) one.hire(id, id == 0 ? nobody : id - 1);
  one.submit(engine::run_map{one.employees});
  ASSERT_TRUE(one.ends(one.employees));
  one.expect_complete(one.employees, 200);
  EXPECT_EQ(1u, one.copy_of(one.employees).leg(direction::left_to_right)->ranges.size());
}

TEST(ParallelCopy, WhatElseIsToBeDoneIsDoneFirst) {
  copies one;
  auto other_table = customer_table();
  other_table.table = "supplier";
  one.here.left.add_table(other_table);
  one.here.right.add_table(other_table);
  auto wish = one.definition;
  wish.name = "suppliers";
  wish.left.table = wish.right.table = "supplier";
  map_id const other{
      one.submit(engine::create_map{one.link, wish.name, engine::print_definition(wish)}).value};
  one.fill(600);
  one.submit(engine::run_map{one.map});
  ASSERT_TRUE(one.here.run_until([&] { return one.waits_behind(one.leg(one.map), 20); }));
  one.submit(engine::run_map{other});
  ASSERT_TRUE(one.here.run_until(
      [&] { return one.here.views().status.find(other)->state == map_state::running; }));
  EXPECT_FALSE(one.leg(one.map)->done);
  EXPECT_LT(one.leg(one.map)->rows, 400u);
  ASSERT_TRUE(one.here.run_until([&] { return one.state() == map_state::running; }, 100'000));
  EXPECT_TRUE(one.become_equal());
  one.expect_conserved();
}

}  // namespace
}  // namespace dualwrite::simulation
