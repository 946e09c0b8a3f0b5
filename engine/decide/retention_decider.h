// When parked records are given up because nobody took care of them. Time counts only while their
// map runs.
#pragma once

#include <map>
#include <optional>

#include "engine/decide/map_decider.h"

namespace dualwrite::engine {

// For how long each map keeps its errors.
using kept_spans = std::map<map_id, duration>;

// Of a map whose errors are written to a file before they are purged: which have been, just now.
struct written_errors {
  std::string file{};
  std::vector<RecordNamed> records{};
};
using written_by_map = std::map<map_id, written_errors>;

// How long before a purge it is announced.
[[nodiscard]] duration announced_before(duration kept);

// When something is next to be announced, purged or no longer listed, if nothing else happens; none
// where nothing is. What is to be purged of a map in `resting` rests until then.
[[nodiscard]] std::optional<instant> next_retention(projections::views const& state,
                                                    kept_spans const& kept,
                                                    std::map<map_id, instant> const& resting = {});

// Of a map what is to be purged by now, at most so many.
[[nodiscard]] std::vector<RecordNamed> due_purges(
    projections::views const& state, map_id map, duration kept, instant now, std::size_t limit);

// What is due now: PurgeAnnounced, and ParkedPurged for what was announced in time. Records that
// wait for others, or that are being retried, are left alone. Of a map in `written` only those are
// purged that have been.
[[nodiscard]] drafts decide_retention(projections::views const& state,
                                      kept_spans const& kept,
                                      instant now,
                                      written_by_map const& written = {});

// When the record is purged if its map goes on running and nobody does anything about it; none
// where the map's clock stands still.
[[nodiscard]] std::optional<instant> purge_time(projections::views const& state,
                                                map_id map,
                                                projections::parked_row const& row,
                                                duration kept);

}  // namespace dualwrite::engine
