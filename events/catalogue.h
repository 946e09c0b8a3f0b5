// The events of the log, as structs whose text and bytes are views into the event's buffer (or into
// whatever the writer holds while it encodes). `schema/events.fbs` says the same to the outside; a
// test holds the two together.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "events/faults.h"
#include "events/fields.h"
#include "events/ids.h"
#include "events/instant.h"
#include "events/record.h"

namespace dualwrite {

// Numbers of enums are in the log: never renumber.
enum class event_type : std::uint8_t {
  none = 0,
#define DW_EVENT(number, name) name = number,
#include "events/catalogue.def"
#undef DW_EVENT
};

[[nodiscard]] std::string_view name_of(event_type type);

enum class run_mode : std::uint8_t { automatic = 0, initial_sync = 1, skip_initial_sync = 2 };
enum class end_state : std::uint8_t { succeeded = 0, failed = 1, interrupted = 2 };
enum class capture_kind : std::uint8_t { live = 0, initial = 1, reread = 2 };
enum class stop_reason : std::uint8_t {
  admin = 0,
  rule = 1,
  source_rewound = 2,
  target_rewound = 3
};
enum class skip_reason : std::uint8_t {
  superseded = 0,     // a newer record of the key, or a copy that had seen it, took its place
  conflict_lost = 1,  // the other side's change won
  kept = 2,           // a copy found a row that wins by the master rule
};
enum class park_state : std::uint8_t {
  failed = 0,      // refused; an admin decides
  pending = 1,     // a retry was asked for
  due = 2,         // to be tried by itself
  waiting = 3,     // behind a parked record of its key
  dependency = 4,  // behind the record that brings the row it refers to
  reread = 5,      // the target lacks the row, the record holds a part of it: the row is read again
};
enum class alert_action : std::uint8_t { none = 0, pause = 1, stop = 2 };
// Who says what a link, a map or a rule is.
enum class definition_owner : std::uint8_t {
  hand = 0,      // commands
  file = 1,      // the configuration file
  released = 2,  // the file did until it named it no more; commands do
};

struct AppRegistered {
  std::string_view name, connector;
  DW_FIELDS(name, connector);
};
struct LinkCreated {
  std::string_view name;
  app_id left, right;
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(name, left, right, owner);
};
struct MapCreated {
  link_id link;
  std::string_view name, definition;
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(link, name, definition, owner);
};
struct MapChanged {
  map_id map;
  std::uint32_t version = 0;
  std::string_view definition;
  DW_FIELDS(map, version, definition);
};
struct MapDeleted {
  map_id map;
  DW_FIELDS(map);
};
// The columns of a table as the app describes them; record images refer to it by its sequence.
struct SchemaObserved {
  app_id app;
  std::string_view table;
  blob schema;
  DW_FIELDS(app, table, schema);
};

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
  DW_FIELDS(map);
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
  DW_FIELDS(map, master, legs);
};
struct LegStarted {
  map_id map;
  execution_id execution;
  direction way = direction::left_to_right;
  std::uint64_t expected_rows = 0;  // about; zero where the source did not say
  DW_FIELDS(map, execution, way, expected_rows);
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
  DW_FIELDS(map, request);
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

struct CapturedTable {
  schema_id schema;
  std::vector<map_id> maps;
  DW_FIELDS(schema, maps);
};
// The capture of one side of a link begins (again), with these tables and for these maps: what an
// unfinished transaction of the app had brought before is void.
struct CaptureStarted {
  link_id link;
  side of = side::left;
  app_id app;
  std::uint64_t incarnation = 0, commit = 0;
  std::vector<CapturedTable> tables;
  DW_FIELDS(link, of, app, incarnation, commit, tables);
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
  DW_FIELDS(link, way, lane, session, batch, behind, position, maps, places, reverse_passed);
};
struct RecordSkipped {
  map_id map;
  direction way = direction::left_to_right;
  sequence record;
  skip_reason reason = skip_reason::superseded;
  sequence by;
  bool was_parked = false;
  DW_FIELDS(map, way, record, reason, by, was_parked);
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
            copied);
};
// Both sides changed a key without having seen each other's change. `winner` and `loser` are
// records.
struct ConflictDetected {
  map_id map;
  direction way = direction::left_to_right;  // of the record whose delivery found it
  sequence record;
  sequence other;
  bool record_wins = false;
  std::string_view reason;
  blob key;
  DW_FIELDS(map, way, record, other, record_wins, reason, key);
};
// A sync record of the engine's own: the winner's image, on its way to the side where the loser was
// written over it.
struct ConflictResolved {
  link_id link;
  map_id map;
  direction way = direction::left_to_right;  // towards the side that receives the winner
  sequence winner;
  instant committed_at;  // of the winner
  bool removes = false;
  blob key;
  blob image;  // row image of the target's own table
  schema_id schema;
  DW_FIELDS(link, map, way, winner, committed_at, removes, key, image, schema);
};
struct RetryRequested {
  map_id map;
  bool all = false;
  std::vector<sequence> records;
  DW_FIELDS(map, all, records);
};
struct RetrySucceeded {
  map_id map;
  direction way = direction::left_to_right;
  sequence record;
  DW_FIELDS(map, way, record);
};
struct RetryFailed {
  map_id map;
  direction way = direction::left_to_right;
  sequence record;
  park_state state = park_state::failed;
  fault_class kind = fault_class::none;
  std::string_view code, text, column;
  sequence waits_for;
  DW_FIELDS(map, way, record, state, kind, code, text, column, waits_for);
};
struct ParkedDeleted {
  map_id map;
  std::vector<KeyGivenUp> records;
  DW_FIELDS(map, records);
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
  DW_FIELDS(link, way, lanes, places, taken_back, reparked, unparked, unskipped);
};

