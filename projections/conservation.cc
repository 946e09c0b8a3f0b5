#include "projections/conservation.h"

#include <algorithm>

namespace dualwrite::projections {
namespace {

// Marks are a second apart at least, and further where the queue grows for long.
constexpr duration mark_pace = std::chrono::seconds(1);
constexpr std::size_t marks_max = 256;

void thin(std::deque<time_mark>& marks) {
  std::deque<time_mark> kept;
  for (std::size_t i = 0; i < marks.size(); i += 2) kept.push_back(marks[i]);
  marks = std::move(kept);
}

struct conservation_fold {
  conservation& view;
  event_view const& event;

  sums_row& row(map_id map, direction way) { return view.sums[{map, way}]; }

  void operator()(CaptureStarted const& e) {
    take_back_open(e.link, e.of);
    std::erase_if(view.takers, [&](auto const& taker) {
      return std::get<0>(taker.first) == e.link && std::get<1>(taker.first) == e.of;
    });
    for (auto const& table : e.tables) view.takers[{e.link, e.of, table.schema}] = table.maps;
  }
  void capture(map_id map, side of, std::uint32_t count, std::uint64_t bytes) {
    auto& sums = row(map, direction_from(of));
    if (sums.queued() <= 0) {
      sums.marks.clear();
      sums.bytes_left = sums.bytes_captured;
    }
    sums.captured += count;
    sums.bytes_captured += bytes;
    sums.last_captured = event.recorded_at;
    auto& marks = sums.marks;
    if (!marks.empty() && event.recorded_at - marks.back().when < mark_pace) return;
    marks.push_back({event.last(), event.recorded_at, sums.bytes_captured});
    if (marks.size() > marks_max) thin(marks);
  }
  void operator()(RecordsCaptured const& e) {
    std::uint64_t const bytes = e.records.bytes.size();
    if (e.kind != capture_kind::live) return capture(e.map, e.of, e.count, bytes);
    for (auto const& table : e.tables) {
      auto const share = e.count == 0 ? 0 : bytes * table.count / e.count;
      auto const takers = view.takers.find({e.link, e.of, table.schema});
      if (takers == view.takers.end()) continue;
      for (auto const map : takers->second) {
        if (e.map && e.map != map) continue;
        capture(map, e.of, table.count, share);
        if (!e.last) keep_open(e, {map, table.count, share});
      }
    }
    if (e.last) view.open.erase({e.link, e.of});
  }
  void keep_open(RecordsCaptured const& e, open_share const& more) {
    auto& open = view.open[{e.link, e.of}];
    if (!open.since) open.since = event.at;
    auto share = std::find_if(open.shares.begin(), open.shares.end(), [&](auto const& one) {
      return one.map == more.map;
    });
    if (share == open.shares.end()) {
      open.shares.push_back(more);
      return;
    }
    share->records += more.records;
    share->bytes += more.bytes;
  }
  // The source gives the transaction again, from its begin.
  void take_back_open(link_id link, side of) {
    auto const open = view.open.extract({link, of});
    if (open.empty()) return;
    for (auto const& share : open.mapped().shares) {
      auto& sums = row(share.map, direction_from(of));
      sums.captured -= share.records;
      sums.bytes_captured -= share.bytes;
      while (!sums.marks.empty() && sums.marks.back().at >= open.mapped().since)
        sums.marks.pop_back();
    }
  }
  // What the map had is discarded, that of open transactions with it.
  void forget_open(map_id map, side of) {
    for (auto& [from, open] : view.open) {
      if (from.second != of) continue;
      std::erase_if(open.shares, [&](open_share const& one) { return one.map == map; });
    }
  }
  void operator()(ConflictResolved const& e) { capture(e.map, source_of(e.way), 1, 0); }

  void add(map_id map, direction way, MapCounts const& counts, std::uint64_t sign) {
    auto& sums = row(map, way);
    sums.inserted += sign * counts.inserted;
    sums.updated += sign * counts.updated;
    sums.removed += sign * counts.removed;
    sums.equal += sign * counts.equal;
    sums.filtered += sign * counts.filtered;
    sums.last_settled = event.recorded_at;
  }
  void operator()(RecordsApplied const& e) {
    for (auto const& counts : e.maps) {
      add(counts.map, e.way, counts, 1);
      auto& sums = row(counts.map, e.way);
      for (; !sums.marks.empty() && sums.marks.front().at <= e.position; sums.marks.pop_front())
        sums.bytes_left = sums.marks.front().bytes;
    }
  }
  void operator()(RecordSkipped const& e) {
    if (e.was_parked) --row(e.map, e.way).parked;
    skip(e, 1);
  }
  void skip(RecordSkipped const& e, std::uint64_t sign) {
    auto& sums = row(e.map, e.way);
    switch (e.reason) {
      case skip_reason::superseded:
        sums.superseded += sign;
        break;
      case skip_reason::conflict_lost:
        sums.conflict_lost += sign;
        break;
      case skip_reason::kept:
      case skip_reason::delete_skipped:
        sums.kept += sign;
        break;
    }
  }
  void operator()(RecordParked const& e) { ++row(e.map, e.way).parked; }
  void operator()(RetrySucceeded const& e) { --row(e.map, e.way).parked; }
  void operator()(ParkedDeleted const& e) {
    for (auto const& given_up : e.records) {
      auto& sums = row(e.map, given_up.way);
      --sums.parked;
      ++sums.deleted;
    }
  }
  void operator()(ParkedPurged const& e) {
    for (auto const& given_up : e.records) {
      auto& sums = row(e.map, given_up.way);
      --sums.parked;
      ++sums.purged;
    }
  }
  // Where a map goes on without its queue.
  void operator()(MapResumed const& e) {
    for (auto const& place : e.places) {
      auto& sums = row(e.map, place.way);
      sums.discarded += sums.captured - sums.settled() - sums.parked;
      forget_open(e.map, source_of(place.way));
    }
  }
  void operator()(MapStopped const& e) {
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      auto const found = view.sums.find({e.map, way});
      forget_open(e.map, source_of(way));
      if (found == view.sums.end()) continue;
      auto& sums = found->second;
      sums.parked = 0;
      sums.discarded += sums.captured - sums.settled();
    }
    for (auto& [table, maps] : view.takers) std::erase(maps, e.map);
  }
  void operator()(TargetRewound const& e) {
    for (auto const& counts : e.taken_back) add(counts.map, e.way, counts, ~std::uint64_t{0});
    for (auto const& skipped : e.unskipped) skip(skipped, ~std::uint64_t{0});
    for (auto const& gone : e.unparked) --row(gone.map, gone.way).parked;
    for (auto const& back : e.reparked) ++row(back.map, back.way).parked;
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

instant sums_row::waits_since(sequence position, instant now) const {
  if (queued() <= 0) return now;
  for (auto const& mark : marks) {
    if (mark.at > position) return mark.when;
  }
  return last_captured;
}

void conservation::fold(event_view const& event) {
  std::visit(conservation_fold{*this, event}, event.body);
}

}  // namespace dualwrite::projections
