// What a crash and a restore leave of an application in memory; what every connector holds to is in
// tests/contract/.
#include "engine/connectors/memory/memory_app.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "tests/simulation/virtual_clock.h"
#include "tests/support/open_lane.h"

namespace dualwrite::engine {
namespace {

lane_key const lane{log_id{7}, link_id{1}, direction::left_to_right, lane_id{0}};

row_values row(std::int64_t id, std::string name) {
  return {value::of_int64(id), value::of_text(std::move(name))};
}

class MemoryApp : public testing::Test {
 protected:
  MemoryApp() {
    table_schema schema;
    schema.table = "customer";
    schema.columns.resize(2);
    schema.columns[0].name = "id";
    schema.columns[0].type = value_type::int64;
    schema.columns[1].name = "name";
    schema.key = {0};
    app.add_table(schema);
  }

  // Runs a call of a port to its end.
  template <class T>
  result<T> wait(async<T> call) {
    std::optional<result<T>> out;
    auto const done = [&out](std::exception_ptr, result<T> answer) { out = std::move(answer); };
    boost::asio::co_spawn(io, std::move(call), done);
    do {
      io.poll();
      io.restart();
    } while (!out && time.advance());
    return *out;
  }
  void put(std::int64_t id, std::string name) {
    ASSERT_TRUE(app.commit({{"customer", operation::update, row(id, std::move(name))}}));
  }
  static target_write wish(std::string table, row_values values, std::uint32_t group = 0) {
    target_write write;
    write.table = std::move(table);
    write.key_columns = {0};
    for (std::size_t i = 0; i < values.size(); ++i) write.columns.push_back(i);
    write.key = {values[0]};
    write.values = std::move(values);
    write.group = group;
    return write;
  }
  result<std::vector<write_result>> apply(lane_row const& opened,
                                          std::int64_t id,
                                          std::uint64_t number) {
    return apply_all(opened, {wish("customer", row(id, "batch"))}, number);
  }
  result<std::vector<write_result>> apply_all(lane_row const& opened,
                                              std::vector<target_write> writes,
                                              std::uint64_t number) {
    target_batch batch;
    batch.lane = lane;
    batch.session = opened.session;
    batch.previous = batch_number{number - 1};
    batch.batch = batch_number{number};
    batch.places = {{map_id{3}, lane.lane, sequence{number * 10}}};
    batch.outcome = [](std::span<write_result const>) { return std::string("outcome"); };
    batch.writes = std::move(writes);
    return wait(app.apply(batch));
  }
  // A batch on a lane that is opened for it.
  std::vector<write_result> write_batch(std::vector<target_write> writes) {
    auto const opened = wait(open_lane(app, lane, epoch{}));
    auto out = apply_all(*opened, std::move(writes), opened->batch.value + 1);
    EXPECT_TRUE(out);
    return out ? *out : std::vector<write_result>{};
  }
  // Orders that belong to a customer by their third column.
  memory_table& add_orders() {
    table_schema schema;
    schema.table = "order";
    schema.columns.resize(3);
    schema.columns[0].name = "id";
    schema.columns[1].name = "name";
    schema.columns[2].name = "customer";
    schema.key = {0};
    auto& orders = app.add_table(schema);
    orders.references.push_back({{2}, "customer", {0}});
    return orders;
  }
  static row_values order(std::int64_t id, value customer) {
    return {value::of_int64(id), value::of_text("o"), std::move(customer)};
  }
  std::size_t rows() { return app.table("customer").rows.size(); }