struct AlertRuleCreated {
  link_id link;
  std::string_view name;
  std::vector<fault_class> classes;
  std::uint32_t count = 0;
  std::uint64_t within_us = 0;
  alert_action action = alert_action::none;
  std::string_view notify;  // mail addresses, with commas between them
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(link, name, classes, count, within_us, action, notify, owner);
};
struct AlertRuleDeleted {
  rule_id rule;
  DW_FIELDS(rule);
};
struct AlertFired {
  rule_id rule;
  std::uint32_t count = 0;
  DW_FIELDS(rule, count);
};
struct AlertResolved {
  rule_id rule;
  DW_FIELDS(rule);
};

struct CommandRefused {
  std::string_view command;
  std::uint16_t code = 0;
  std::string_view detail;
  DW_FIELDS(command, code, detail);
};
struct EngineStarted {
  std::string_view version;
  DW_FIELDS(version);
};
struct EngineStopped {
  std::uint8_t reason = 0;
  DW_FIELDS(reason);
};
struct LogTailTrimmed {
  std::string_view detail;
  DW_FIELDS(detail);
};

struct AppRenamed {
  app_id app;
  std::string_view name;
  DW_FIELDS(app, name);
};
struct LinkRenamed {
  link_id link;
  std::string_view name;
  DW_FIELDS(link, name);
};
// A link without maps goes.
struct LinkDeleted {
  link_id link;
  DW_FIELDS(link);
};
// The same definition under another name: its version stays.
struct MapRenamed {
  map_id map;
  std::string_view name, definition;
  DW_FIELDS(map, name, definition);
};
struct AlertRuleChanged {
  rule_id rule;
  std::string_view name;
  std::vector<fault_class> classes;
  std::uint32_t count = 0;
  std::uint64_t within_us = 0;
  alert_action action = alert_action::none;
  std::string_view notify;
  DW_FIELDS(rule, name, classes, count, within_us, action, notify);
};
// Of one of the three.
struct OwnerChanged {
  link_id link;
  map_id map;
  rule_id rule;
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(link, map, rule, owner);
};

using any_event = std::variant<std::monostate
#define DW_EVENT(number, name) , name
#include "events/catalogue.def"
#undef DW_EVENT
                               >;

// The type of an event struct: the place of its name in the catalogue.
template <class Event>
inline constexpr event_type type_of = event_type::none;
#define DW_EVENT(number, name) \
  template <>                  \
  inline constexpr event_type type_of<name> = event_type::name;
#include "events/catalogue.def"
#undef DW_EVENT

}  // namespace dualwrite
