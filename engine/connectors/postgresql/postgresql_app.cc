#include "engine/connectors/postgresql/postgresql_app.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <mutex>

#include "engine/connectors/postgresql/app_error.h"
#include "engine/connectors/postgresql/change_stream.h"
#include "engine/connectors/postgresql/chunk_reader.h"
#include "engine/connectors/postgresql/lane_table.h"
#include "engine/connectors/postgresql/lane_writer.h"
#include "engine/connectors/postgresql/obstacles.h"
#include "engine/connectors/postgresql/readable.h"
#include "engine/connectors/postgresql/replication_slot.h"
#include "engine/connectors/postgresql/table_writers.h"
#include "engine/ports/blocking.h"
#include "events/row_image.h"

namespace dualwrite::engine::postgresql {

namespace {

// More of them end when they have read.
constexpr std::size_t readers_max = 4;

}  // namespace

std::string capture_name(log_id log, std::string_view app) {
  return fmt::format("dualwrite_{:016x}", hash_key(fmt::format("{}/{}", log.value, app)));
}

// Each used by one call at a time. Shared with the calls, so that one that nobody waits for any
// more may end.
struct postgresql_app::connections {
  explicit connections(postgresql_settings with)
      : settings(std::move(with)),
        stream(settings.url, settings.name, settings.stretches, settings.slot_wait) {
    read.keep_generic_plans();
    control.keep_generic_plans();
  }

  postgresql_settings settings;
  connection read;
  connection control;
  connection watch;
  change_stream stream;

  result<void> open_to_read() {
    DW_CHECK(read.open(settings.url));
    return of_the_app(read.renew_plans());
  }

  result<source_position> open_capture(std::vector<captured_table> const& tables,
                                       std::optional<source_progress> known) {
    // A stream that nobody reads keeps its server from stopping.
    stream.close();
    DW_CHECK(control.open(settings.url));
    return stream.open(control, tables, known);
  }

  result<std::optional<source_lag>> lag() {
    DW_CHECK(watch.open(settings.url));
    DW_TRY(auto const name, slot_name(watch, settings.name));
    DW_TRY(auto const slot, look_at_slot(watch, name));
    if (!slot.is_there) return std::optional<source_lag>{};
    auto const kept = slot.head > slot.confirmed ? slot.head - slot.confirmed : 0;
    return std::optional(source_lag{kept, stream.reading()});
  }
};

// Reads chunks for one call at a time.
struct postgresql_app::reader {
  explicit reader(std::chrono::milliseconds age) : chunks(age) { guard.keep_generic_plans(); }

  connection on;
  connection guard;
  chunk_reader chunks;

  result<chunk> read(std::string const& url, chunk_request const& request) {
    DW_CHECK(on.open(url));
    DW_CHECK(guard.open(url));
    if (!chunks.goes_on(request)) return read_anew(request);
    auto next = chunks.read(on, guard, request);
    if (next) return next;
    // Its session may have been ended meanwhile.
    DW_CHECK(on.open(url));
    return read_anew(request);
  }
  result<chunk> read_anew(chunk_request const& request) {
    DW_CHECK(install(on));
    return chunks.read(on, guard, request);
  }
};

// A lane writes beside the others: it may have to wait for rows that another one holds.
struct postgresql_app::seat {
  explicit seat(boost::asio::any_io_executor on) : strand(std::move(on)) {}

  boost::asio::any_io_executor strand;
  std::mutex busy;
  lane_writer writer;

