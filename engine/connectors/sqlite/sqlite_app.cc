#include "engine/connectors/sqlite/sqlite_app.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>

#include "engine/connectors/sqlite/change_log.h"
#include "engine/connectors/sqlite/lane_table.h"
#include "engine/connectors/sqlite/row_writer.h"
#include "engine/connectors/sqlite/sqlite_chunks.h"
#include "engine/connectors/sqlite/sqlite_values.h"
#include "engine/ports/blocking.h"

namespace dualwrite::engine::sqlite {
namespace {

// Changes are removed in portions, not after every read.
constexpr std::uint64_t acknowledged_rows_min = 1000;
constexpr std::chrono::seconds acknowledged_pause_max{1};

}  // namespace

// Two connections, each used by one call at a time. Shared with the calls, so that one that nobody
// waits for any more may end.
struct sqlite_app::connections {
  explicit connections(sqlite_settings with) : settings(std::move(with)), writer(write) {}

  sqlite_settings settings;
  database read;
  database write;
  change_log log;
  row_writer writer;
  std::uint64_t acknowledged = 0;
  std::chrono::steady_clock::time_point acknowledged_at;

  result<void> open_to_read() {
    if (read.is_open() && !read.is_current()) read.close();
    return read.open(settings.path, settings.busy);
  }
  result<void> open_to_write() {
    if (write.is_open() && !write.is_current()) {
      write.close();
      return error{error_code::app_unreachable,
                   "another file has taken the place of " + settings.path.string()};
    }
    if (write.is_open()) return {};
    DW_CHECK(write.open(settings.path, settings.busy));
    DW_CHECK(change_log::install(write));
    return install_lanes(write);
  }

  result<std::vector<captured_transaction>> changes(std::size_t limit) {
    if (!read.is_open() || !read.is_current()) {
      // Whether it is another file, or comes back as it was, is seen when the capture is opened
      // again.
      read.close();
      return error{error_code::app_unreachable,
                   settings.path.string() + " is not there, or has been exchanged"};
    }
    return log.read(read, limit, settings.capture_rows_max);
  }

  result<std::vector<write_result>> apply(target_batch const& batch) {
    DW_CHECK(open_to_write());
    row_writer::refusals refused;
    bool checks_deferred = false;
    while (true) {
      auto const known = refused.size();
      DW_TRY(auto done, try_apply(batch, refused, checks_deferred));
      if (done) return std::move(*done);
      // Nothing was learned: it is a foreign key that is checked at the end.
      checks_deferred = checks_deferred || refused.size() == known;
    }
  }
  result<std::optional<std::vector<write_result>>> try_apply(target_batch const& batch,
                                                             row_writer::refusals& refused,
                                                             bool checks_deferred) {
    std::optional<std::vector<write_result>> again;
    DW_TRY(auto all, transaction::begin(write));
    DW_CHECK(check_lane(write, batch));
    DW_TRY(bool const comes_back, is_captured(write));
    if (comes_back) DW_CHECK(begin_batch(write, {batch.lane, batch.session, batch.batch}));
    DW_CHECK(writer.check(batch.tables));
    DW_TRY(auto results, writer.write(batch.writes, refused, checks_deferred));
    if (!results) return again;
    if (write.deferred_breaches() != 0) return again;
    DW_CHECK(move_lane(write, batch, batch.outcome(*results)));
    if (comes_back) DW_CHECK(end_batch(write));
    auto const committed = all.commit();
    if (!committed) {
      // A commit that fails has not happened: SQLite keeps the transaction, and it is rolled back
      // here.
      auto const why = committed.error();
      bool const busy = why.code == error_code::app_busy;
      return error{busy ? error_code::app_busy : error_code::app_unreachable, why.detail};
    }
    return results;
  }

