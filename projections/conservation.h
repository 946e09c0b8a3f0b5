// Where every captured record of a map went: what came in equals what was settled, is parked, or
// waits in the queue.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"
#include "projections/delivery.h"

namespace dualwrite::projections {

// When an event of the queue was captured.
struct time_mark {
  sequence at;
  instant when;
  std::uint64_t bytes = 0;  // captured up to and with it
  DW_FIELDS(at, when, bytes);
};

struct sums_row {
  std::uint64_t captured = 0;
  std::uint64_t inserted = 0, updated = 0, removed = 0, equal = 0, filtered = 0;
  std::uint64_t superseded = 0, conflict_lost = 0, kept = 0;
  std::uint64_t deleted = 0, purged = 0, discarded = 0;
  std::uint64_t parked = 0;
  instant last_captured, last_settled;
  // Some of what waits, the oldest first: enough to tell how long it has been waiting.
  std::deque<time_mark> marks;
  // Of records as they were captured: all of them, and those that left the queue.
  std::uint64_t bytes_captured = 0, bytes_left = 0;
  DW_FIELDS(captured,
            inserted,
            updated,
            removed,
            equal,
            filtered,
            superseded,
            conflict_lost,
            kept,
            deleted,
            purged,
            discarded,
            parked,
            last_captured,
            last_settled,
            marks,
            bytes_captured,
            bytes_left);

  std::uint64_t settled() const {
    return inserted + updated + removed + equal + filtered + superseded + conflict_lost + kept +
           deleted + purged + discarded;
  }
  // Captured and neither settled nor parked. Signed, so that a broken sum shows.
  std::int64_t queued() const {
    return static_cast<std::int64_t>(captured) - static_cast<std::int64_t>(settled() + parked);
  }
  // Since when the oldest record behind `position` waits, to a hundredth of the time that the queue
  // has been growing; `now` where none does.
  instant waits_since(sequence position, instant now) const;
  // Of what waits, as exact as that time.
  std::uint64_t queued_bytes() const { return queued() <= 0 ? 0 : bytes_captured - bytes_left; }
};

// What a map got of a source transaction whose last part was not captured yet.
struct open_share {
  map_id map;
  std::uint64_t records = 0, bytes = 0;
  DW_FIELDS(map, records, bytes);
};
struct open_row {
  sequence since;  // its first part
  std::vector<open_share> shares;
  DW_FIELDS(since, shares);
};

// Fed by captures, outcomes, parking and its ends. Costs per event, never per record.
struct conservation {
  static constexpr std::string_view name = "conservation";
  static constexpr int version = 3;

  std::map<map_way, sums_row> sums;
  // Who gets the records of a table: what CaptureStarted said last.
  std::map<std::tuple<link_id, side, schema_id>, std::vector<map_id>> takers;
  // Transactions that are captured in part: where the capture begins again they count for nothing.
  std::map<std::pair<link_id, side>, open_row> open;
  DW_FIELDS(sums, takers, open);

  void fold(event_view const& event);
};

}  // namespace dualwrite::projections
