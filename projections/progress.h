// Initial syncs: executions, legs and chunks. The chunks of a map's last execution are also the
// gate that tells which live records a copy had already seen.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

struct chunk_row {
  std::string first_key;  // the keys it covers: behind this one ...
  std::string last_key;   // ... up to and with this one; without end for the last chunk
  bool last = false;
  source_position snapshot;
  sequence records;  // the RecordsCaptured event; its rows follow each other in key order
  std::uint32_t count = 0;
  lane_id lane;
  batch_number batch;
  bool copied = false;  // false: its rows are in the log, but not yet settled
  DW_FIELDS(first_key,
            last_key,
            last,
            snapshot.incarnation,
            snapshot.commit,
            records,
            count,
            lane,
            batch,
            copied);
};

struct leg_row {
  direction way = direction::left_to_right;
  instant started, finished;
  bool done = false;
  std::vector<chunk_row> chunks;
  std::uint64_t rows = 0;
  std::uint64_t expected_rows = 0;  // about, as the leg began
  DW_FIELDS(way, started, finished, done, chunks, rows, expected_rows);

  // The chunk that covers this key, or none.
  chunk_row const* covering(std::string_view key) const;
};

struct execution_row {
  map_id map;
  side master = side::left;
  instant started, finished;
  bool open = true;
  end_state state = end_state::interrupted;
  std::uint64_t failed = 0;
  std::vector<leg_row> legs;
  DW_FIELDS(map, master, started, finished, open, state, failed, legs);

  leg_row const* leg(direction way) const;
};

// A row that was read again: changes that it had already seen must not follow it.
struct reread_row {
  link_id link;
  source_position snapshot;
  sequence record;
  sequence passed_at;  // the first capture beyond the snapshot; behind it nothing can be older
  DW_FIELDS(link, snapshot.incarnation, snapshot.commit, record, passed_at);
};

// Fed by InitialSyncStarted ... InitialSyncCompleted and the captures of chunks. The last execution
// of a map keeps its chunks; older ones keep their counts.
struct progress {
  static constexpr std::string_view name = "progress";
  static constexpr int version = 2;

  std::map<execution_id, execution_row> executions;
  std::map<map_id, execution_id> latest;
  std::map<std::pair<map_id, direction>, std::map<std::string, reread_row>> rereads;
  DW_FIELDS(executions, latest, rereads);

  void fold(event_view const& event);
  execution_row const* of(map_id map) const;
  reread_row const* reread_of(std::pair<map_id, direction> of, std::string const& key) const;
};

}  // namespace dualwrite::projections
