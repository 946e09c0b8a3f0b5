#include "engine/connectors/postgresql/postgresql_app.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <map>

#include "engine/connectors/postgresql/change_stream.h"
#include "engine/connectors/postgresql/chunk_reader.h"
#include "engine/connectors/postgresql/lane_table.h"
#include "engine/connectors/postgresql/obstacles.h"
#include "engine/connectors/postgresql/row_writer.h"
#include "engine/ports/blocking.h"

namespace dualwrite::engine::postgresql {
namespace {

// A statement that the server refuses for reasons of its own (rights, settings) is the app's matter
// here: no row is concerned, and it goes on when somebody has seen to it.
error as_app_error(error why) {
  if (why.code == error_code::row_refused) why.code = error_code::app_unreachable;
  return why;
}

template <class T>
result<T> of_the_app(result<T> from) {
  if (from) return from;
  return as_app_error(from.error());
}

bool has_refusal(std::vector<write_result> const& results) {
  return std::any_of(results.begin(), results.end(), [](write_result const& one) {
    return one.effect == write_effect::refused;
  });
}

}  // namespace

// Each used by one call at a time. Shared with the calls, so that one that nobody waits for any
// more may end.
struct postgresql_app::connections {
  // A lane writes through a connection of its own.
  struct writing_lane {
    connection to;
    row_writer writer{to};
    bool met_refusals = false;  // in the last batch: the next one takes care from the start
  };

  explicit connections(postgresql_settings with)
      : settings(std::move(with)), stream(settings.url, settings.name, settings.stretches) {}

  postgresql_settings settings;
  connection read;
  connection guard;
  connection control;
  change_stream stream;
  std::map<lane_key, writing_lane> lanes;

  result<source_position> open_capture(std::vector<std::string> const& tables,
                                       std::optional<source_position> after) {
    // A stream that nobody reads keeps its server from stopping.
    stream.close();
    DW_CHECK(control.open(settings.url));
    return stream.open(control, tables, after);
  }

  result<chunk> read_chunk(chunk_request const& request) {
    DW_CHECK(read.open(settings.url));
    DW_CHECK(guard.open(settings.url));
    DW_CHECK(install(read));
    return read_rows(read, guard, request);
  }

  // By the connection of the first of them.
  result<std::vector<lane_row>> open_lanes(std::vector<lane_opening> const& wanted) {
    for (auto const& [lane, known] : wanted) {
      DW_CHECK(lanes[lane].to.open(settings.url));
      lanes[lane].writer.forget();
    }
    std::vector<lane_row> rows;
    if (wanted.empty()) return rows;
    auto& on = lanes[wanted.front().lane].to;
    DW_CHECK(install(on));
    DW_TRY(auto all, transaction::begin(on));
    for (auto const& [lane, known] : wanted) {
      DW_TRY(auto row, postgresql::open_lane(on, lane, known));
      rows.push_back(std::move(row));
    }
    DW_CHECK(all.commit());
    return rows;
  }

  result<std::vector<write_result>> apply(target_batch const& batch) {
    auto& mine = lanes[batch.lane];
    DW_CHECK(mine.to.open(settings.url));
    row_writer::refusals refused;
    auto with = mine.met_refusals ? row_writer::care::parts : row_writer::care::none;
    while (true) {
      auto const known = refused.size();
      DW_TRY(auto done, try_apply(mine, batch, refused, with));
      if (done) {
        mine.met_refusals = has_refusal(*done);
        return std::move(*done);
      }
      // Where nothing was learned about rows, more care finds the one that it is about.
      if (refused.size() > known) continue;
      with =
          with == row_writer::care::none ? row_writer::care::parts : row_writer::care::constraints;
    }
  }

