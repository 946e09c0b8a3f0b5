// The side of a link that is written to.
#pragma once

#include <boost/iterator/indirect_iterator.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/ports/async.h"
#include "engine/ports/lane.h"
#include "events/faults.h"
#include "events/value.h"

namespace dualwrite::engine {

enum class write_kind : std::uint8_t {
  upsert,            // insert, or update the given columns of the row with this key
  insert_if_absent,  // leave a row that is there as it is
  update,  // only where the row is there: the write lacks columns that an insert would need
  remove,
};

// One row to write. `columns` and `values` go together; key columns are among them unless it is a
// remove.
struct target_write {
  write_kind kind = write_kind::upsert;
  std::string table;
  std::vector<std::size_t> key_columns;
  row_values key;
  std::vector<std::size_t> columns;
  row_values values;
  // Where the source transaction changed the key: the row to write is first looked for under this
  // one.
  std::optional<row_values> old_key;
  // Writes of one group come from one source transaction. With `whole_group` all of them are
  // refused when one is.
  std::uint32_t group = 0;
  bool whole_group = false;
  // An earlier write of this batch that has to be there first: where it holds_back() this one, this
  // one is not written (`held`).
  std::optional<std::size_t> behind;
};

// The writes of a batch, in their order. They are shared with whoever planned them: however often a
// batch is handed on, no row is copied.
class write_list {
 public:
  write_list() = default;
  write_list(std::vector<target_write> writes) {
    for (auto& one : writes) add(std::make_shared<target_write const>(std::move(one)));
  }
  void add(std::shared_ptr<target_write const> one) { held_.push_back(std::move(one)); }
  void reserve(std::size_t count) { held_.reserve(count); }
  [[nodiscard]] std::size_t size() const { return held_.size(); }
  [[nodiscard]] target_write const& operator[](std::size_t at) const { return *held_[at]; }
  [[nodiscard]] auto begin() const { return boost::make_indirect_iterator(held_.begin()); }
  [[nodiscard]] auto end() const { return boost::make_indirect_iterator(held_.end()); }

 private:
  std::vector<std::shared_ptr<target_write const>> held_;
};

enum class write_effect : std::uint8_t {
  inserted,
  updated,
  removed,
  equal,    // the row was as it should be (or gone already)
  kept,     // insert_if_absent found a row that differs
  missing,  // update found no row
  refused,
  held,  // the write that it stands behind was refused
};

struct referenced_row {
  std::string table;
  std::vector<std::size_t> columns;
  row_values values;
  std::string also_named{};  // where the table may have another name for us
};

struct write_result {
  write_effect effect = write_effect::equal;
  // Where refused; `dependency`: rows that refer to it keep it, and may go or change behind it.
  fault_class kind = fault_class::none;
  std::string code;                          // the app's own
  std::string text;                          // the app's own
  std::string column;                        // where it names one
  std::optional<referenced_row> references;  // the row whose absence it is about
  // By the write's key columns: the row that has a value which must be unique.
  std::optional<referenced_row> taken_by;
  // It was only refused for the sake of another of its group.
  bool for_group = false;
};

// Whether nothing may be written behind this one: the row that it was to make is not there, or not
// by it.
[[nodiscard]] inline bool holds_back(target_write const& earlier, write_result const& came_of_it) {
  auto const effect = came_of_it.effect;
  bool const is_not_there = effect == write_effect::refused || effect == write_effect::held;
  bool const is_own = effect == write_effect::inserted;
  return is_not_there || (earlier.kind == write_kind::insert_if_absent && !is_own);
}

// Whether rows that refer to the row may be what keeps it from being written so. A group is written
// whole or not at all, so what goes behind it would go in vain.
[[nodiscard]] inline bool may_be_referred_to(target_write const& one) {
  return !one.whole_group && (one.kind == write_kind::remove || one.old_key);
}

// A table as it was described when its writes were planned: they name its columns by their places.
struct table_form {
  std::string table;
  std::uint64_t fingerprint = 0;  // of its table_schema
};

// What is written in one transaction of the target: the rows, the lane's row and the places of
// maps. A large one is given in parts, one call each: all say the same of the lane, and what is
// said of it counts with the last one.
struct target_batch {
  lane_key lane;
  epoch session;
  batch_number previous;
  batch_number batch;
  sequence position;
  // The log's digest, in hex, at the end of the block that holds `position`: a log that was set
  // back and went on otherwise has another one there.
  std::string chain;
  std::vector<map_place> places;
  std::vector<table_form> tables;  // of the writes
  write_list writes;
  // Turns the effects of the writes into the bytes kept with the lane's row; beyond
  // outcome_part_bytes they are stored in several parts. Pure, and it owns all that it needs:
  // called inside the transaction, on any thread, even if the engine that made it has ended
  // meanwhile.
  std::function<std::string(std::span<write_result const>)> outcome;
  bool begins = true;
  bool ends = true;  // else the transaction stays open for the next part
};

// How much of an outcome lies in one row: a huge one is stored in rows of its own.
inline constexpr std::size_t outcome_part_bytes = std::size_t{1} << 20;

// Guarantees: apply() writes rows, lane row, places and outcome in one transaction of the target,
// and only where the lane row still has the batch's log, session and previous number: so nothing is
// written twice, nor by two engines. A row that the target refuses leaves no trace; the others are
// written.
// Of a batch in parts an error of any part, or give_up(), takes back all that was written of it;
// the rows of a part are refused or not by what was written up to it.
// Errors: a refusal of a row is in its write_result. `app_unreachable`, `app_busy`: nothing was
// written. `app_reply_lost`: it is not known; open the lanes again and look. `lane_fenced`: another
// session, engine or log has the lane. `table_missing`, `table_changed`: a table is not there, or
// is not as the batch takes it; nothing was written.
// Lifetime: outlives every runner started on it.
// Threads: called on the engine strand only; an implementation may hop to the blocking pool inside.
class target_app {
 public:
  virtual ~target_app() = default;

  // Ends older sessions of these lanes of one link and direction, and gives what they left, row by
  // row, under new sessions that are higher than `known` and than any before. A lane that was never
  // there begins with batch zero. All in one transaction: rows and places are of one moment, even
  // where the target crashes or is set back around it.
  [[nodiscard]] virtual async<std::vector<lane_row>> open_lanes(
      std::vector<lane_opening> lanes) = 0;

  [[nodiscard]] virtual async<std::vector<write_result>> apply(target_batch batch) = 0;

  // Takes out what was put into the app for this log: what captures it, and what lanes left there,
  // but for those of `staying`. What serves all logs goes where none is left. Behind it a lane
  // begins with batch zero, and a capture from now on.
  [[nodiscard]] virtual async<void> detach(log_id log, std::vector<link_way> staying) = 0;

  // Whom writes that are under way wait for, somebody else than us, in words for an operator; empty
  // where that is nobody.
  [[nodiscard]] virtual async<std::string> waits_for() { co_return std::string{}; }

  // Whether a batch may come in parts.
  [[nodiscard]] virtual bool takes_parts() const { return false; }
  // Of this lane's batch no more parts will come. Nothing where there is none.
  [[nodiscard]] virtual async<void> give_up(lane_key) { co_return result<void>{}; }
};

}  // namespace dualwrite::engine
