// How fast a capture of PostgreSQL catches up that is far behind: streamed only, and in bulk. Each
// round writes rows behind a position, and reads them from there through the port that the engine
// reads through, acknowledging as it does.
//   bench_capture [ROWS] [ROWS OF A TRANSACTION] [ROUNDS]
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <limits>

#include "engine/connectors/postgresql/postgresql_app.h"
#include "tests/support/postgres_cluster.h"

namespace dualwrite::engine {
namespace {

using steady = std::chrono::steady_clock;
using postgresql::stretch_limits;

constexpr std::size_t transactions_max = 1000;  // of one read
constexpr auto patience = std::chrono::seconds(10);

void fail(std::string const& why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(1);
}

class reader {
 public:
  reader(std::string const& url, stretch_limits limits) {
    postgresql::postgresql_settings settings;
    settings.url = url;
    settings.stretches = limits;
    app_ = std::make_unique<postgresql::postgresql_app>(io_.get_executor(), pool_, settings);
  }
  ~reader() {
    app_.reset();
    pool_.join();
  }

  source_position open(std::optional<source_position> after) {
    return wait_for(app_->open_capture({"customer"}, after));
  }
  // Rows a second.
  double read(std::size_t rows) {
    auto const begun = steady::now();
    for (std::size_t seen = 0; seen < rows;) {
      auto const found = wait_for(app_->next(transactions_max, patience));
      if (found.empty()) fail("rows are missing");
      for (auto const& one : found) seen += one.rows.size();
      wait_for_none(app_->acknowledge(found.back().position));
    }
    return static_cast<double>(rows) / std::chrono::duration<double>(steady::now() - begun).count();
  }

 private:
  template <class T>
  result<T> answer_of(async<T> work) {
    std::optional<result<T>> answer;
    auto wait = [&]() -> boost::asio::awaitable<void> { answer = co_await std::move(work); };
    boost::asio::co_spawn(io_, wait, boost::asio::detached);
    io_.restart();
    io_.run();
    if (!*answer) fail(to_string(answer->error()));
    return std::move(*answer);
  }
  template <class T>
  T wait_for(async<T> work) {
    return std::move(*answer_of(std::move(work)));
  }
  void wait_for_none(async<void> work) {
    if (!answer_of(std::move(work))) fail("it was not acknowledged");
  }

  boost::asio::io_context io_{1};
  boost::asio::thread_pool pool_{2};
  std::unique_ptr<postgresql::postgresql_app> app_;
};

void write_rows(postgres_user& user, std::size_t rows, std::size_t rows_each) {
  auto const sql = fmt::format(
      "DO $$ BEGIN FOR t IN 1..{} LOOP INSERT INTO customer SELECT nextval('ids'), 'customer "
      "number ' || g, 'street of a usual length ' || g % 977, 'city ' || g % 391, g * 1.25, 'a "
      "note that somebody wrote about this customer' FROM generate_series(1, {}) g; COMMIT; END "
      "LOOP; END $$",
      rows / rows_each,
      rows_each);
  // The last one has all of them written to disk: what is not yet is not given.
  bool const done = user.run("SET synchronous_commit = off") && user.run(sql) &&
                    user.run("SET synchronous_commit = on; INSERT INTO written DEFAULT VALUES");
  if (!done) fail("the rows could not be written");
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

void print(char const* how, std::vector<double> const& all) {
  fmt::print("| {} | {:.0f} ({:.0f}..{:.0f}) |\n",
             how,
             median(all),
             *std::min_element(all.begin(), all.end()),
             *std::max_element(all.begin(), all.end()));
}

}  // namespace
}  // namespace dualwrite::engine

int main(int count, char** arguments) {
  using namespace dualwrite::engine;
  auto const rows_each = static_cast<std::size_t>(count > 2 ? std::atoll(arguments[2]) : 100);
  auto const wanted = static_cast<std::size_t>(count > 1 ? std::atoll(arguments[1]) : 1'000'000);
  auto const rows = wanted / rows_each * rows_each;
  int const rounds = count > 3 ? std::atoi(arguments[3]) : 3;
  auto const url = dualwrite::postgres_cluster::shared().fresh_database("bench");
  dualwrite::postgres_user user(url);
  bool const made =
      user.run(
          "CREATE TABLE customer(id bigint PRIMARY KEY, name varchar(80) NOT NULL, street text, "
          "city text, balance numeric(12, 2), note text)") &&
      user.run("CREATE SEQUENCE ids; CREATE TABLE written(id int)");
  if (!made) fail("the table could not be made");
  stretch_limits streamed_only;
  streamed_only.far = std::numeric_limits<std::uint64_t>::max() / 2;
  std::vector<double> streamed, in_bulk;
  for (int i = 0; i < 2 * rounds; ++i) {
    auto const position = reader(url, {}).open(std::nullopt);
    write_rows(user, rows, rows_each);
    reader one(url, i % 2 == 0 ? streamed_only : stretch_limits{});
    one.open(position);
    (i % 2 == 0 ? streamed : in_bulk).push_back(one.read(rows));
  }
  fmt::print("| {} rows, {} a transaction | rows a second |\n|---|---|\n", rows, rows_each);
  print("streamed", streamed);
  print("in bulk", in_bulk);
}
