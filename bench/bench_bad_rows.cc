// What refused rows cost a target: batches of new rows of which every hundredth is refused, by a
// declared constraint or by a trigger's code, beside the same batches of good rows. PostgreSQL and
// SQLite, through the port that the engine writes through. Adjacent pairs; medians count.
//   bench_bad_rows [ROWS] [ROUNDS]
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "engine/connectors/postgresql/postgresql_app.h"
#include "engine/connectors/sqlite/sqlite_app.h"
#include "tests/support/open_lane.h"
#include "tests/support/postgres_cluster.h"

namespace dualwrite::engine {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::int64_t batch_rows = 1000;
constexpr std::int64_t bad_of = 100;  // one of so many

void fail(std::string const& why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(1);
}

// A target with an empty table that refuses the name 'bad'.
struct subject {
  std::string name;
  boost::asio::io_context io{1};
  boost::asio::thread_pool pool{2};
  std::unique_ptr<source_app> reader{};
  target_app* writer = nullptr;

  template <class T>
  T wait_for(async<T> work) {
    std::optional<result<T>> answer;
    auto wait = [&]() -> boost::asio::awaitable<void> { answer = co_await std::move(work); };
    boost::asio::co_spawn(io, wait, boost::asio::detached);
    io.restart();
    io.run();
    if (!*answer) fail(to_string(answer->error()));
    return std::move(**answer);
  }
  ~subject() {
    reader.reset();
    pool.join();
  }
};

constexpr char const* columns =
    "(id BIGINT PRIMARY KEY NOT NULL, name VARCHAR(80) NOT NULL {}, street TEXT, city TEXT, "
    "balance DECIMAL(12, 2), note TEXT)";

std::unique_ptr<subject> in_postgresql(bool by_trigger) {
  auto out = std::make_unique<subject>();
  out->name = by_trigger ? "PostgreSQL, trigger" : "PostgreSQL, constraint";
  auto const url = postgres_cluster::shared().fresh_database("bench");
  postgres_user user(url);
  auto const check = by_trigger ? "" : "CHECK (name <> 'bad')";
  bool done = user.run("CREATE TABLE customer" + fmt::format(fmt::runtime(columns), check));
  if (by_trigger) {
    done = done && user.run(
                       "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                       "IF NEW.name = 'bad' THEN RAISE EXCEPTION 'not this one'; END IF; "
                       "RETURN NEW; END $$");
    done = done && user.run(
                       "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON customer FOR EACH "
                       "ROW EXECUTE FUNCTION refuse()");
  }
  if (!done) fail("the table could not be made");
  auto app = std::make_unique<postgresql::postgresql_app>(
      out->io.get_executor(), out->pool, postgresql::postgresql_settings{url});
  out->writer = app.get();
  out->reader = std::move(app);
  return out;
}

std::unique_ptr<subject> in_sqlite(std::filesystem::path const& folder, bool by_trigger) {
  static int number = 0;
  auto out = std::make_unique<subject>();
  out->name = by_trigger ? "SQLite, trigger" : "SQLite, constraint";
  auto const path = (folder / fmt::format("{}.db", ++number)).string();
  sqlite3* file = nullptr;
  auto const check = by_trigger ? "" : "CHECK (name <> 'bad')";
  auto sql = "PRAGMA journal_mode=WAL; CREATE TABLE customer" +
             fmt::format(fmt::runtime(columns), check) + ";";
  if (by_trigger) {
    sql +=
        "CREATE TRIGGER refuse BEFORE INSERT ON customer WHEN NEW.name = 'bad' BEGIN SELECT "
        "RAISE(ABORT, 'not this one'); END;";
  }
  bool const done = sqlite3_open(path.c_str(), &file) == SQLITE_OK &&
                    sqlite3_exec(file, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(file);
  if (!done) fail("the table could not be made");
  auto app = std::make_unique<sqlite::sqlite_app>(
      out->io.get_executor(), out->pool, sqlite::sqlite_settings{path});
  out->writer = app.get();
  out->reader = std::move(app);
  return out;
}

target_write row_of(std::int64_t id, bool is_bad, table_schema const& schema) {
  target_write out;
  out.table = schema.table;
  out.key_columns = {0};
  out.key = {value::of_int64(id)};
  out.columns = {0, 1, 2, 3, 5};
  out.values = {value::of_int64(id),
                value::of_text(is_bad ? "bad" : fmt::format("customer number {}", id)),
                value::of_text(fmt::format("street of a usual length {}", id % 977)),
                value::of_text(fmt::format("city {}", id % 391)),
                value::of_text("a note that somebody wrote about this customer")};
  return out;
}

// Rows a second.
double measure(subject& to, std::int64_t rows, bool with_bad) {
  auto const schema = to.wait_for(to.reader->describe("customer"));
  lane_key const lane{log_id{1}, link_id{1}, direction::left_to_right, lane_id{0}};
  auto const opened = to.wait_for(open_lane(*to.writer, lane, epoch{}));
  std::vector<target_batch> batches;
  for (std::int64_t first = 1; first <= rows; first += batch_rows) {
    auto& batch = batches.emplace_back();
    batch.lane = lane;
    batch.session = opened.session;
    batch.previous = batch_number{batches.size() - 1};
    batch.batch = batch_number{batches.size()};
    batch.tables = {{"customer", fingerprint(schema)}};
    batch.outcome = [](std::span<write_result const>) { return std::string(); };
    for (auto id = first; id < first + batch_rows; ++id)
      batch.writes.add(std::make_shared<target_write const>(
          row_of(id, with_bad && id % bad_of == 0, schema)));
  }
  std::size_t refused = 0;
  auto const begun = steady::now();
  for (auto const& batch : batches) {
    for (auto const& one : to.wait_for(to.writer->apply(batch)))
      refused += one.effect == write_effect::refused ? 1 : 0;
  }
  auto const seconds = std::chrono::duration<double>(steady::now() - begun).count();
  if (refused != static_cast<std::size_t>(with_bad ? rows / bad_of : 0)) fail("refused otherwise");
  return static_cast<double>(rows) / seconds;
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

}  // namespace
}  // namespace dualwrite::engine

int main(int count, char** arguments) {
  using namespace dualwrite::engine;
  std::int64_t const rows = count > 1 ? std::atoll(arguments[1]) : 50'000;
  int const rounds = count > 2 ? std::atoi(arguments[2]) : 5;
  auto folder = (std::filesystem::temp_directory_path() / "dualwrite-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) fail(folder);
  std::vector<std::function<std::unique_ptr<subject>()>> const makers{
      [] { return in_postgresql(false); },
      [] { return in_postgresql(true); },
      [&] { return in_sqlite(folder, false); },
      [&] { return in_sqlite(folder, true); },
  };
  fmt::print("| refused by | good rows/s | with 1 % bad, rows/s | cost |\n|---|---|---|---|\n");
  for (auto const& make : makers) {
    std::vector<double> good, bad, cost;
    std::string name;
    for (int i = 0; i < rounds; ++i) {
      auto first = make();
      name = first->name;
      good.push_back(measure(*first, rows, false));
      first.reset();
      bad.push_back(measure(*make(), rows, true));
      cost.push_back(1 - bad.back() / good.back());
    }
    fmt::print("| {} | {:.0f} | {:.0f} | {:.0f} % ({:.0f}..{:.0f}) |\n",
               name,
               median(good),
               median(bad),
               100 * median(cost),
               100 * *std::min_element(cost.begin(), cost.end()),
               100 * *std::max_element(cost.begin(), cost.end()));
  }
  std::filesystem::remove_all(folder);
}
