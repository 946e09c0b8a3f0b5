// What becomes of records that were parked.
#pragma once

#include <string_view>
#include <vector>

#include "events/event_types.h"
#include "events/fields.h"
#include "events/ids.h"
#include "events/instant.h"
#include "events/map_events.h"

namespace dualwrite {

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
  blob amended;  // the key, where values of an admin took the place of its own
  DW_FIELDS(map, way, record, amended);
};
// A retry wrote its record, which had ended otherwise meanwhile: deleted, or beaten by a change of
// the other side. It settles nothing; it tells the write's echo from a change of the app's own.
struct RetryOvertaken {
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
  sequence against;  // this and the next as in RecordParked
  blob taken_by;
  DW_FIELDS(map, way, record, state, kind, code, text, column, waits_for, against, taken_by);
};
struct ParkedDeleted {
  map_id map;
  std::vector<KeyGivenUp> records;
  DW_FIELDS(map, records);
};
struct RecordNamed {
  direction way = direction::left_to_right;
  sequence record;
  DW_FIELDS(way, record);
};
// Somebody decided what the two sides disagree about: the change of this side is kept, `records`
// are tried again.
struct ConflictDecided {
  map_id map;
  sequence conflict;  // the first of its records
  side kept = side::left;
  std::vector<RecordNamed> records;
  DW_FIELDS(map, conflict, kept, records);
};
// What is left of a retry is not tried any more.
struct RetryCancelled {
  map_id map;
  sequence request;
  DW_FIELDS(map, request);
};
// `text` is how the value is written; it is read by the column's type when the record is tried.
struct AmendedColumn {
  std::string_view name, text;
  bool is_null = false;
  DW_FIELDS(name, text, is_null);
};
// Values of the target's columns that take the place of the record's own when it is retried.
struct ParkedAmended {
  map_id map;
  direction way = direction::left_to_right;
  sequence record;
  std::vector<AmendedColumn> columns;
  DW_FIELDS(map, way, record, columns);
};
// These are to be purged soon: if their map goes on running, from this time on.
struct PurgeAnnounced {
  map_id map;
  std::vector<RecordNamed> records;
  instant at;
  DW_FIELDS(map, records, at);
};
// Records that nobody took care of for so long as their map keeps errors are given up; `unlisted`
// had ended before and are not listed any more.
struct ParkedPurged {
  map_id map;
  std::vector<KeyGivenUp> records;
  std::vector<RecordNamed> unlisted;
  std::string_view file{};  // that they were written to before, where the map asks for it
  DW_FIELDS(map, records, unlisted, file);
};
// What is to be purged could not be written to a file before, and so it stays.
struct ErrorExportFailed {
  map_id map;
  std::string_view file, detail;
  DW_FIELDS(map, file, detail);
};
// A whole record of a key on the drift list arrived after the one that was given up.
struct DriftCleared {
  map_id map;
  direction way = direction::left_to_right;
  sequence record;
  blob key;
  DW_FIELDS(map, way, record, key);
};

}  // namespace dualwrite
