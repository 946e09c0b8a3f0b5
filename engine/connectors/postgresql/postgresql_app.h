// A PostgreSQL database as an application, on both sides of the ports.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engine/connectors/postgresql/slot_stretch.h"
#include "engine/ports/source_app.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

// Of what captures an app for a log: other logs, and other apps of this one, may have the same
// database.
[[nodiscard]] std::string capture_name(log_id log, std::string_view app);

struct postgresql_settings {
  std::string url;                 // as libpq takes it, or "file:" and the file that holds it
  std::string name = "dualwrite";  // of the publication, and the slot's begin: nobody else's
  stretch_limits stretches = {};   // when, and how much, is read in bulk
  std::chrono::milliseconds snapshot_age{5000};  // for so long a copy reads on from one
  // For transactions that have to end before a slot can be made.
  std::chrono::milliseconds slot_wait{30000};
};

// Guarantees: those of the ports. What it puts into the database are the schema `dualwrite`, a
// publication and a slot. A connection that broke is opened again by the next call.
// Errors: those of the ports, and `invalid_definition` where a table has no replica identity.
// Lifetime: outlives the engine; calls under way have ended, or never will be looked at, when it is
// destroyed.
// Threads: called on the engine strand; the server is waited for on the pool: looking at
// tables, each reader of chunks, capturing, each lane, and the look at the slot beside each other.
class postgresql_app final : public source_app, public target_app {
 public:
  postgresql_app(boost::asio::any_io_executor strand,
                 boost::asio::thread_pool& pool,
                 postgresql_settings settings);
  ~postgresql_app() override;

  [[nodiscard]] async<void> check() override;
  [[nodiscard]] async<table_schema> describe(std::string table) override;
  [[nodiscard]] async<std::vector<std::string>> referred_tables(std::string table) override;
  [[nodiscard]] async<std::vector<obstacle>> find_obstacles(table_use use) override;
  [[nodiscard]] async<std::uint64_t> count_rows(std::string table) override;
  [[nodiscard]] async<std::vector<row_values>> split(split_request wish) override;
  [[nodiscard]] async<void> prepare_capture(std::vector<std::string> tables) override;
  [[nodiscard]] async<source_position> open_capture(std::vector<captured_table> tables,
                                                    std::optional<source_progress> known) override;
  [[nodiscard]] async<void> end_capture() override;
  [[nodiscard]] async<std::vector<captured_transaction>> next(std::size_t limit,
                                                              duration patience) override;
  [[nodiscard]] std::vector<std::string> lost_tables() const override;
  [[nodiscard]] async<void> acknowledge(source_position captured) override;
  [[nodiscard]] async<chunk> read_chunk(chunk_request request) override;
  [[nodiscard]] async<std::optional<source_lag>> lag() override;
  [[nodiscard]] async<std::vector<lane_row>> open_lanes(std::vector<lane_opening> lanes) override;
  [[nodiscard]] async<std::vector<write_result>> apply(target_batch batch) override;
  [[nodiscard]] async<void> detach(log_id log, std::vector<link_way> staying) override;
  [[nodiscard]] async<std::string> waits_for() override;
  [[nodiscard]] bool takes_parts() const override { return true; }
  [[nodiscard]] async<void> give_up(lane_key lane) override;

 private:
  struct connections;
  struct reader;
  struct seat;
  std::shared_ptr<reader> take_reader(chunk_request const& request);
  std::shared_ptr<seat> seat_of(lane_key const& lane);

  std::shared_ptr<connections> held_;
  std::vector<std::shared_ptr<reader>> readers_;  // that are free
  std::map<lane_key, std::shared_ptr<seat>> seats_;
  boost::asio::thread_pool& pool_;
  boost::asio::any_io_executor strand_;
  boost::asio::any_io_executor reading_, capturing_, opening_, watching_;
};

}  // namespace dualwrite::engine::postgresql
