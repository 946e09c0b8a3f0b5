// The way of records: captured, delivered, parked, lost by a target.
#pragma once

#include <string_view>
#include <vector>

#include "events/conflict_events.h"
#include "events/faults.h"
#include "events/instant.h"
#include "events/map_events.h"

namespace dualwrite {

struct CapturedTable {
  schema_id schema;
  std::vector<map_id> maps;
  DW_FIELDS(schema, maps);
};
// The capture of one side of a link begins (again), with these tables and for these maps: what an
// unfinished transaction of the app had brought before is void. `life` is what the app itself calls
// the incarnation: a server that took the place of the former one calls it otherwise, and it goes
// on under the name that it had here; zero: the same.
struct CaptureStarted {
  link_id link;
  side of = side::left;
  app_id app;
  std::uint64_t incarnation = 0, commit = 0;
  std::vector<CapturedTable> tables;
  std::uint64_t life = 0;
  DW_FIELDS(link, of, app, incarnation, commit, tables, life);
};
struct RecordCount {
  schema_id schema;
  std::uint32_t count = 0;
  DW_FIELDS(schema, count);
};
// Captured row changes of one source transaction, or a part of one (`last` is false on all but its
// last part); of a copied chunk or a row read again where `kind` says so, and then for one map and
// direction only. The envelope's sequence is that of the first record.
struct RecordsCaptured {
  link_id link;
  side of = side::left;
  capture_kind kind = capture_kind::live;
  std::uint64_t incarnation = 0, commit = 0;
  instant committed_at;
  std::uint32_t first_index = 0;
  bool last = true;
  map_id map;
  execution_id execution;
  std::uint32_t chunk = 0;
  blob first_key, last_key;
  bool last_chunk = false;
  std::vector<RecordCount> tables;
  std::uint32_t count = 0;
  blob records;
  blob key_filter;
  DW_FIELDS(link,
            of,
            kind,
            incarnation,
            commit,
            committed_at,
            first_index,
            last,
            map,
            execution,
            chunk,
            first_key,
            last_key,
            last_chunk,
            tables,
            count,
            records,
            key_filter);
};
// A batch of ours came back from its target, at this place of the target's own order.
struct EchoSeen {
  link_id link;
  direction way = direction::left_to_right;
  lane_id lane;
  epoch session;
  batch_number batch;
  std::uint64_t incarnation = 0, commit = 0;
  std::uint32_t echoed = 0;
  DW_FIELDS(link, way, lane, session, batch, incarnation, commit, echoed);
};

struct LaneOpened {
  link_id link;
  direction way = direction::left_to_right;
  lane_id lane;
  epoch session;
  batch_number batch;
  DW_FIELDS(link, way, lane, session, batch);
};
// A map is delivered by the main lane from here on.
struct LaneJoined {
  link_id link;
  map_id map;
  direction way = direction::left_to_right;
  sequence position;
  DW_FIELDS(link, map, way, position);
};
// And here it is no longer: its records behind this place are its queue.
struct LaneLeft {
  link_id link;
  map_id map;
  direction way = direction::left_to_right;
  sequence position;
  DW_FIELDS(link, map, way, position);
};
struct MapCounts {
  map_id map;
  std::uint32_t version = 0;
  std::uint32_t inserted = 0, updated = 0, removed = 0, equal = 0, filtered = 0;
  DW_FIELDS(map, version, inserted, updated, removed, equal, filtered);
};
// The outcome of one batch of a lane: everything that its maps have up to `position` is settled,
// but for what the events caused by this one except.
struct RecordsApplied {
  link_id link;
  direction way = direction::left_to_right;
  lane_id lane;
  epoch session;
  batch_number batch;
  sequence behind;    // the position before this batch
  sequence position;  // and after it
  std::vector<MapCounts> maps;
  std::vector<MapPlace> places;
  sequence reverse_passed;  // up to where the main lane of the other direction has read
  // Records that were written without columns, of the target's table, that they had lost before.
  std::vector<WonInPart> in_part{};
  DW_FIELDS(
      link, way, lane, session, batch, behind, position, maps, places, reverse_passed, in_part);
};
struct RecordSkipped {
  map_id map;
  direction way = direction::left_to_right;
  sequence record;
  skip_reason reason = skip_reason::superseded;
  sequence by;
  bool was_parked = false;
  blob key{};  // of a delete that was skipped
  DW_FIELDS(map, way, record, reason, by, was_parked, key);
};
// One failed attempt against an app, whatever the size of the batch.
struct AttemptFailed {
  link_id link;
  direction way = direction::left_to_right;
  lane_id lane;
  app_id app;
  fault_class kind = fault_class::network;
  std::string_view code, text;
  DW_FIELDS(link, way, lane, app, kind, code, text);
};
// An app does not answer at all: nothing but whether it does is asked of it from here on, and each
// time that fails is an AttemptFailed of this way and lane.
struct AppUnreachable {
  link_id link;
  direction way = direction::left_to_right;  // whose attempt found it out
  lane_id lane;
  app_id app;
  fault_class kind = fault_class::network;
  std::string_view code, text;
  DW_FIELDS(link, way, lane, app, kind, code, text);
};
struct AppRecovered {
  link_id link;
  app_id app;
  DW_FIELDS(link, app);
};
// All that was put into an app for this link was taken out again: nothing is known there of what
// was captured or written.
struct AppDetached {
  link_id link;
  side of = side::left;
  app_id app;
  DW_FIELDS(link, of, app);
};
struct RecordParked {
  map_id map;
  direction way = direction::left_to_right;
  sequence record;
  park_state state = park_state::failed;
  fault_class kind = fault_class::none;
  std::string_view code, text, column;
  sequence waits_for;
  blob key;
  blob old_key;  // where the record changes the key
  bool whole_row = false;
  bool copied = false;  // a row of a copy, or read again: places do not order it
  sequence against;  // in conflict: the other side's record; zero where it waits for the key only
  blob taken_by;     // the key of the row that has what must be unique
  DW_FIELDS(map,
            way,
            record,
            state,
            kind,
            code,
            text,
            column,
            waits_for,
            key,
            old_key,
            whole_row,
            copied,
            against,
            taken_by);
};
struct LaneReset {
  lane_id lane;
  epoch session;
  batch_number batch;
  sequence position;
  DW_FIELDS(lane, session, batch, position);
};
// The target holds less than the log says: it was restored, or crashed with commits that were not
// on disk yet. What lies behind these places is unsettled again: `taken_back` is to be subtracted,
// `reparked` were settled by batches that are gone, `unparked` and `unskipped` were parked and
// skipped by them and will be delivered again.
struct TargetRewound {
  link_id link;
  direction way = direction::left_to_right;
  std::vector<LaneReset> lanes;
  std::vector<MapPlace> places;
  std::vector<MapCounts> taken_back;
  std::vector<RecordParked> reparked;
  std::vector<RecordSkipped> unparked;
  std::vector<RecordSkipped> unskipped;
  std::vector<WonInPart> won_in_part;
  std::vector<WonInPart> in_part;  // of those that come again, as in RecordsApplied
  DW_FIELDS(
      link, way, lanes, places, taken_back, reparked, unparked, unskipped, won_in_part, in_part);
};

}  // namespace dualwrite