  result<void> acknowledge(source_position captured) {
    auto const now = std::chrono::steady_clock::now();
    auto const rows = captured.commit >> chance_bits;
    bool const due = rows >= acknowledged + acknowledged_rows_min ||
                     now - acknowledged_at >= acknowledged_pause_max;
    if (!due || rows == acknowledged) return {};
    DW_CHECK(open_to_write());
    DW_CHECK(log.acknowledge(write, captured));
    acknowledged = rows;
    acknowledged_at = now;
    return {};
  }
};

sqlite_app::sqlite_app(boost::asio::any_io_executor strand,
                       boost::asio::thread_pool& pool,
                       sqlite_settings settings)
    : held_(std::make_shared<connections>(settings)),
      strand_(std::move(strand)),
      reading_(boost::asio::make_strand(pool.get_executor())),
      writing_(boost::asio::make_strand(pool.get_executor())),
      settings_(std::move(settings)) {}

sqlite_app::~sqlite_app() = default;

async<void> sqlite_app::check() {
  auto call = [held = held_]() -> result<void> {
    DW_CHECK(held->open_to_read());
    DW_TRY(auto rows, held->read.prepare("SELECT count(*) FROM sqlite_master"));
    return rows.run();
  };
  return blocking<void>(reading_, std::move(call));
}

async<table_schema> sqlite_app::describe(std::string table) {
  auto call = [held = held_, table = std::move(table)]() -> result<table_schema> {
    DW_CHECK(held->open_to_read());
    DW_TRY(auto facts, describe_table(held->read, table));
    return std::move(facts.schema);
  };
  return blocking<table_schema>(reading_, std::move(call));
}

async<std::vector<std::string>> sqlite_app::referred_tables(std::string table) {
  auto call = [held = held_, table = std::move(table)]() -> result<std::vector<std::string>> {
    DW_CHECK(held->open_to_read());
    DW_TRY(auto const facts, describe_table(held->read, table));
    std::vector<std::string> names;
    for (auto const& key : facts.references) {
      names.push_back(key.table);
      if (!key.also_named.empty()) names.push_back(key.also_named);
    }
    return names;
  };
  return blocking<std::vector<std::string>>(reading_, std::move(call));
}

async<std::vector<obstacle>> sqlite_app::find_obstacles(table_use use) {
  auto call = [held = held_, table = std::move(use.table)]() -> result<std::vector<obstacle>> {
    DW_CHECK(held->open_to_read());
    DW_TRY(auto views,
           held->read.prepare("SELECT count(*) FROM sqlite_master WHERE type = 'view' AND name = "
                              "?1 COLLATE NOCASE"));
    views.bind_text(0, table);
    DW_CHECK(views.step());
    bool const is_view = views.integer(0) != 0;
    views.reset();
    if (!is_view) return std::vector<obstacle>{};
    return std::vector<obstacle>{
        {fmt::format("{} is a view: its changes cannot be captured.", table),
         "name the table that it reads."}};
  };
  return blocking<std::vector<obstacle>>(reading_, std::move(call));
}

async<std::uint64_t> sqlite_app::count_rows(std::string table) {
  auto call = [held = held_, table = std::move(table)]() -> result<std::uint64_t> {
    DW_CHECK(held->open_to_read());
    DW_TRY(auto counted, held->read.prepare("SELECT count(*) FROM " + quoted_name(table)));
    DW_CHECK(counted.step());
    auto const rows = static_cast<std::uint64_t>(counted.integer(0));
    counted.reset();
    return rows;
  };
  return blocking<std::uint64_t>(reading_, std::move(call));
}

async<source_position> sqlite_app::open_capture(std::vector<captured_table> tables,
                                                std::optional<source_progress> known) {
  std::vector<std::string> names;
  for (auto& one : tables) names.push_back(std::move(one.table));
  auto call = [held = held_, names = std::move(names), known]() -> result<source_position> {
    DW_CHECK(held->open_to_read());
    return held->log.open(held->read, names, known);
  };
  return blocking<source_position>(reading_, std::move(call));
}

async<void> sqlite_app::end_capture() {
  auto call = [held = held_]() -> result<void> {
    DW_CHECK(held->open_to_read());
    return held->log.end(held->read);
  };
  return blocking<void>(reading_, std::move(call));
}

async<void> sqlite_app::detach(log_id log, std::vector<link_way> staying) {
  DW_CO_CHECK(co_await end_capture());
  auto call = [held = held_, log, staying = std::move(staying)]() -> result<void> {
    DW_CHECK(held->write.open(held->settings.path, held->settings.busy));
    DW_TRY(auto all, transaction::begin(held->write));
    DW_CHECK(install_lanes(held->write));
    DW_TRY(bool const is_used, forget_lanes(held->write, log, staying));
    if (!is_used) DW_CHECK(change_log::remove(held->write));
    DW_CHECK(all.commit());
    held->write.close();
    return {};
  };
  auto removing = blocking<void>(writing_, std::move(call));
  co_return co_await std::move(removing);
}

async<std::vector<captured_transaction>> sqlite_app::next(std::size_t limit, duration patience) {
  auto const until = std::chrono::steady_clock::now() + patience;
  boost::asio::steady_timer timer(strand_);
  while (true) {
    auto call = [held = held_, limit]() { return held->changes(limit); };
    DW_CO_TRY(auto found,
              co_await blocking<std::vector<captured_transaction>>(reading_, std::move(call)));
    if (!found.empty() || std::chrono::steady_clock::now() >= until) co_return found;
    timer.expires_after(settings_.poll);
    boost::system::error_code cancelled;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, cancelled);
    co_await timer.async_wait(token);
    if (cancelled) co_return error{error_code::stopped};
  }
}

async<void> sqlite_app::acknowledge(source_position captured) {
  auto call = [held = held_, captured]() { return held->acknowledge(captured); };
  return blocking<void>(writing_, std::move(call));
}

async<chunk> sqlite_app::read_chunk(chunk_request request) {
  auto call = [held = held_, request = std::move(request)]() -> result<chunk> {
    DW_CHECK(held->open_to_read());
    return read_chunk_of(held->read, request);
  };
  return blocking<chunk>(reading_, std::move(call));
}

async<std::vector<lane_row>> sqlite_app::open_lanes(std::vector<lane_opening> lanes) {
  auto call = [held = held_, lanes = std::move(lanes)]() -> result<std::vector<lane_row>> {
    DW_CHECK(held->open_to_write());
    held->writer.forget();
    DW_TRY(auto all, transaction::begin(held->write));
    std::vector<lane_row> rows;
    for (auto const& [lane, known] : lanes) {
      DW_TRY(auto row, sqlite::open_lane(held->write, lane, known));
      rows.push_back(std::move(row));
    }
    DW_CHECK(all.commit());
    return rows;
  };
  return blocking<std::vector<lane_row>>(writing_, std::move(call));
}

async<std::vector<write_result>> sqlite_app::apply(target_batch batch) {
  auto call = [held = held_, batch = std::move(batch)]() { return held->apply(batch); };
  return blocking<std::vector<write_result>>(writing_, std::move(call));
}

}  // namespace dualwrite::engine::sqlite
