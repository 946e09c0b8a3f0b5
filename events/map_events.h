// The life of a map: what was asked of it, its initial syncs, its status.
#pragma once

#include <string_view>
#include <vector>

#include "events/event_types.h"
#include "events/fields.h"
#include "events/ids.h"
#include "events/record.h"

namespace dualwrite {

struct RunRequested {
  map_id map;
  run_mode mode = run_mode::automatic;
  side master = side::left;
  DW_FIELDS(map, mode, master);
};
struct PauseRequested {
  map_id map;
  rule_id rule;
  std::string_view reason;
  DW_FIELDS(map, rule, reason);
};
struct ResumeRequested {
  map_id map;
  rule_id rule;
  std::string_view reason;
  resume_mode mode = resume_mode::in_order;
  delete_choice deletes = delete_choice::none;
  DW_FIELDS(map, rule, reason, mode, deletes);
};
struct StopRequested {
  map_id map;
  rule_id rule;
  std::string_view reason;
  DW_FIELDS(map, rule, reason);
};
struct ActionFailed {
  map_id map;
  sequence request;
  std::uint16_t code = 0;
  std::string_view detail;
  DW_FIELDS(map, request, code, detail);
};

// Its own sequence is the execution's id.
struct InitialSyncStarted {
  map_id map;
  side master = side::left;
  std::vector<direction> legs;
  run_mode mode = run_mode::automatic;  // which rows: all, or only a part of them
  DW_FIELDS(map, master, legs, mode);
};
// Where one range of keys ends, which is copied beside the others.
struct CopySplit {
  blob last_key;
  DW_FIELDS(last_key);
};
struct LegStarted {
  map_id map;
  execution_id execution;
  direction way = direction::left_to_right;
  std::uint64_t expected_rows = 0;  // about; zero where the source did not say
  std::vector<CopySplit> splits{};  // rising; the last range has no end
  DW_FIELDS(map, execution, way, expected_rows, splits);
};
// A chunk has been written: keys up to `last_key` are copied as they were at the snapshot.
struct ChunkCopied {
  map_id map;
  execution_id execution;
  direction way = direction::left_to_right;
  std::uint32_t chunk = 0;
  sequence records;  // the RecordsCaptured event
  blob first_key, last_key;
  bool last = false;
  std::uint64_t incarnation = 0, snapshot = 0;
  lane_id lane;
  batch_number batch;
  DW_FIELDS(map,
            execution,
            way,
            chunk,
            records,
            first_key,
            last_key,
            last,
            incarnation,
            snapshot,
            lane,
            batch);
};
struct LegCompleted {
  map_id map;
  execution_id execution;
  direction way = direction::left_to_right;
  DW_FIELDS(map, execution, way);
};
struct InitialSyncCompleted {
  map_id map;
  execution_id execution;
  end_state state = end_state::succeeded;
  std::uint64_t failed = 0;
  DW_FIELDS(map, execution, state, failed);
};

struct MapPlace {
  map_id map;
  direction way = direction::left_to_right;
  lane_id lane;
  sequence position;
  DW_FIELDS(map, way, lane, position);
};
struct BatchNamed {
  direction way = direction::left_to_right;
  lane_id lane;
  batch_number batch;
  DW_FIELDS(way, lane, batch);
};
// A key whose last accepted record was given up, with that record.
struct KeyGivenUp {
  direction way = direction::left_to_right;
  sequence record;
  blob key;
  DW_FIELDS(way, record, key);
};
struct MapStarted {
  map_id map;
  sequence request;
  DW_FIELDS(map, request);
};
struct MapPaused {
  map_id map;
  sequence request;
  std::vector<BatchNamed> in_doubt;
  DW_FIELDS(map, request, in_doubt);
};
struct MapResumed {
  map_id map;
  sequence request;
  resume_mode mode = resume_mode::in_order;
  std::vector<MapPlace>
      places{};  // where the queue is discarded: what lies behind them, up to here
  DW_FIELDS(map, request, mode, places);
};
struct CaughtUp {
  map_id map;
  DW_FIELDS(map);
};
struct MapStopped {
  map_id map;
  sequence request;
  stop_reason reason = stop_reason::admin;
  std::uint64_t discarded = 0;
  std::string_view detail;
  std::vector<MapPlace> places;      // what lies behind them is discarded,
  std::vector<KeyGivenUp> given_up;  // and so is what was parked
  DW_FIELDS(map, request, reason, discarded, detail, places, given_up);
};

}  // namespace dualwrite
