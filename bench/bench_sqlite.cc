// From one SQLite file to another through the whole engine, with its log on disk, beside what
// SQLite itself needs to copy the rows by INSERT ... SELECT between attached files. Prints a table;
// one run is three adjacent pairs, the median counts.
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "engine/connectors/sqlite/sqlite_app.h"
#include "engine/flow/engine.h"
#include "engine/runtime/commit_thread.h"
#include "engine/runtime/system_time_zones.h"
#include "engine/runtime/wall_clock.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite::engine {
namespace {

using steady = std::chrono::steady_clock;

constexpr char const* customers =
    "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, street TEXT, city TEXT, balance "
    "INTEGER, note TEXT)";

class file {
 public:
  explicit file(std::filesystem::path const& path) { sqlite3_open(path.c_str(), &handle_); }
  ~file() { sqlite3_close(handle_); }
  void run(std::string const& sql) {
    char* why = nullptr;
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &why) == SQLITE_OK) return;
    fmt::print(stderr, "{}: {}\n", sql.substr(0, 80), why);
    std::exit(1);
  }

 private:
  sqlite3* handle_ = nullptr;
};

std::string fill(std::int64_t first, std::int64_t count) {
  return fmt::format(
      "WITH RECURSIVE n(i) AS (SELECT {} UNION ALL SELECT i + 1 FROM n WHERE i < {}) INSERT INTO "
      "customer SELECT i, "
      "'customer number ' || i, 'street of a usual length ' || (i % 977), 'city ' || (i % 391), i "
      "* 31, "
      "'a note that somebody wrote about customer ' || i FROM n",
      first,
      first + count - 1);
}

double seconds_since(steady::time_point begun) {
  return std::chrono::duration<double>(steady::now() - begun).count();
}

class run {
 public:
  run(std::filesystem::path const& folder, std::int64_t rows)
      : folder_(folder),
        rows_(rows),
        left_(make("left.db")),
        right_(make("right.db")),
        time_(io_.get_executor()) {
    left_.run(fill(1, rows));
    rocks_log_options options;
    options.create = log_id{1};
    log_ = std::move(rocks_event_log::open(folder / "data", options)->log);
    commits_ = std::make_unique<commit_thread>(*log_);
    for (auto const* name : {"left", "right"}) {
      sqlite::sqlite_settings settings;
      settings.path = folder / (std::string(name) + ".db");
      apps_[name] = std::make_unique<sqlite::sqlite_app>(io_.get_executor(), pool_, settings);
      ports_[name] = {apps_[name].get(), apps_[name].get()};
    }
    engine_ = std::make_unique<engine>(io_.get_executor(),
                                       *commits_,
                                       time_,
                                       zones_,
                                       ports_,
                                       engine_settings{},
                                       projections::views{});
    engine_->start();
    define();
  }
  ~run() {
    auto stop = [this]() -> boost::asio::awaitable<void> { (void)co_await engine_->stop(); };
    boost::asio::co_spawn(io_, stop, boost::asio::detached);
    io_.restart();
    io_.run();
    engine_.reset();
    pool_.join();
  }

  double initial() {
    auto const begun = steady::now();
    submit(run_map{map_});
    until([this] {
      return engine_->views().status.find(map_)->state == projections::map_state::running;
    });
    return static_cast<double>(rows_) / seconds_since(begun);
  }
  double live(std::int64_t in_one) {
    auto const before = settled();
    auto const begun = steady::now();
    for (auto at = rows_ + 1; at <= 2 * rows_; at += in_one) left_.run(fill(at, in_one));
    until([&] { return settled() >= before + static_cast<std::uint64_t>(rows_); });
    return static_cast<double>(rows_) / seconds_since(begun);
  }
  double updates() {
    auto const before = settled();
    auto const begun = steady::now();
    left_.run(fmt::format("UPDATE customer SET balance = balance + 1 WHERE id <= {}", rows_));
    until([&] { return settled() >= before + static_cast<std::uint64_t>(rows_); });
    return static_cast<double>(rows_) / seconds_since(begun);
  }