  // By the connection of the first of them.
  static result<std::vector<lane_row>> open_all(std::string const& url,
                                                captured_life const& captured,
                                                std::vector<std::shared_ptr<seat>> const& seats,
                                                std::vector<lane_opening> const& wanted) {
    std::vector<lane_row> rows;
    if (seats.empty()) return rows;
    // What one has left open another may wait for.
    for (auto const& one : seats) {
      std::unique_lock const free(one->busy, std::try_to_lock);
      if (free) one->writer.give_up();
    }
    std::vector<std::unique_lock<std::mutex>> alone;
    std::vector<connection*> connections;
    for (auto const& one : seats) {
      alone.emplace_back(one->busy);
      DW_TRY(auto* const on, one->writer.start_over(url));
      connections.push_back(on);
    }
    auto& on = *connections.front();
    DW_CHECK(install(on));
    DW_CHECK(captured.refuse_former(on));
    DW_TRY(auto all, transaction::begin(on));
    for (auto const& [lane, known] : wanted) {
      DW_TRY(auto row, postgresql::open_lane(on, lane, known));
      rows.push_back(std::move(row));
    }
    DW_CHECK(all.commit());
    return rows;
  }
};

postgresql_app::postgresql_app(boost::asio::any_io_executor strand,
                               boost::asio::thread_pool& pool,
                               postgresql_settings settings)
    : held_(std::make_shared<connections>(settings)),
      pool_(pool),
      strand_(std::move(strand)),
      reading_(boost::asio::make_strand(pool.get_executor())),
      capturing_(boost::asio::make_strand(pool.get_executor())),
      opening_(boost::asio::make_strand(pool.get_executor())),
      watching_(boost::asio::make_strand(pool.get_executor())) {}

postgresql_app::~postgresql_app() = default;

async<void> postgresql_app::check() {
  auto call = [held = held_]() -> result<void> {
    auto& on = held->read;
    DW_CHECK(on.open(held->settings.url));
    if (!on.execute("SELECT 1")) {
      // Only this session may have ended.
      DW_CHECK(on.open(held->settings.url));
      DW_CHECK(of_the_app(on.execute("SELECT 1")));
    }
    return of_the_app(held->stream.captured().refuse_former(on));
  };
  return blocking<void>(reading_, std::move(call));
}

async<table_schema> postgresql_app::describe(std::string table) {
  auto call = [held = held_, table = std::move(table)]() -> result<table_schema> {
    DW_CHECK(held->open_to_read());
    DW_TRY(auto facts, of_the_app(describe_table(held->read, table)));
    return std::move(facts.schema);
  };
  return blocking<table_schema>(reading_, std::move(call));
}

async<std::vector<std::string>> postgresql_app::referred_tables(std::string table) {
  auto call = [held = held_, table = std::move(table)]() -> result<std::vector<std::string>> {
    DW_CHECK(held->open_to_read());
    DW_TRY(auto const facts, of_the_app(describe_table(held->read, table)));
    std::vector<std::string> names;
    for (auto const& key : facts.references) {
      names.push_back(key.table);
      if (!key.also_named.empty()) names.push_back(key.also_named);
    }
    return names;
  };
  return blocking<std::vector<std::string>>(reading_, std::move(call));
}

async<std::vector<obstacle>> postgresql_app::find_obstacles(table_use use) {
  auto call = [held = held_, use = std::move(use)]() -> result<std::vector<obstacle>> {
    DW_CHECK(held->open_to_read());
    return of_the_app(obstacles_of(held->read, use, held->settings.name));
  };
  return blocking<std::vector<obstacle>>(reading_, std::move(call));
}

async<std::uint64_t> postgresql_app::count_rows(std::string table) {
  auto call = [held = held_, table = std::move(table)]() -> result<std::uint64_t> {
    DW_CHECK(held->open_to_read());
    return of_the_app(about_how_many(held->read, table));
  };
  return blocking<std::uint64_t>(reading_, std::move(call));
}

async<std::vector<row_values>> postgresql_app::split(split_request wish) {
  auto call = [held = held_, wish = std::move(wish)]() -> result<std::vector<row_values>> {
    DW_CHECK(held->open_to_read());
    return of_the_app(split_table(held->read, wish));
  };
  return blocking<std::vector<row_values>>(reading_, std::move(call));
}

async<void> postgresql_app::prepare_capture(std::vector<std::string> tables) {
  auto call = [held = held_, tables = std::move(tables)]() {
    return of_the_app(held->stream.prepare(held->control, tables));
  };
  return blocking<void>(capturing_, std::move(call));
}

async<source_position> postgresql_app::open_capture(std::vector<captured_table> tables,
                                                    std::optional<source_progress> known) {
  auto call = [held = held_, tables = std::move(tables), known]() {
    return of_the_app(held->open_capture(tables, known));
  };
  return blocking<source_position>(capturing_, std::move(call));
}

async<void> postgresql_app::end_capture() {
  auto call = [held = held_]() -> result<void> {
    DW_CHECK(held->control.open(held->settings.url));
    return of_the_app(held->stream.end(held->control));
  };
  return blocking<void>(capturing_, std::move(call));
}

async<std::vector<captured_transaction>> postgresql_app::next(std::size_t limit,
                                                              duration patience) {
  using transactions = std::vector<captured_transaction>;
  auto const until = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto call = [held = held_, limit]() -> result<std::pair<transactions, shared_socket>> {
      DW_TRY(auto found, of_the_app(held->stream.read(held->control, limit)));
      shared_socket from(found.empty() ? held->stream.socket() : -1);
      return std::pair(std::move(found), std::move(from));
    };
    auto reading = blocking<std::pair<transactions, shared_socket>>(capturing_, std::move(call));
    DW_CO_TRY(auto read, co_await std::move(reading));
    auto& [found, from] = read;
    if (!found.empty() || std::chrono::steady_clock::now() >= until) co_return std::move(found);
    auto waiting = readable(strand_, std::move(from), until);
    DW_CO_CHECK(co_await std::move(waiting));
  }
}

