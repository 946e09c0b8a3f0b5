// Initial syncs: executions, legs and chunks. The chunks of a map's last execution are also the
// gate that tells which live records a copy had already seen.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

// What became of copied rows.
struct copy_counts {
  std::uint64_t inserted = 0, updated = 0, equal = 0, filtered = 0;
  std::uint64_t kept = 0;     // the master's row was there
  std::uint64_t failed = 0;   // refused, whatever became of them later
  std::uint64_t waiting = 0;  // for a row that they refer to
  DW_FIELDS(inserted, updated, equal, filtered, kept, failed, waiting);

  copy_counts& operator+=(copy_counts const& more) {
    inserted += more.inserted;
    updated += more.updated;
    equal += more.equal;
    filtered += more.filtered;
    kept += more.kept;
    failed += more.failed;
    waiting += more.waiting;
    return *this;
  }
};

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
  copy_counts counts;
  DW_FIELDS(first_key,
            last_key,
            last,
            snapshot.incarnation,
            snapshot.commit,
            records,
            count,
            lane,
            batch,
            copied,
            counts);
};

// The last outcome that a map was named in: whether it was that of a chunk is said behind it.
struct told_counts {
  lane_id lane;
  batch_number batch;
  copy_counts counts;
  DW_FIELDS(lane, batch, counts);
};

// A part of a table's keys, which is copied chunk behind chunk, beside the other parts.
struct range_row {
  std::string until;                  // the last key of it; of the last range empty: without end
  std::vector<std::uint32_t> chunks;  // in key order
  DW_FIELDS(until, chunks);
};

struct leg_row {
  direction way = direction::left_to_right;
  instant started, finished;
  bool done = false;
  std::vector<chunk_row> chunks;                              // as they were read
  std::vector<range_row> ranges = std::vector<range_row>(1);  // in key order
  std::uint64_t rows = 0;
  std::uint64_t expected_rows = 0;  // about, as the leg began
  copy_counts counts;
  told_counts told;
  DW_FIELDS(way, started, finished, done, chunks, ranges, rows, expected_rows, counts, told);

  // The chunk that covers this key, or none.
  chunk_row const* covering(std::string_view key) const;
  // The range that a chunk behind this key belongs to.
  std::size_t range_behind(std::string_view key) const;
  // The key that it begins behind.
  std::string const& start_of(std::size_t range) const;
  chunk_row const* last_chunk(std::size_t range) const;
  bool is_copied(std::size_t range) const;
};

struct execution_row {
  map_id map;
  side master = side::left;
  instant started, finished;
  bool open = true;
  end_state state = end_state::interrupted;
  std::uint64_t failed = 0;
  std::vector<leg_row> legs;
  run_mode mode = run_mode::automatic;
  execution_id before;  // of a partial one: the one whose other rows stand
  DW_FIELDS(map, master, started, finished, open, state, failed, legs, mode, before);

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

// Fed by InitialSyncStarted ... InitialSyncCompleted, the captures of chunks and what became of
// them. The last execution of a map keeps its chunks, and so do those that it completes; older ones
// keep their counts.
struct progress {
  static constexpr std::string_view name = "progress";
  static constexpr int version = 4;

  std::map<execution_id, execution_row> executions;
  std::map<map_id, execution_id> latest;
  std::map<std::pair<map_id, direction>, std::map<std::string, reread_row>> rereads;
  DW_FIELDS(executions, latest, rereads);

  void fold(event_view const& event);
  execution_row const* of(map_id map) const;
  // The execution whose rows stand beside those of a partial one, or none.
  execution_row const* before(execution_row const& partial) const;
  // The execution of this map that copied the record, or none.
  execution_id execution_of(map_id map, sequence record) const;
  reread_row const* reread_of(std::pair<map_id, direction> of, std::string const& key) const;
  // The furthest snapshot of an incarnation that rows of this side of a link were read from, by its
  // maps; zero: none.
  std::uint64_t read_upto(link_id link,
                          std::map<map_id, link_id> const& links,
                          side of,
                          std::uint64_t incarnation) const;
};

}  // namespace dualwrite::projections
