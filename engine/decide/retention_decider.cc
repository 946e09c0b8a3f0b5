#include "engine/decide/retention_decider.h"

#include <algorithm>

namespace dualwrite::engine {
namespace {

using projections::by_clock;
using projections::map_way;

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};
// One event does not grow without end; what is left is due at once.
constexpr std::size_t records_max = 10'000;

// The map's clock, where it runs.
projections::run_clock const* running(projections::views const& state, map_id map) {
  auto const clock = state.parked.clocks.find(map);
  bool const runs = clock != state.parked.clocks.end() && clock->second.runs;
  return runs ? &clock->second : nullptr;
}

struct retention {
  projections::views const& state;
  map_id map;
  duration kept;
  std::int64_t clock_us = 0;
  instant now{};
  written_errors const* written = nullptr;  // where the map wants it

  PurgeAnnounced announced{map, {}, now + announced_before(kept)};
  ParkedPurged purged{map, {}, {}, {}};

  bool has_room() const {
    return announced.records.size() + purged.records.size() + purged.unlisted.size() < records_max;
  }
  void announce(map_way of) {
    auto const first = clock_us - (kept - announced_before(kept)).count();
    for (auto const& [failed_at, record] : state.parked.failed(of)) {
      if (failed_at > first || !has_room()) return;
      announced.records.push_back({of.second, record});
    }
  }
  // Where the map keeps its errors longer by now, they are announced anew.
  void purge(map_way of) {
    for (auto const& [purge_at, record] : state.parked.announced(of)) {
      if (purge_at > clock_us || !has_room()) return;
      auto const& row = *state.parked.find(of, record);
      if (row.failed_at_us + kept.count() <= clock_us) {
        if (!may_purge(of.second, record)) continue;
        purged.records.push_back({of.second, record, blob{row.key}});
      } else {
        announced.records.push_back({of.second, record});
        announced.at =
            std::max(announced.at, now + (duration{row.failed_at_us + kept.count() - clock_us}));
      }
    }
  }
  bool may_purge(direction way, sequence record) const {
    if (written == nullptr) return true;
    return std::any_of(
        written->records.begin(), written->records.end(), [&](RecordNamed const& one) {
          return one.way == way && one.record == record;
        });
  }
  void unlist(map_way of) {
    for (auto const& [ended_at, record] : state.parked.ended_since(of)) {
      if (ended_at + kept.count() > clock_us || !has_room()) return;
      purged.unlisted.push_back({of.second, record});
    }
  }
};

}  // namespace

duration announced_before(duration kept) {
  return kept / 4;
}

std::optional<instant> next_retention(projections::views const& state,
                                      kept_spans const& kept,
                                      std::map<map_id, instant> const& resting) {
  std::optional<instant> next;
  auto const consider =
      [&](projections::run_clock const& clock, by_clock const& rows, duration span, instant from) {
        if (rows.empty()) return;
        auto const due = std::max(from, clock.when(rows.begin()->first + span.count()));
        next = next ? std::min(*next, due) : due;
      };
  for (auto const& [map, span] : kept) {
    auto const* clock = running(state, map);
    if (clock == nullptr) continue;
    auto const rests = resting.find(map);
    auto const rested = rests == resting.end() ? instant{} : rests->second;
    for (auto const way : both_ways) {
      consider(*clock, state.parked.failed({map, way}), span - announced_before(span), {});
      consider(*clock, state.parked.announced({map, way}), duration{}, rested);
      consider(*clock, state.parked.ended_since({map, way}), span, {});
    }
  }
  return next;
}

std::vector<RecordNamed> due_purges(
    projections::views const& state, map_id map, duration kept, instant now, std::size_t limit) {
  std::vector<RecordNamed> out;
  auto const* clock = running(state, map);
  if (clock == nullptr) return out;
  retention due{state, map, kept, clock->at(now), now};
  for (auto const way : both_ways) due.purge({map, way});
  for (auto const& one : due.purged.records) {
    if (out.size() < limit) out.push_back({one.way, one.record});
  }
  return out;
}

drafts decide_retention(projections::views const& state,
                        kept_spans const& kept,
                        instant now,
                        written_by_map const& written) {
  drafts out;
  for (auto const& [map, span] : kept) {
    auto const* clock = running(state, map);
    auto const* row = state.status.find(map);
    if (clock == nullptr || row == nullptr) continue;
    retention due{state, map, span, clock->at(now), now};
    if (auto const exported = written.find(map); exported != written.end()) {
      due.written = &exported->second;
      due.purged.file = exported->second.file;
    }
    for (auto const way : both_ways) {
      due.purge({map, way});
      due.announce({map, way});
      due.unlist({map, way});
    }
    stream_id const stream{stream_kind::map, map.value};
    if (!due.announced.records.empty()) out.push_back(draft(stream, row->link, due.announced));
    if (!due.purged.records.empty() || !due.purged.unlisted.empty())
      out.push_back(draft(stream, row->link, due.purged));
  }
  return out;
}

std::optional<instant> purge_time(projections::views const& state,
                                  map_id map,
                                  projections::parked_row const& row,
                                  duration kept) {
  auto const* clock = running(state, map);
  if (clock == nullptr || row.state != park_state::failed) return std::nullopt;
  return clock->when(std::max(row.failed_at_us + kept.count(), row.purge_at_us));
}

}  // namespace dualwrite::engine