std::vector<std::string> postgresql_app::lost_tables() const {
  return held_->stream.lost_tables();
}

async<void> postgresql_app::acknowledge(source_position captured) {
  auto call = [held = held_, captured]() { return of_the_app(held->stream.acknowledge(captured)); };
  return blocking<void>(capturing_, std::move(call));
}

// The one that stands where the request goes on, else any that is free, else a new one.
std::shared_ptr<postgresql_app::reader> postgresql_app::take_reader(chunk_request const& request) {
  if (readers_.empty()) return std::make_shared<reader>(held_->settings.snapshot_age);
  auto const stands_there = std::find_if(readers_.begin(), readers_.end(), [&](auto const& one) {
    return one->chunks.goes_on(request);
  });
  auto const chosen = stands_there == readers_.end() ? readers_.begin() : stands_there;
  auto mine = std::move(*chosen);
  readers_.erase(chosen);
  return mine;
}

async<chunk> postgresql_app::read_chunk(chunk_request request) {
  auto mine = take_reader(request);
  auto call = [held = held_, mine, request = std::move(request)]() {
    return of_the_app(mine->read(held->settings.url, request));
  };
  auto reading = blocking<chunk>(pool_.get_executor(), std::move(call));
  auto read = co_await std::move(reading);
  if (readers_.size() < readers_max) readers_.push_back(std::move(mine));
  co_return read;
}

async<std::optional<source_lag>> postgresql_app::lag() {
  auto call = [held = held_]() { return of_the_app(held->lag()); };
  return blocking<std::optional<source_lag>>(watching_, std::move(call));
}

async<void> postgresql_app::detach(log_id log, std::vector<link_way> staying) {
  auto call = [held = held_, log, staying = std::move(staying)]() -> result<void> {
    DW_CHECK(held->control.open(held->settings.url));
    DW_CHECK(of_the_app(held->stream.end(held->control)));
    DW_CHECK(of_the_app(forget_lanes(held->control, log, staying)));
    return of_the_app(uninstall(held->control));
  };
  return blocking<void>(capturing_, std::move(call));
}

async<std::string> postgresql_app::waits_for() {
  auto call = [held = held_]() -> result<std::string> {
    DW_CHECK(held->watch.open(held->settings.url));
    return of_the_app(who_blocks_us(held->watch));
  };
  return blocking<std::string>(watching_, std::move(call));
}

std::shared_ptr<postgresql_app::seat> postgresql_app::seat_of(lane_key const& lane) {
  auto& found = seats_[lane];
  if (!found) found = std::make_shared<seat>(boost::asio::make_strand(pool_.get_executor()));
  return found;
}

async<std::vector<lane_row>> postgresql_app::open_lanes(std::vector<lane_opening> lanes) {
  std::vector<std::shared_ptr<seat>> seats;
  for (auto const& one : lanes) seats.push_back(seat_of(one.lane));
  auto call = [held = held_, seats = std::move(seats), lanes = std::move(lanes)]() {
    return of_the_app(seat::open_all(held->settings.url, held->stream.captured(), seats, lanes));
  };
  return blocking<std::vector<lane_row>>(opening_, std::move(call));
}

async<std::vector<write_result>> postgresql_app::apply(target_batch batch) {
  auto mine = seat_of(batch.lane);
  auto const strand = mine->strand;
  auto call = [held = held_, mine = std::move(mine), batch = std::move(batch)]() {
    std::lock_guard const alone(mine->busy);
    return mine->writer.apply(held->settings.url, batch);
  };
  return blocking<std::vector<write_result>>(strand, std::move(call));
}

async<void> postgresql_app::give_up(lane_key lane) {
  auto mine = seat_of(lane);
  auto const strand = mine->strand;
  auto call = [mine = std::move(mine)]() -> result<void> {
    std::lock_guard const alone(mine->busy);
    mine->writer.give_up();
    return {};
  };
  return blocking<void>(strand, std::move(call));
}

}  // namespace dualwrite::engine::postgresql
