// What becomes of records that were parked.
#pragma once

#include <string_view>
#include <vector>

#include "events/event_types.h"
#include "events/fields.h"
#include "events/ids.h"
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
  DW_FIELDS(map, way, record);
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
  DW_FIELDS(map, way, record, state, kind, code, text, column, waits_for);
};
struct ParkedDeleted {
  map_id map;
  std::vector<KeyGivenUp> records;
  DW_FIELDS(map, records);
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