  static result<std::optional<std::vector<write_result>>> try_apply(writing_lane& mine,
                                                                    target_batch const& batch,
                                                                    row_writer::refusals& refused,
                                                                    row_writer::care with) {
    DW_TRY(auto all, transaction::begin(mine.to));
    DW_CHECK(of_the_app(enter_lane(mine.to, batch)));
    DW_CHECK(of_the_app(mine.writer.check(batch.tables)));
    DW_TRY(auto results, mine.writer.write(batch.writes, refused, with));
    if (!results) return results;
    auto const checked = mine.to.execute("SET CONSTRAINTS ALL IMMEDIATE");
    if (!checked && checked.error().code == error_code::row_refused &&
        with != row_writer::care::constraints) {
      return std::optional<std::vector<write_result>>{};
    }
    if (!checked) return as_app_error(checked.error());
    DW_CHECK(of_the_app(move_lane(mine.to, batch, batch.outcome(*results))));
    DW_CHECK(of_the_app(all.commit()));
    return results;
  }
};

postgresql_app::postgresql_app(boost::asio::any_io_executor strand,
                               boost::asio::thread_pool& pool,
                               postgresql_settings settings)
    : held_(std::make_shared<connections>(settings)),
      strand_(std::move(strand)),
      reading_(boost::asio::make_strand(pool.get_executor())),
      capturing_(boost::asio::make_strand(pool.get_executor())),
      writing_(boost::asio::make_strand(pool.get_executor())),
      poll_(settings.poll) {}

postgresql_app::~postgresql_app() = default;

async<void> postgresql_app::check() {
  auto call = [held = held_]() -> result<void> {
    DW_CHECK(held->read.open(held->settings.url));
    return of_the_app(held->read.execute("SELECT 1"));
  };
  return blocking<void>(reading_, std::move(call));
}

async<void> postgresql_app::detach() {
  auto call = [held = held_]() -> result<void> {
    DW_CHECK(held->control.open(held->settings.url));
    return of_the_app(held->stream.remove(held->control));
  };
  return blocking<void>(capturing_, std::move(call));
}

async<table_schema> postgresql_app::describe(std::string table) {
  auto call = [held = held_, table = std::move(table)]() -> result<table_schema> {
    DW_CHECK(held->read.open(held->settings.url));
    DW_TRY(auto facts, of_the_app(describe_table(held->read, table)));
    return std::move(facts.schema);
  };
  return blocking<table_schema>(reading_, std::move(call));
}

async<std::vector<std::string>> postgresql_app::referred_tables(std::string table) {
  auto call = [held = held_, table = std::move(table)]() -> result<std::vector<std::string>> {
    DW_CHECK(held->read.open(held->settings.url));
    DW_TRY(auto const facts, of_the_app(describe_table(held->read, table)));
    std::vector<std::string> names;
    for (auto const& key : facts.references) names.push_back(key.table);
    return names;
  };
  return blocking<std::vector<std::string>>(reading_, std::move(call));
}

async<std::vector<obstacle>> postgresql_app::find_obstacles(table_use use) {
  auto call = [held = held_, use = std::move(use)]() -> result<std::vector<obstacle>> {
    DW_CHECK(held->read.open(held->settings.url));
    return of_the_app(obstacles_of(held->read, use, held->settings.name));
  };
  return blocking<std::vector<obstacle>>(reading_, std::move(call));
}

async<std::uint64_t> postgresql_app::count_rows(std::string table) {
  auto call = [held = held_, table = std::move(table)]() -> result<std::uint64_t> {
    DW_CHECK(held->read.open(held->settings.url));
    DW_TRY(auto const facts, of_the_app(describe_table(held->read, table)));
    DW_TRY(auto const counted,
           of_the_app(held->read.query("SELECT count(*) FROM " + facts.sql_name)));
    return static_cast<std::uint64_t>(counted.integer(0, 0));
  };
  return blocking<std::uint64_t>(reading_, std::move(call));
}

async<source_position> postgresql_app::open_capture(std::vector<std::string> tables,
                                                    std::optional<source_position> after) {
  auto call = [held = held_, tables = std::move(tables), after]() {
    return of_the_app(held->open_capture(tables, after));
  };
  return blocking<source_position>(capturing_, std::move(call));
}

async<std::vector<captured_transaction>> postgresql_app::next(std::size_t limit,
                                                              duration patience) {
  auto const until = std::chrono::steady_clock::now() + patience;
  boost::asio::steady_timer timer(strand_);
  while (true) {
    auto call = [held = held_, limit]() {
      return of_the_app(held->stream.read(held->control, limit));
    };
    DW_CO_TRY(auto found,
              co_await blocking<std::vector<captured_transaction>>(capturing_, std::move(call)));
    if (!found.empty() || std::chrono::steady_clock::now() >= until) co_return found;
    timer.expires_after(poll_);
    boost::system::error_code cancelled;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, cancelled);
    co_await timer.async_wait(token);
    if (cancelled) co_return error{error_code::stopped};
  }
}

async<void> postgresql_app::acknowledge(source_position captured) {
  auto call = [held = held_, captured]() { return of_the_app(held->stream.acknowledge(captured)); };
  return blocking<void>(capturing_, std::move(call));
}

async<chunk> postgresql_app::read_chunk(chunk_request request) {
  auto call = [held = held_, request = std::move(request)]() {
    return of_the_app(held->read_chunk(request));
  };
  return blocking<chunk>(reading_, std::move(call));
}

async<std::vector<lane_row>> postgresql_app::open_lanes(std::vector<lane_opening> lanes) {
  auto call = [held = held_, lanes = std::move(lanes)]() {
    return of_the_app(held->open_lanes(lanes));
  };
  return blocking<std::vector<lane_row>>(writing_, std::move(call));
}

async<std::vector<write_result>> postgresql_app::apply(target_batch const& batch) {
  // The batch lives until the answer; a call that nobody waits for any more has its own copy.
  auto call = [held = held_, batch]() { return of_the_app(held->apply(batch)); };
  return blocking<std::vector<write_result>>(writing_, std::move(call));
}

}  // namespace dualwrite::engine::postgresql