  simulation::virtual_clock time;
  boost::asio::io_context io{1};
  memory_app app{time};
};

TEST_F(MemoryApp, LosesNothingWhereEveryCommitIsSynced) {
  put(1, "a");
  EXPECT_EQ(0u, app.crash());
  EXPECT_EQ(1u, rows());
}

TEST_F(MemoryApp, LosesTheUnsyncedTailOfRowsAndLanesTogether) {
  app.options.synchronous = false;
  auto const opened = wait(open_lane(app, lane, epoch{}));
  ASSERT_TRUE(apply(*opened, 1, 1));
  app.sync();
  ASSERT_TRUE(apply(*opened, 2, 2));
  put(1, "changed");
  EXPECT_EQ(2u, app.crash());
  EXPECT_EQ(1u, rows());
  EXPECT_EQ(row(1, "batch"), app.table("customer").rows.at({value::of_int64(1)}));
  auto const again = wait(open_lane(app, lane, epoch{}));
  EXPECT_EQ(batch_number{1}, again->batch);
  ASSERT_EQ(1u, again->places.size());
  EXPECT_EQ(sequence{10}, again->places[0].position);
  EXPECT_EQ(1u, app.last_commit());
}

TEST_F(MemoryApp, BringsBackRowsThatWereRemoved) {
  app.options.synchronous = false;
  put(1, "a");
  app.sync();
  ASSERT_TRUE(app.commit({{"customer", operation::remove, row(1, {})}}));
  EXPECT_EQ(0u, rows());
  app.crash();
  EXPECT_EQ(1u, rows());
}

TEST_F(MemoryApp, GivesOnlyWhatIsDurable) {
  app.options.synchronous = false;
  ASSERT_TRUE(wait(app.open_capture({"customer"}, std::nullopt)));
  put(1, "a");
  EXPECT_EQ(1u, app.unsynced());
  auto const got = wait(app.next(10, std::chrono::milliseconds(1)));
  EXPECT_EQ(1u, got->size());
  EXPECT_EQ(0u, app.unsynced());
}

TEST_F(MemoryApp, ACrashClosesTheCaptureAndKeepsItsPosition) {
  auto const at = wait(app.open_capture({"customer"}, std::nullopt));
  put(1, "a");
  app.crash();
  auto const closed = wait(app.next(10, std::chrono::milliseconds(1)));
  EXPECT_EQ(error_code::app_unreachable, closed.error().code);
  ASSERT_TRUE(wait(app.open_capture({"customer"}, *at)));
  EXPECT_EQ(1u, wait(app.next(10, std::chrono::milliseconds(1)))->size());
}

TEST_F(MemoryApp, ARestoredAppIsAnotherHistory) {
  put(1, "a");
  put(2, "b");
  auto const at = wait(app.open_capture({"customer"}, std::nullopt));
  app.restore_to(1);
  EXPECT_EQ(1u, rows());
  put(3, "c");
  EXPECT_EQ(error_code::source_rewound, wait(app.open_capture({"customer"}, *at)).error().code);
  auto const now = wait(app.open_capture({"customer"}, std::nullopt));
  EXPECT_EQ((source_position{2, 2}), *now);
}

TEST_F(MemoryApp, ACaptureGoesOnWhereARestoreHasLostNothingOfIt) {
  put(1, "a");
  auto const at = wait(app.open_capture({"customer"}, std::nullopt));
  put(2, "b");
  app.restore_to(2);
  app.restore_to(1);
  put(3, "c");
  put(4, "d");
  EXPECT_EQ((source_position{3, 1}), *wait(app.open_capture({"customer"}, *at)));
  source_progress const read_more(*at, 2);
  EXPECT_EQ(error_code::source_rewound,
            wait(app.open_capture({"customer"}, read_more)).error().code);
}

TEST_F(MemoryApp, APositionOutsideTheTransactionIsLostAlone) {
  app.options.synchronous = false;
  app.options.position_outside_transaction = true;
  auto const opened = wait(open_lane(app, lane, epoch{}));
  ASSERT_TRUE(apply(*opened, 1, 1));
  EXPECT_EQ(2u, app.last_commit());
  app.restore_to(1);
  EXPECT_EQ(1u, rows());
  EXPECT_EQ(batch_number{0}, wait(open_lane(app, lane, epoch{}))->batch);
}

TEST_F(MemoryApp, ARefusalInATriggerTakesItsRowWithIt) {
  add_orders();
  app.table("customer").after = [](operation, row_values const&) {
    return std::vector<row_change>{{"order", operation::insert, order(1, value::null())},
                                   {"order", operation::insert, order(2, value::of_int64(77))}};
  };
  ASSERT_TRUE(wait(app.open_capture({"customer", "order"}, std::nullopt)));
  EXPECT_EQ(write_effect::refused, write_batch({wish("customer", row(1, "a"))}).at(0).effect);
  EXPECT_EQ(0U, rows());
  EXPECT_TRUE(app.table("order").rows.empty());
  EXPECT_TRUE(wait(app.next(10, std::chrono::milliseconds(1)))->front().rows.empty());
}

}  // namespace
}  // namespace dualwrite::engine
