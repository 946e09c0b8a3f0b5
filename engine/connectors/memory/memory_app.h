// An application in memory, on both sides of the ports: tables with keys and rules, transactions, a
// change log that is read back, and lane rows in the same transaction as the data. For tests; it
// survives the engine, as a real one does.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/ports/clock.h"
#include "engine/ports/source_app.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine {

// A rule of the app: nothing where the row is welcome, else the app's code and text.
struct refusal {
  std::string code;
  std::string text;
  std::string column = {};
  std::optional<referenced_row> references = {};
  std::optional<row_values> twin = {};  // the row that has what must be unique
};
using row_rule = std::function<std::optional<refusal>(row_values const& row)>;
// What the app itself makes of a row before it is written.
using row_trigger = std::function<void(row_values& row)>;

struct row_change {
  std::string table;
  operation op = operation::insert;
  row_values row;                      // for a removal only its key columns count
  std::optional<row_values> key = {};  // of the row to change, where that differs from the new one
};

// What the app changes elsewhere, in the same transaction, because of a change of this row (of a
// removal: the row that was). Its changes have triggers of their own.
using table_trigger = std::function<std::vector<row_change>(operation op, row_values const& row)>;

// Holds at every change: a row without its parent is refused, and so is the removal of a parent.
// Where a value is NULL nothing is referred to.
struct memory_foreign_key {
  std::vector<std::size_t> columns;
  std::string table;
  std::vector<std::size_t> referred;
};

struct memory_table {
  table_schema schema;  // a column that is not nullable is held to it
  row_rule rule;
  row_trigger trigger;
  table_trigger after;
  std::vector<std::vector<std::size_t>> unique;  // beside the key; NULL is equal to nothing
  std::vector<memory_foreign_key> references;
  // Columns that an update sends only where they change, and never in the row before.
  std::set<std::size_t> large;
  std::map<row_values, row_values> rows;  // by the schema's key
};

struct memory_options {
  // Off: commits are acknowledged before they are durable, and a crash loses those behind the last
  // sync().
  bool synchronous = true;
  // Transactions with more rows are given in parts of so many; zero: always whole.
  std::size_t part_rows = 0;
  // A deliberate fault that tests must catch: the lane's row is stored by a step of its own, after
  // that of the rows.
  bool position_outside_transaction = false;
};

// Guarantees: a transaction takes effect whole or not at all; changes come back in commit order
// with both images, and only when they are durable. While a batch in parts is under way other
// batches and readers wait for it, and a user's transaction takes it back, as a deadlock would.
// After a crash, or when it was put back, all connections are closed: capture and lanes are opened
// again.
// Threads: one.
class memory_app final : public source_app, public target_app {
 public:
  explicit memory_app(clock& time) : time_(time) {}

  memory_options options;

  memory_table& add_table(table_schema schema);
  memory_table& table(std::string const& name) { return tables_.at(name); }

  // A user's transaction.
  // Errors: `row_refused`; then nothing of it was done.
  [[nodiscard]] result<source_position> commit(std::vector<row_change> const& changes);

  // All that was committed is durable from here on.
  void sync();
  // What was not durable is gone: rows, change log, lane rows and places of the same commits. Gives
  // how many were lost.
  std::size_t crash();
  // Puts everything back to where it was behind the commit with this number, under a new
  // incarnation: as a standby that takes over. A capture goes on where nothing that was read from
  // the former one is missing.
  void restore_to(std::uint64_t commit);
  std::uint64_t last_commit() const { return log_.size(); }
  std::size_t unsynced() const { return history_.size() - synced_; }
  // Whether it keeps what was committed for a capture.
  bool keeps() const { return keeps_; }

  // Told of each batch that was written, in the order of their commits.
  std::function<void(target_batch const&, std::span<write_result const>)> written;

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
  [[nodiscard]] async<std::vector<row_values>> split(split_request wish) override;
  [[nodiscard]] async<std::vector<lane_row>> open_lanes(std::vector<lane_opening> lanes) override;
  [[nodiscard]] async<std::vector<write_result>> apply(target_batch batch) override;
  [[nodiscard]] async<void> detach(log_id log, std::vector<link_way> staying) override;
  [[nodiscard]] bool takes_parts() const override { return true; }
  [[nodiscard]] async<void> give_up(lane_key lane) override;

 private:
  struct undo_step {
    std::string table;
    row_values key;
    std::optional<row_values> row;
  };
  using undo_log = std::vector<undo_step>;
  using way_name = std::tuple<log_id, link_id, direction>;
  using way_places = std::map<map_id, map_place>;
  // One durable step, and what it takes to undo it. A session that is opened is a step without a
  // commit in the change log.
  struct past_step {
    std::size_t commits_before = 0;
    undo_log rows;
    std::optional<lane_key> lane;
    std::optional<lane_row> lane_before;
    std::optional<way_places> places_before;
  };
  // A batch of which not all parts have come.
  struct open_batch {
    lane_key lane;
    std::vector<captured_row> changes{};
    past_step step{};
    std::vector<std::pair<target_batch, std::vector<write_result>>> parts{};
  };

  std::optional<refusal> put(memory_table& table,
                             std::optional<row_values> old_key,
                             row_values row,
                             std::vector<captured_row>& changes,
                             undo_log& undo);
  std::optional<refusal> drop(memory_table& table,
                              row_values const& key,
                              std::vector<captured_row>& changes,
                              undo_log& undo);
  std::optional<refusal> change_all(std::vector<row_change> const& wishes,
                                    std::vector<captured_row>& changes,
                                    undo_log& undo);
  void roll_back(undo_log& undo, std::size_t to);
  write_result write(target_write const& wish, std::vector<captured_row>& changes, undo_log& undo);
  // Results that are known before a row is written: those of a group that was refused as a whole.
  using known_results = std::map<std::size_t, write_result>;
  std::optional<std::vector<write_result>> try_all(target_batch const& batch,
                                                   known_results& known,
                                                   std::vector<captured_row>& changes,
                                                   undo_log& undo);
  std::vector<write_result> write_all(target_batch const& batch,
                                      std::vector<captured_row>& changes,
                                      undo_log& undo);
  void store_lane(target_batch const& batch,
                  std::span<write_result const> results,
                  past_step& step);
  [[nodiscard]] result<void> check(target_batch const& batch) const;
  [[nodiscard]] async<void> wait_for_open_batch();
  void take_back_open_batch();
  void append(captured_transaction transaction, past_step step);
  void remember(past_step step);
  void undo_to(std::size_t steps);
  void close_connections();
  captured_transaction next_part();
  source_position end() const;
  std::size_t durable_commits() const;

  clock& time_;
  std::map<std::string, memory_table> tables_;
  std::vector<captured_transaction> log_;
  std::map<lane_key, lane_row> lanes_;
  std::map<way_name, way_places> places_;
  std::vector<past_step> history_;
  std::size_t synced_ = 0;  // of history_
  std::optional<open_batch> open_;
  std::uint64_t incarnation_ = 1;
  std::map<std::uint64_t, std::uint64_t> kept_;  // commits of each incarnation
  std::size_t read_ = 0;
  std::size_t rows_read_ = 0;  // of the next one
  bool keeps_ = false;
  bool capturing_ = false;
  bool writing_ = false;
};

}  // namespace dualwrite::engine
