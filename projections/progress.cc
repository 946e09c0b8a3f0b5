#include "projections/progress.h"

#include <algorithm>

namespace dualwrite::projections {
namespace {

struct progress_fold {
  progress& view;
  event_view const& event;

  execution_row* find(execution_id id) {
    auto const found = view.executions.find(id);
    return found == view.executions.end() ? nullptr : &found->second;
  }
  leg_row* find(execution_id id, direction way) {
    auto* execution = find(id);
    if (execution == nullptr) return nullptr;
    for (auto& leg : execution->legs) {
      if (leg.way == way) return &leg;
    }
    return nullptr;
  }
  void close(execution_row& execution, end_state state) {
    if (!execution.open) return;
    execution.open = false;
    execution.state = state;
    execution.finished = event.recorded_at;
  }

  // Of an execution and of those that it completed.
  void forget_chunks(execution_id id) {
    for (auto* row = find(id); row != nullptr; row = find(row->before)) {
      for (auto& leg : row->legs) {
        leg.chunks.clear();
        for (auto& range : leg.ranges) range.chunks.clear();
      }
    }
  }
  // The chunk of an initial sync that holds this record and whose outcome is being told.
  std::pair<leg_row*, chunk_row*> chunk_told(map_id map, direction way, sequence record) {
    auto const latest = view.latest.find(map);
    auto* leg = latest == view.latest.end() ? nullptr : find(latest->second, way);
    if (leg == nullptr) return {};
    for (auto const& range : leg->ranges) {
      if (range.chunks.empty()) continue;
      auto& chunk = leg->chunks[range.chunks.back()];
      bool const holds = record >= chunk.records && record < chunk.records + chunk.count;
      if (holds && !chunk.copied) return {leg, &chunk};
    }
    return {};
  }

  // The second pass of a copy tries again what waited for rows that came later.
  std::pair<leg_row*, chunk_row*> chunk_of_second_pass(map_id map, direction way, sequence record) {
    auto const latest = view.latest.find(map);
    auto* execution = latest == view.latest.end() ? nullptr : find(latest->second);
    auto* leg = execution == nullptr || !execution->open ? nullptr : find(latest->second, way);
    if (leg == nullptr || !leg->done) return {};
    for (auto const& range : leg->ranges) {
      // The last chunk may have no rows, and then it has no records either.
      auto end = range.chunks.end();
      if (!range.chunks.empty() && !leg->chunks[range.chunks.back()].records) --end;
      auto const behind = std::upper_bound(
          range.chunks.begin(), end, record, [&](sequence at, std::uint32_t chunk) {
            return at < leg->chunks[chunk].records;
          });
      if (behind == range.chunks.begin()) continue;
      auto& chunk = leg->chunks[*std::prev(behind)];
      if (chunk.records && record < chunk.records + chunk.count) return {leg, &chunk};
    }
    return {};
  }
  void move_from_waiting(map_id map,
                         direction way,
                         sequence record,
                         std::uint64_t copy_counts::*to) {
    auto const [leg, chunk] = chunk_of_second_pass(map, way, record);
    if (chunk == nullptr || chunk->counts.waiting == 0) return;
    for (auto* counts : {&leg->counts, &chunk->counts}) {
      --counts->waiting;
      ++(counts->*to);
    }
  }
  void operator()(RetrySucceeded const& e) {
    move_from_waiting(e.map, e.way, e.record, &copy_counts::inserted);
  }
  void operator()(RetryFailed const& e) {
    if (e.state == park_state::failed)
      move_from_waiting(e.map, e.way, e.record, &copy_counts::failed);
  }

