// What becomes of a row that the other side deleted: removed, marked, or left in place.
#include <gtest/gtest.h>

#include <random>

#include "tests/simulation/company.h"
#include "tests/simulation/customers.h"
#include "tests/simulation/invariants.h"

namespace dualwrite::simulation {
namespace {

using projections::map_state;
using projections::map_way;

// The right table marks its rows as removed in a column of its own.
struct marking : customers {
  explicit marking(engine::engine_settings settings = {}) : customers(settings) {
    auto schema = customer_table();
    schema.columns.resize(3);
    schema.columns[2].name = "gone";
    schema.columns[2].type = value_type::int64;
    here.right.add_table(schema);
  }
  void run(engine::delete_policy policy) {
    define();
    definition.deletes = policy;
    if (policy == engine::delete_policy::soft_delete) definition.right.soft_delete = "gone";
    submit(engine::change_map{map, engine::print_definition(definition)});
    submit(engine::run_map{map});
    ASSERT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  }
  static row_values account(std::int64_t id, std::string name, std::int64_t gone) {
    return {value::of_int64(id), value::of_text(std::move(name)), value::of_int64(gone)};
  }
  void put_right(std::int64_t id, std::string name, std::int64_t gone) {
    ASSERT_TRUE(
        here.right.commit({{"customer", operation::update, account(id, std::move(name), gone)}}));
  }
  row_values const* right(std::int64_t id) {
    auto const found = rows(here.right).find({value::of_int64(id)});
    return found == rows(here.right).end() ? nullptr : &found->second;
  }
  bool is_marked(std::int64_t id) {
    auto const* row = right(id);
    return row != nullptr && (*row)[2] == value::of_int64(1);
  }
  bool is_left(std::int64_t id) { return rows(here.left).contains({value::of_int64(id)}); }
  // The left rows are the right ones that are not marked.
  bool agree() {
    std::map<row_values, row_values> seen;
    for (auto const& [key, row] : rows(here.right)) {
      if (row[2] != value::of_int64(1)) seen[key] = {row[0], row[1]};
    }
    return seen == rows(here.left);
  }
  std::size_t parked() {
    return here.views().parked.count({map, direction::left_to_right}) +
           here.views().parked.count({map, direction::right_to_left});
  }
};

TEST(SoftDelete, MarksTheRowAndClearsTheMarkWhenItComesAgain) {
  marking one;
  one.run(engine::delete_policy::soft_delete);
  one.user(one.here.left, put(1, "Oslo"));
  ASSERT_TRUE(one.here.run_until([&] { return one.right(1) != nullptr; }));
  one.user(one.here.left, gone(1));
  ASSERT_TRUE(one.here.run_until([&] { return one.is_marked(1); }));
  EXPECT_EQ(marking::account(1, "Oslo", 1), *one.right(1));
  one.user(one.here.left, put(1, "Rome"));
  ASSERT_TRUE(one.here.run_until([&] { return !one.is_marked(1); }));
  EXPECT_EQ(marking::account(1, "Rome", 0), *one.right(1));
  one.here.run(500);
  EXPECT_TRUE(one.is_left(1)) << "our own mark came back as somebody's removal";
  one.expect_conserved();
}

TEST(SoftDelete, AMarkRemovesTheRowOfTheOtherSide) {
  marking one;
  one.run(engine::delete_policy::soft_delete);
  one.user(one.here.left, put(1, "Oslo"));
  ASSERT_TRUE(one.here.run_until([&] { return one.right(1) != nullptr; }));
  one.here.run(500);
  one.put_right(1, "Oslo", 1);
  ASSERT_TRUE(one.here.run_until([&] { return !one.is_left(1); }));
  EXPECT_TRUE(one.is_marked(1));
  one.put_right(1, "Oslo", 0);
  ASSERT_TRUE(one.here.run_until([&] { return one.is_left(1); }));
  one.here.run(500);
  EXPECT_TRUE(one.agree());
  one.expect_conserved();
}

TEST(SoftDelete, OfARowThatIsNotThereIsDone) {
  marking one;
  bool strict = true;
  one.here.right.table("customer").rule = [&](row_values const&) {
    return strict ? std::optional(engine::refusal{"check", "not now"}) : std::nullopt;
  };
  one.run(engine::delete_policy::soft_delete);
  one.user(one.here.left, put(1, "Oslo"));
  ASSERT_TRUE(one.here.run_until([&] { return one.parked() == 1; }));
  one.user(one.here.left, gone(1));
  ASSERT_TRUE(one.here.run_until([&] { return one.parked() == 0 && one.queued() == 0; }));
  EXPECT_EQ(nullptr, one.right(1));
  EXPECT_EQ(0u, one.count(event_type::RetryFailed));
  one.expect_conserved();
}

TEST(SoftDelete, MarkedRowsAreNotCopied) {
  marking one;
  one.put_right(1, "Oslo", 1);
  one.put_right(2, "Rome", 0);
  one.run(engine::delete_policy::soft_delete);
  EXPECT_FALSE(one.is_left(1));
  EXPECT_TRUE(one.is_left(2));
  EXPECT_TRUE(one.agree());
  one.expect_conserved();
}

TEST(SoftDelete, AgreesInTheEndWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    engine::engine_settings settings;
    settings.flow.batch_records_max = 1 + seed % 4;
    settings.flow.chunk_rows = 2;
    settings.flow.capture_patience = std::chrono::milliseconds(2);
    marking one(settings);
    std::mt19937_64 chance(seed);
    one.run(engine::delete_policy::soft_delete);
    for (int turn = 0; turn < 40; ++turn) {
      auto const id = static_cast<std::int64_t>(chance() % 4);
      auto const name = std::to_string(turn);
      if (chance() % 2 == 0) {
        (void)one.here.left.commit({chance() % 3 == 0 ? gone(id) : put(id, name)});
      } else {
        one.put_right(id, name, static_cast<std::int64_t>(chance() % 3 == 0));
      }
      one.here.run(chance() % 25);
      if (chance() % 10 == 0) one.here.crash_and_restart(chance() % 500);
      if (chance() % 8 == 0) (void)one.here.submit(engine::pause_map{one.map});
      if (chance() % 4 == 0) (void)one.here.submit(engine::resume_map{one.map});
    }
    for (int i = 0; i < 6; ++i) {
      (void)one.here.submit(engine::resume_map{one.map});
      one.here.run(400);
    }
    EXPECT_EQ(map_state::running, one.state()) << to_string(one.here.failure());
    EXPECT_TRUE(one.agree());
    EXPECT_EQ(0u, one.parked());
    one.expect_conserved();
    EXPECT_EQ("", broken_invariant(one.here.log()));
    if (testing::Test::HasFailure()) break;
  }
}

TEST(IgnoredDelete, LeavesTheRowInPlace) {
  marking one;
  one.run(engine::delete_policy::ignore);
  one.user(one.here.left, put(1, "Oslo"));
  ASSERT_TRUE(one.here.run_until([&] { return one.right(1) != nullptr; }));
  one.user(one.here.left, gone(1));
  one.user(one.here.left, put(2, "Rome"));
  ASSERT_TRUE(one.here.run_until([&] { return one.right(2) != nullptr && one.queued() == 0; }));
  ASSERT_NE(nullptr, one.right(1));
  EXPECT_EQ(value::of_text("Oslo"), (*one.right(1))[1]);
  map_way const way{one.map, direction::left_to_right};
  EXPECT_EQ(1u, one.here.views().conservation.sums.at(way).filtered);
  one.here.crash_and_restart(0);
  one.here.run(500);
  EXPECT_NE(nullptr, one.right(1));
  one.expect_conserved();
}

// A source that removes what refers to a row by cascade tells of the row first. More records than
// one batch of the target has.
TEST(Delete, OfARowIsTriedAgainBehindThoseOfTheRowsThatReferToIt) {
  company one;
  auto const schema = referring_table("department");
  one.here.left.add_table(schema);
  one.here.right.add_table(schema).references = {{{1}, "employee", {0}}};
  auto const departments = one.add_map("departments", "department");
  one.run_at_once({one.employees, departments});
  ASSERT_TRUE(one.ends(one.employees) && one.ends(departments));
  std::vector<engine::row_change> all, gone;
  all.push_back({"employee", operation::insert, employee(1, nobody)});
  gone.push_back({"employee", operation::remove, employee(1, nobody)});
  for (std::int64_t id = 0; id < 20; ++id) {
    all.push_back({"department", operation::insert, employee(id, 1)});
    gone.push_back({"department", operation::remove, employee(id, 1)});
  }
  ASSERT_TRUE(one.here.left.commit(all));
  ASSERT_TRUE(one.here.run_until([&] { return one.is_equal("department"); }));
  ASSERT_TRUE(one.here.left.commit(gone));
  ASSERT_TRUE(one.here.run_until([&] { return one.is_equal("employee"); }));
  EXPECT_TRUE(one.is_equal("department"));
  EXPECT_EQ(0u, one.failures());
  one.expect_whole();

  // Of the right app's own, which keeps its row.
  one.hire(2, nobody);
  ASSERT_TRUE(one.here.run_until([&] { return one.is_equal("employee"); }));
  one.submit(engine::stop_map{departments});
  one.here.run(500);
  ASSERT_TRUE(one.here.right.commit({{"department", operation::insert, employee(7, 2)}}));
  ASSERT_TRUE(one.here.left.commit({{"employee", operation::remove, employee(2, nobody)}}));
  ASSERT_TRUE(one.here.run_until([&] { return one.failures() > 0; }));
  one.here.run(500);
  EXPECT_EQ(1u, one.failures());
  auto const& chain =
      *one.here.views().parked.chain({one.employees, direction::left_to_right}, key(2));
  auto const& parked =
      *one.here.views().parked.find({one.employees, direction::left_to_right}, *chain.begin());
  EXPECT_EQ(fault_class::application, parked.kind);
  ASSERT_TRUE(one.here.right.commit({{"department", operation::remove, employee(7, 2)}}));
  one.submit(engine::retry_records{one.employees, {}});
  ASSERT_TRUE(one.here.run_until([&] { return one.is_equal("employee"); }));
}

}  // namespace
}  // namespace dualwrite::simulation
