// The records that failed and wait for an admin, and what has to wait behind them, key by key.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "events/codec.h"
#include "events/fields.h"
#include "projections/delivery.h"

namespace dualwrite::projections {

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
  instant first_failed, last_failed;
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
            first_failed,
            last_failed);

  // A lane may try it now.
  bool is_due() const { return state == park_state::pending || state == park_state::due; }
};

// Fed by RecordParked, RecordSkipped, the retries' events, ParkedDeleted, MapStopped,
// TargetRewound.
struct parked {
  static constexpr std::string_view name = "parked";
  static constexpr int version = 1;

  std::map<map_way, std::map<sequence, parked_row>> rows;
  DW_FIELDS(rows);

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
  // Whether the record is parked for any map.
  bool holds(sequence record) const;
  // Recomputes what is not stored; called after loading a snapshot.
  void reindex();

 private:
  friend struct parked_fold;
  void put(map_way of, sequence record, parked_row row);
  void remove(map_way of, sequence record);
  void set_state(map_way of, sequence record, parked_row& row, park_state state);
  void index_state(map_way of, sequence record, park_state state);
  void leave_chain(map_way of, sequence record, std::string const& key);

  std::map<map_way, std::map<std::string, std::set<sequence>>> chains_;
  std::map<map_way, std::set<sequence>> due_, dependent_, reread_;
  std::map<sequence, std::set<std::pair<map_way, sequence>>> dependants_;
};

}  // namespace dualwrite::projections
