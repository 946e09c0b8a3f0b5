// The drift list: keys of a map whose last accepted record did not reach the target and no longer
// waits.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"
#include "projections/delivery.h"

namespace dualwrite::projections {

// Discarded: every record of the map in this range of the log that was not settled. The
// keys are read from the log when they are asked for; the fold costs the same for one record and
// for a million.
struct drift_range {
  sequence behind, to;
  DW_FIELDS(behind, to);
};

struct drift_key {
  sequence record;  // that was given up
  sequence since;
  DW_FIELDS(record, since);
};

struct drift_row {
  std::map<std::string, drift_key> keys;
  std::map<sequence, sequence>
      deleted;                         // records that an admin gave up, never delivered again, and
                                       // since when
  std::vector<drift_range> ranges;     // by a stop
  std::vector<drift_range> discarded;  // by going on without the queue: never delivered again
  DW_FIELDS(keys, deleted, ranges, discarded);
};

// Fed by ParkedDeleted, ParkedPurged, MapStopped, MapResumed, RetrySucceeded, RecordSkipped (of a
// delete) and DriftCleared; a finished initial sync clears what was given up before it, unless it
// was one of errored rows alone.
struct drift {
  static constexpr std::string_view name = "drift";
  static constexpr int version = 4;

  std::map<map_way, drift_row> rows;
  std::set<map_id> errored_only;  // those whose latest initial sync is of errored rows alone
  DW_FIELDS(rows, errored_only);

  void fold(event_view const& event);
  bool was_given_up(map_way of, sequence record) const;
  // Whether the key is listed for a record before this one.
  bool was_given_up_before(map_way of, std::string const& key, sequence record) const;
  bool lists(map_id map, std::string const& key) const;
};

}  // namespace dualwrite::projections
