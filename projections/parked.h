// The records that failed and wait for an admin, and what has to wait behind them, key by key.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"
#include "projections/delivery.h"
#include "projections/run_clock.h"

namespace dualwrite::projections {

// A value of the target's that takes the place of the record's own.
struct amended_column {
  std::string name, text;
  bool is_null = false;
  DW_FIELDS(name, text, is_null);
};

struct parked_row {
  park_state state = park_state::failed;
  std::string key;
  std::string old_key;
  fault_class kind = fault_class::none;
  std::string code, text, column;
  sequence waits_for;
  bool whole_row = false;
  bool copied = false;
  std::uint32_t attempts = 0;
  std::uint32_t retries = 0;  // in vain, those that found it waiting for another row among them
  instant first_failed, last_failed;
  std::int64_t failed_at_us = 0;  // by the map's clock, the last time
  std::int64_t purge_at_us = 0;   // by the map's clock, once that was announced
  sequence retry;                 // the request that it is tried for
  std::vector<amended_column> amended;
  sequence against;  // in conflict: the other side's record; zero where it waits for the key only
  sequence decided;  // somebody kept it, here: it wins against all that was there before
  std::string taken_by;  // the key of the row that has what must be unique
  sequence clash;        // the other side's record that has it, once that was told
  DW_FIELDS(state,
            key,
            old_key,
            kind,
            code,
            text,
            column,
            waits_for,
            whole_row,
            copied,
            attempts,
            retries,
            first_failed,
            last_failed,
            failed_at_us,
            purge_at_us,
            retry,
            amended,
            against,
            decided,
            taken_by,
            clash);

  // A lane may try it now.
  bool is_due() const { return state == park_state::pending || state == park_state::due; }
};

// How a record that was parked ended, where it is still listed.
enum class parked_end : std::uint8_t {
  completed = 0,
  superseded = 1,
  conflict_lost = 2,
  discarded = 3
};

struct ended_row {
  parked_row was;
  parked_end how = parked_end::completed;
  instant at;
  std::int64_t at_us = 0;  // by the map's clock
  sequence by;             // the record that took its place
  DW_FIELDS(was, how, at, at_us, by);
};

using by_clock = std::set<std::pair<std::int64_t, sequence>>;

// Two parked records, each refused because the other's row has a value that must be unique.
struct value_clash {
  sequence left, right;  // made on this side
  auto operator<=>(value_clash const&) const = default;
};

// Fed by RecordParked, RecordSkipped, the retries' events, those of conflicts, ParkedDeleted,
// ParkedPurged, MapStopped, TargetRewound; its clocks by the events that set maps running and end
// that.
struct parked {
  static constexpr std::string_view name = "parked";
  static constexpr int version = 5;

  std::map<map_way, std::map<sequence, parked_row>> rows;
  std::map<map_way, std::map<sequence, ended_row>> ended;
  std::map<map_id, run_clock> clocks;
  DW_FIELDS(rows, ended, clocks);

  void fold(event_view const& event);

  parked_row const* find(map_way of, sequence record) const;
  // The records of a key that are parked or waiting, oldest first; nothing where the key is free.
  std::set<sequence> const* chain(map_way of, std::string const& key) const;
  std::size_t count(map_way of) const;
  // Whether any record of this map and direction may be tried now.
  std::set<sequence> const& due(map_way of) const;
  // Those that wait for a row that they refer to, and those whose row is to be read again.
  std::set<sequence> const& dependent(map_way of) const;
  std::set<sequence> const& to_reread(map_way of) const;
  // Those that wait for somebody's decision; and whether a key is held by one, of either direction.
  std::set<sequence> const& in_conflict(map_way of) const;
  bool is_held(map_id map, std::string const& key) const;
  // The records that stand in each other's way, and those of them that nobody was told of yet.
  std::set<value_clash> const& clashes(map_id map) const;
  std::map<map_id, std::set<value_clash>> const& untold_clashes() const { return untold_; }
  // The records of the other direction that one stands in the way of, and they in its.
  std::vector<sequence> rivals(map_way of, parked_row const& row) const;
  // Those that failed and that nobody is taking care of: when they failed, by the map's clock; when
  // they are to be purged, once that was announced; and when those ended that are still listed.
  by_clock const& failed(map_way of) const;
  by_clock const& announced(map_way of) const;
  by_clock const& ended_since(map_way of) const;
  // What an admin wants to be written in place of the record's own values.
  std::vector<amended_column> const& amended(map_way of, sequence record) const;
  // How many wait behind this one: of its keys, or because they refer to its row.
  std::size_t waiting_behind(map_way of, sequence record) const;
  // By the record of a row that others refer to: those that wait for it, perhaps none any more.
  std::map<sequence, std::set<std::pair<map_way, sequence>>> const& dependants() const {
    return dependants_;
  }
  // Whether the record is parked for any map.
  bool holds(sequence record) const;
  // Recomputes what is not stored; called after loading a snapshot.
  void reindex();

 private:
  friend struct parked_fold;
  void put(map_way of, sequence record, parked_row row);
  void remove(map_way of, sequence record);
  void end(map_way of, sequence record, ended_row ended);
  void unlist(map_way of, sequence record);
  void set_state(map_way of, sequence record, parked_row& row, park_state state);
  void index_state(map_way of, sequence record, parked_row const& row);
  void leave_index(map_way of, sequence record, parked_row const& row);
  void leave_chain(map_way of, sequence record, std::string const& key);
  void meet_rivals(map_way of, sequence record, parked_row const& row);
  void leave_rivals(map_way of, sequence record, parked_row const& row);
  void hold(map_id map, parked_row const& row);
  void release(map_id map, parked_row const& row);

  std::map<map_way, std::map<std::string, std::set<sequence>>> chains_;
  std::map<map_way, std::set<sequence>> due_, dependent_, reread_, conflict_;
  std::map<std::pair<map_id, std::string>, std::size_t> held_;
  std::map<map_way, by_clock> failed_, announced_, ended_;
  std::map<map_id, std::set<value_clash>> clashes_;
  std::map<map_id, std::set<value_clash>> untold_;  // no empty ones
  std::map<sequence, std::set<std::pair<map_way, sequence>>> dependants_;
};

}  // namespace dualwrite::projections
