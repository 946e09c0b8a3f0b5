// One application behind the ports, in a database of the test's own.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/connectors/postgresql/postgresql_app.h"
#include "events/row_image.h"
#include "tests/support/open_lane.h"
#include "tests/support/postgres_cluster.h"

namespace dualwrite::engine::postgresql {

using namespace std::chrono_literals;

class PostgresqlApp : public testing::Test {
 protected:
  PostgresqlApp()
      : url(postgres_cluster::shared().fresh_database("shop")),
        people(std::make_unique<postgres_user>(url)) {
    EXPECT_TRUE(people->run(
        "CREATE TABLE customer(id bigint PRIMARY KEY, name text NOT NULL, email text UNIQUE, "
        "amount numeric(12,2), photo bytea)"));
    restart();
  }
  ~PostgresqlApp() override { pool.join(); }

  void restart() {
    app.reset();
    app = std::make_unique<postgresql_app>(io.get_executor(), pool, postgresql_settings{url});
  }

  template <class T>
  result<T> wait(async<T> what) {
    std::optional<result<T>> out;
    auto run = [&]() -> boost::asio::awaitable<void> { out = co_await std::move(what); };
    boost::asio::co_spawn(io, run, boost::asio::detached);
    io.restart();
    io.run();
    return out.value_or(error{error_code::stopped});
  }

  source_position capture(std::optional<source_position> after = std::nullopt,
                          std::vector<captured_table> tables = {"customer"}) {
    auto const at = wait(app->open_capture(std::move(tables), after));
    EXPECT_TRUE(at) << to_string(at.error());
    return at ? *at : source_position{};
  }
  // As many transactions as are expected, or those that come in time.
  std::vector<captured_transaction> captured(std::size_t count) {
    std::vector<captured_transaction> all;
    while (all.size() < count) {
      auto more = wait(app->next(100, 10s));
      EXPECT_TRUE(more) << to_string(more.error());
      if (!more || more->empty()) break;
      for (auto& one : *more) all.push_back(std::move(one));
    }
    return all;
  }
  // "+(1,Ann)" and the like, transactions parted by "/".
  static std::string show(std::vector<captured_transaction> const& all) {
    std::string out;
    for (auto const& one : all) {
      if (!out.empty()) out += "/";
      if (one.mark) out += fmt::format("batch{} ", one.mark->batch.value);
      for (auto const& row : one.rows) {
        out += row.op == operation::insert ? "+" : row.op == operation::update ? "~" : "-";
        auto const values = decode_row(row.op == operation::remove ? row.before : row.after);
        out += "(" + to_string((*values)[0]) + "," + to_string((*values)[1]) + ")";
      }
    }
    return out;
  }

  static target_write write(std::int64_t id,
                            std::string name,
                            write_kind kind = write_kind::upsert) {
    target_write out;
    out.kind = kind;
    out.table = "customer";
    out.key_columns = {0};
    out.key = {value::of_int64(id)};
    if (kind == write_kind::remove) return out;
    out.columns = {0, 1};
    out.values = {value::of_int64(id), value::of_text(std::move(name))};
    return out;
  }
  target_batch next_batch(std::vector<target_write> writes) {
    if (!opened) {
      auto row = wait(open_lane(*app, lane, epoch{}));
      EXPECT_TRUE(row) << to_string(row.error());
      opened = row ? *row : lane_row{};
    }
    target_batch batch;
    batch.lane = lane;
    batch.session = opened->session;
    batch.previous = opened->batch;
    batch.batch = batch_number{opened->batch.value + 1};
    batch.position = sequence{opened->batch.value * 10 + 10};
    batch.places = {{map_id{7}, lane_id{0}, batch.position}};
    batch.writes = std::move(writes);
    batch.outcome = [](std::span<write_result const> all) { return std::to_string(all.size()); };
    return batch;
  }
  std::vector<write_effect> apply(std::vector<target_write> writes) {
    auto const batch = next_batch(std::move(writes));
    auto const done = wait(app->apply(batch));
    EXPECT_TRUE(done) << to_string(done.error());
    if (!done) return {};
    opened->batch = batch.batch;
    results = *done;
    std::vector<write_effect> effects;
    for (auto const& one : results) effects.push_back(one.effect);
    return effects;
  }

  lane_key const lane{log_id{9}, link_id{4}, direction::left_to_right, lane_id{0}};
  std::string url;
  std::unique_ptr<postgres_user> people;
  boost::asio::io_context io{1};
  boost::asio::thread_pool pool{3};
  std::unique_ptr<postgresql_app> app;
  std::optional<lane_row> opened;
  std::vector<write_result> results;
};

}  // namespace dualwrite::engine::postgresql
