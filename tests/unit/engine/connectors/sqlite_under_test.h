// One application behind the ports, in a file of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/connectors/sqlite/sqlite_app.h"
#include "events/row_image.h"
#include "tests/support/open_lane.h"

struct sqlite3;

namespace dualwrite::engine::sqlite {

using namespace std::chrono_literals;

class folder {
 public:
  folder() {
    auto name = (std::filesystem::temp_directory_path() / "dualwrite-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

// Somebody else who works with the file.
class user {
 public:
  explicit user(std::filesystem::path const& file);
  ~user();
  user(user const&) = delete;
  user& operator=(user const&) = delete;
  bool run(std::string const& sql);
  // Columns parted by "|", rows by ";".
  std::string ask(std::string const& sql);

 private:
  sqlite3* handle_ = nullptr;
};

class SqliteApp : public testing::Test {
 protected:
  SqliteApp() : file(home.path / "app.db"), people(file) {
    EXPECT_TRUE(people.run(
        "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, "
        "amount DECIMAL(12,2), photo BLOB)"));
    restart();
  }
  ~SqliteApp() override { pool.join(); }

  void restart() {
    app = std::make_unique<sqlite_app>(
        io.get_executor(), pool, sqlite_settings{file, 1ms, 200ms, 1000});
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

  source_position capture(std::optional<source_position> after = std::nullopt) {
    auto const at = wait(app->open_capture({"customer"}, after));
    EXPECT_TRUE(at) << to_string(at.error());
    return at ? *at : source_position{};
  }
  std::vector<captured_transaction> captured() {
    auto out = wait(app->next(100, 1ms));
    EXPECT_TRUE(out) << to_string(out.error());
    return out ? std::move(*out) : std::vector<captured_transaction>{};
  }
  // "+(1,Ann)" and the like, transactions parted by "/".
  static std::string show(std::vector<captured_transaction> const& all) {
    std::string out;
    for (auto const& one : all) {
      if (!out.empty()) out += "/";
      for (auto const& row : one.rows) {
        out += row.op == operation::insert ? "+" : row.op == operation::update ? "~" : "-";
        auto const values = decode_row(row.op == operation::remove ? row.before : row.after);
        out += "(" + to_string((*values)[0]) + "," + to_string((*values)[1]) + ")";
      }
    }
    return out;
  }

  target_write write(std::int64_t id, std::string name, write_kind kind = write_kind::upsert) {
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
  std::vector<write_effect> apply(std::vector<target_write> writes) {
    lane_key const lane{log_id{9}, link_id{4}, direction::left_to_right, lane_id{0}};
    if (!opened) {
      auto row = wait(open_lane(*app, lane, epoch{}));
      EXPECT_TRUE(row) << to_string(row.error());
      opened = *row;
    }
    target_batch batch;
    batch.lane = lane;
    batch.session = opened->session;
    batch.previous = opened->batch;
    batch.batch = batch_number{opened->batch.value + 1};
    batch.position = sequence{opened->batch.value * 10 + 10};
    batch.writes = std::move(writes);
    batch.outcome = [](std::span<write_result const> all) { return std::to_string(all.size()); };
    auto const done = wait(app->apply(batch));
    EXPECT_TRUE(done) << to_string(done.error());
    if (!done) return {};
    opened->batch = batch.batch;
    results = *done;
    std::vector<write_effect> effects;
    for (auto const& one : results) effects.push_back(one.effect);
    return effects;
  }

  folder home;
  std::filesystem::path file;
  user people;
  boost::asio::io_context io{1};
  boost::asio::thread_pool pool{2};
  std::unique_ptr<sqlite_app> app;
  std::optional<lane_row> opened;
  std::vector<write_result> results;
};

}  // namespace dualwrite::engine::sqlite
