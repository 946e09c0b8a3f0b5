// A SQLite database as an application, on both sides of the ports.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "engine/ports/source_app.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::sqlite {

struct sqlite_settings {
  std::filesystem::path path;
  duration poll = std::chrono::milliseconds(20);  // how often it is looked for changes
  duration busy = std::chrono::seconds(5);        // how long another writer is waited for
  std::size_t capture_rows_max = 10'000;          // a larger transaction is given in parts
};

// Guarantees: those of the ports. What it puts into the file are tables and triggers whose names
// begin with _dualwrite_. The file is in WAL mode from then on.
// Errors: those of the ports, and `app_damaged`.
// Lifetime: outlives the engine; calls under way have ended, or never will be looked at, when it is
// destroyed.
// Threads: called on the engine strand; SQLite works on the pool, reading and writing beside each
// other.
class sqlite_app final : public source_app, public target_app {
 public:
  sqlite_app(boost::asio::any_io_executor strand,
             boost::asio::thread_pool& pool,
             sqlite_settings settings);
  ~sqlite_app() override;

  [[nodiscard]] async<void> check() override;
  [[nodiscard]] async<table_schema> describe(std::string table) override;
  [[nodiscard]] async<std::vector<std::string>> referred_tables(std::string table) override;
  [[nodiscard]] async<std::vector<obstacle>> find_obstacles(table_use use) override;
  [[nodiscard]] async<std::uint64_t> count_rows(std::string table) override;
  [[nodiscard]] async<source_position> open_capture(std::vector<captured_table> tables,
                                                    std::optional<source_progress> known) override;
  [[nodiscard]] async<void> end_capture() override;
  [[nodiscard]] async<std::vector<captured_transaction>> next(std::size_t limit,
                                                              duration patience) override;
  [[nodiscard]] async<void> acknowledge(source_position captured) override;
  [[nodiscard]] async<chunk> read_chunk(chunk_request request) override;
  [[nodiscard]] async<std::vector<lane_row>> open_lanes(std::vector<lane_opening> lanes) override;
  [[nodiscard]] async<std::vector<write_result>> apply(target_batch batch) override;
  [[nodiscard]] async<void> detach(log_id log, std::vector<link_way> staying) override;

 private:
  struct connections;
  std::shared_ptr<connections> held_;
  boost::asio::any_io_executor strand_;
  boost::asio::any_io_executor reading_, writing_;
  sqlite_settings settings_;
};

}  // namespace dualwrite::engine::sqlite