  void operator()(InitialSyncStarted const& e) {
    execution_id const id{event.at.value};
    auto const latest = view.latest[e.map];
    if (auto* before = find(latest)) close(*before, end_state::interrupted);
    execution_row row;
    row.mode = e.mode;
    if (is_partial(e.mode)) {
      row.before = latest;
    } else {
      forget_chunks(latest);
    }
    row.map = e.map;
    row.master = e.master;
    row.started = event.recorded_at;
    for (auto const way : e.legs) {
      leg_row leg;
      leg.way = way;
      row.legs.push_back(std::move(leg));
    }
    view.executions[id] = std::move(row);
    view.latest[e.map] = id;
  }
  void operator()(LegStarted const& e) {
    auto* leg = find(e.execution, e.way);
    if (leg == nullptr) return;
    leg->started = event.recorded_at;
    leg->expected_rows = e.expected_rows;
    leg->ranges.clear();
    for (auto const& split : e.splits)
      leg->ranges.push_back({std::string(split.last_key.bytes), {}});
    leg->ranges.emplace_back();
  }
  void operator()(RecordsCaptured const& e) {
    if (e.kind == capture_kind::live) return pass_rereads(e);
    if (e.kind == capture_kind::reread) {
      auto& rows = view.rereads[{e.map, direction_from(e.of)}];
      rows[std::string(e.first_key.bytes)] = {e.link, {e.incarnation, e.commit}, event.at, {}};
      return;
    }
    auto* leg = find(e.execution, direction_from(e.of));
    if (leg == nullptr) return;
    chunk_row chunk;
    chunk.first_key = e.first_key.bytes;
    chunk.last_key = e.last_key.bytes;
    chunk.last = e.last_chunk;
    chunk.snapshot = {e.incarnation, e.commit};
    chunk.records = event.at;
    chunk.count = e.count;
    add_chunk(*leg, std::move(chunk));
  }
  chunk_row& add_chunk(leg_row& leg, chunk_row chunk) {
    auto& range = leg.ranges[leg.range_behind(chunk.first_key)];
    range.chunks.push_back(static_cast<std::uint32_t>(leg.chunks.size()));
    return leg.chunks.emplace_back(std::move(chunk));
  }
  void pass_rereads(RecordsCaptured const& e) {
    for (auto& [of, rows] : view.rereads) {
      if (of.second != direction_from(e.of)) continue;
      for (auto& [key, row] : rows) {
        if (row.link == e.link && !row.passed_at && e.commit > row.snapshot.commit)
          row.passed_at = event.at;
      }
    }
  }
  void operator()(RecordsApplied const& e) {
    for (auto const& counts : e.maps) {
      auto const latest = view.latest.find(counts.map);
      auto* leg = latest == view.latest.end() ? nullptr : find(latest->second, e.way);
      if (leg != nullptr && !leg->done) {
        leg->told = {e.lane, e.batch, {}};
        leg->told.counts.inserted = counts.inserted;
        leg->told.counts.updated = counts.updated;
        leg->told.counts.equal = counts.equal;
        leg->told.counts.filtered = counts.filtered;
      }
      auto const found = view.rereads.find({counts.map, e.way});
      if (found == view.rereads.end()) continue;
      std::erase_if(found->second, [&](auto const& row) {
        return row.second.passed_at && row.second.passed_at <= e.position;
      });
      if (found->second.empty()) view.rereads.erase(found);
    }
  }
  void operator()(RecordSkipped const& e) {
    auto const [leg, chunk] = chunk_told(e.map, e.way, e.record);
    if (chunk == nullptr || e.reason != skip_reason::kept) return;
    ++chunk->counts.kept;
    ++leg->counts.kept;
  }
  void operator()(RecordParked const& e) {
    auto const [leg, chunk] = chunk_told(e.map, e.way, e.record);
    if (chunk == nullptr) return;
    bool const failed = e.state == park_state::failed;
    ++(failed ? chunk->counts.failed : chunk->counts.waiting);
    ++(failed ? leg->counts.failed : leg->counts.waiting);
  }
  void operator()(ChunkCopied const& e) {
    auto* leg = find(e.execution, e.way);
    if (leg == nullptr) return;
    auto const& range = leg->ranges[leg->range_behind(e.first_key.bytes)];
    if (e.records && range.chunks.empty()) return;
    auto& chunk = e.records ? leg->chunks[range.chunks.back()] : add_empty(*leg, e);
    chunk.lane = e.lane;
    chunk.batch = e.batch;
    chunk.copied = true;
    if (leg->told.lane == e.lane && leg->told.batch == e.batch) {
      chunk.counts += leg->told.counts;
      leg->counts += leg->told.counts;
    }
    leg->rows += chunk.count;
  }
  // A chunk without rows: nothing was captured, the keys are covered all the same.
  chunk_row& add_empty(leg_row& leg, ChunkCopied const& e) {
    chunk_row chunk;
    chunk.first_key = e.first_key.bytes;
    chunk.last_key = e.last_key.bytes;
    chunk.last = e.last;
    chunk.snapshot = {e.incarnation, e.snapshot};
    return add_chunk(leg, std::move(chunk));
  }
  void operator()(LegCompleted const& e) {
    auto* leg = find(e.execution, e.way);
    if (leg == nullptr) return;
    leg->done = true;
    leg->finished = event.recorded_at;
  }
  void operator()(InitialSyncCompleted const& e) {
    auto* execution = find(e.execution);
    if (execution == nullptr) return;
    if (!execution->open) {
      // What had failed is settled since.
      execution->state = e.state;
      return;
    }
    execution->failed = e.failed;
    close(*execution, e.state);
  }
  void operator()(MapStopped const& e) {
    view.rereads.erase({e.map, direction::left_to_right});
    view.rereads.erase({e.map, direction::right_to_left});
    auto const latest = view.latest[e.map];
    forget_chunks(latest);
    if (auto* execution = find(latest)) close(*execution, end_state::interrupted);
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

void progress::fold(event_view const& event) {
  std::visit(progress_fold{*this, event}, event.body);
}

execution_row const* progress::of(map_id map) const {
  auto const id = latest.find(map);
  if (id == latest.end()) return nullptr;
  auto const found = executions.find(id->second);
  return found == executions.end() ? nullptr : &found->second;
}

execution_row const* progress::before(execution_row const& partial) const {
  auto const found = executions.find(partial.before);
  return found == executions.end() ? nullptr : &found->second;
}

execution_id progress::execution_of(map_id map, sequence record) const {
  auto next = executions.upper_bound(execution_id{record.value});
  while (next != executions.begin()) {
    --next;
    if (next->second.map == map) return next->first;
  }
  return {};
}

reread_row const* progress::reread_of(std::pair<map_id, direction> of,
                                      std::string const& key) const {
  auto const rows = rereads.find(of);
  if (rows == rereads.end()) return nullptr;
  auto const found = rows->second.find(key);
  return found == rows->second.end() ? nullptr : &found->second;
}

std::uint64_t progress::read_upto(link_id link,
                                  std::map<map_id, link_id> const& links,
                                  side of,
                                  std::uint64_t incarnation) const {
  std::uint64_t out = 0;
  auto const take = [&](source_position snapshot) {
    if (snapshot.incarnation == incarnation) out = std::max(out, snapshot.commit);
  };
  for (auto const& [id, execution] : executions) {
    auto const its = links.find(execution.map);
    if (its == links.end() || its->second != link) continue;
    for (auto const& leg : execution.legs) {
      for (auto const& chunk : leg.chunks) {
        if (source_of(leg.way) == of) take(chunk.snapshot);
      }
    }
  }
  for (auto const& [of_map, rows] : rereads) {
    for (auto const& [key, row] : rows) {
      if (row.link == link && source_of(of_map.second) == of) take(row.snapshot);
    }
  }
  return out;
}

leg_row const* execution_row::leg(direction way) const {
  for (auto const& one : legs) {
    if (one.way == way) return &one;
  }
  return nullptr;
}

chunk_row const* leg_row::covering(std::string_view key) const {
  auto const range = std::partition_point(ranges.begin(), ranges.end(), [&](range_row const& one) {
    return !one.until.empty() && one.until < key;
  });
  auto const found =
      std::partition_point(range->chunks.begin(), range->chunks.end(), [&](std::uint32_t chunk) {
        return !chunks[chunk].last && chunks[chunk].last_key < key;
      });
  if (found == range->chunks.end() || key <= chunks[*found].first_key) return nullptr;
  return &chunks[*found];
}

std::size_t leg_row::range_behind(std::string_view key) const {
  auto const range = std::partition_point(ranges.begin(), ranges.end(), [&](range_row const& one) {
    return !one.until.empty() && one.until <= key;
  });
  return static_cast<std::size_t>(range - ranges.begin());
}

std::string const& leg_row::start_of(std::size_t range) const {
  static std::string const before_all;
  return range == 0 ? before_all : ranges[range - 1].until;
}

chunk_row const* leg_row::last_chunk(std::size_t range) const {
  auto const& its = ranges[range].chunks;
  return its.empty() ? nullptr : &chunks[its.back()];
}

bool leg_row::is_copied(std::size_t range) const {
  auto const* chunk = last_chunk(range);
  return chunk != nullptr && chunk->last && chunk->copied;
}

}  // namespace dualwrite::projections