 private:
  file make(char const* name) {
    file out(folder_ / name);
    out.run(std::string("PRAGMA journal_mode=WAL;") + customers);
    return out;
  }
  std::uint64_t settled() {
    auto const& sums = engine_->views().conservation.sums;
    auto const found = sums.find({map_, direction::left_to_right});
    return found == sums.end() ? 0 : found->second.settled();
  }
  void until(std::function<bool()> const& done) {
    while (!done()) {
      io_.restart();
      io_.run_one();
      if (engine_->failure().code != error_code::ok) {
        fmt::print(stderr, "{}\n", to_string(engine_->failure()));
        std::exit(1);
      }
    }
  }
  sequence submit(command wish) {
    std::optional<result<sequence>> answer;
    auto ask = [&]() -> boost::asio::awaitable<void> {
      std::string actor = "bench";
      answer = co_await engine_->submit(wish, actor);
    };
    boost::asio::co_spawn(io_, ask, boost::asio::detached);
    until([&] { return answer.has_value(); });
    if (!*answer) {
      fmt::print(stderr, "{}\n", to_string(answer->error()));
      std::exit(1);
    }
    return **answer;
  }
  void define() {
    map_definition definition;
    definition.name = "customers";
    definition.left.table = definition.right.table = "customer";
    definition.key = {{"id", "id"}};
    for (auto const* name : {"name", "street", "city", "balance", "note"}) {
      column_pair column;
      column.left = column.right = name;
      definition.columns.push_back(column);
    }
    auto const left = app_id{submit(register_app{"left", "sqlite"}).value};
    auto const right = app_id{submit(register_app{"right", "sqlite"}).value};
    auto const link = link_id{submit(create_link{"l", left, right}).value};
    map_ = map_id{submit(create_map{link, "customers", print_definition(definition)}).value};
  }

  std::filesystem::path folder_;
  std::int64_t rows_;
  file left_, right_;
  boost::asio::io_context io_{1};
  boost::asio::thread_pool pool_{4};
  wall_clock time_;
  system_time_zones zones_;
  std::unique_ptr<rocks_event_log> log_;
  std::unique_ptr<commit_thread> commits_;
  std::map<std::string, std::unique_ptr<sqlite::sqlite_app>> apps_;
  std::map<std::string, app_ports> ports_;
  std::unique_ptr<engine> engine_;
  map_id map_;
};

double attached(std::filesystem::path const& folder, std::int64_t rows) {
  file left(folder / "yard_left.db");
  left.run(std::string("PRAGMA journal_mode=WAL;") + customers + ";" + fill(1, rows));
  {
    file right(folder / "yard_right.db");
    right.run(std::string("PRAGMA journal_mode=WAL;") + customers);
  }
  left.run("ATTACH '" + (folder / "yard_right.db").string() + "' AS target");
  auto const begun = steady::now();
  left.run("INSERT INTO target.customer SELECT * FROM main.customer");
  return static_cast<double>(rows) / seconds_since(begun);
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

}  // namespace
}  // namespace dualwrite::engine

int main(int count, char** arguments) {
  using namespace dualwrite::engine;
  std::int64_t const rows = count > 1 ? std::atoll(arguments[1]) : 100'000;
  std::vector<double> yard, initial, live, updates;
  for (int i = 0; i < 3; ++i) {
    auto name = (std::filesystem::temp_directory_path() / "dualwrite-bench-XXXXXX").string();
    std::filesystem::path const folder = mkdtemp(name.data());
    yard.push_back(attached(folder, rows));
    {
      run one(folder, rows);
      initial.push_back(one.initial());
      live.push_back(one.live(100));
      updates.push_back(one.updates());
    }
    std::filesystem::remove_all(folder);
  }
  auto const base = median(yard);
  fmt::print("{:<44}{:>12}{:>8}\n", fmt::format("{} rows, median of 3", rows), "rows/s", "ratio");
  auto const line = [&](char const* what, double rate) {
    fmt::print("{:<44}{:>12.0f}{:>8.2f}\n", what, rate, rate / base);
  };
  line("INSERT ... SELECT between attached files", base);
  line("initial sync", median(initial));
  line("live inserts, 100 a transaction", median(live));
  line("live updates, one transaction", median(updates));
  return 0;
}
