// Conflicts between the two sides' changes, and what they come to. Somebody's decision is among the
// events of retries.
#pragma once

#include <string_view>
#include <vector>

#include "events/event_types.h"
#include "events/fields.h"
#include "events/ids.h"
#include "events/instant.h"
#include "events/map_events.h"

namespace dualwrite {

// A column of the record's own table.
struct ClashingColumn {
  std::string_view name;
  bool record_wins = false;
  DW_FIELDS(name, record_wins);
};
// Both sides changed a key without having seen each other's change; or they gave two keys the same
// value where it must be unique. Images are rows of the apps that the records come from; empty
// where there is none.
struct ConflictDetected {
  map_id map;
  direction way = direction::left_to_right;  // of the record whose delivery found it
  sequence record;
  sequence other;
  bool record_wins = false;
  std::string_view reason;
  blob key;
  bool undecided = false;               // nobody wins yet: the key is held
  std::vector<ClashingColumn> columns;  // where each side wins some of them
  blob record_image;
  schema_id record_schema;
  blob other_image;
  schema_id other_schema;
  blob agreed_image;          // the record's row before
  bool other_parked = false;  // where each side wins some columns
  blob other_key;             // of the other record, where they clash in a value: nothing is held
  std::vector<sequence> beats_too;  // more of the other side that it wins against, for that reason
  DW_FIELDS(map,
            way,
            record,
            other,
            record_wins,
            reason,
            key,
            undecided,
            columns,
            record_image,
            record_schema,
            other_image,
            other_schema,
            agreed_image,
            other_parked,
            other_key,
            beats_too);
};
// A sync record of the engine's own: the winner's image, on its way to the side where the loser was
// written over it; or the undoing of the loser's change, which makes room for the winner.
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
  bool crosses = false;         // the winner comes from the other side: its record is mapped anew
  bool undoes = false;          // `winner` is the loser: its row becomes again what it was before
  std::vector<sequence> frees;  // parked records of this direction that wait for that
  DW_FIELDS(
      link, map, way, winner, committed_at, removes, key, image, schema, crosses, undoes, frees);
};
// What was decided of a record that comes again.
struct WonInPart {
  map_id map;
  sequence record;
  std::vector<ClashingColumn> columns;
  DW_FIELDS(map, record, columns);
};

}  // namespace dualwrite
