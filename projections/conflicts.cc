#include "projections/conflicts.h"

namespace dualwrite::projections {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

struct conflict_fold {
  conflicts& view;
  event_view const& event;

  void operator()(ConflictDetected const& e) {
    ++view.counts[e.map];
    auto const loser = e.record_wins ? e.other : e.record;
    auto const winner = e.record_wins ? e.record : e.other;
    if (e.record_wins) view.beaten[{e.map, opposite(e.way)}].emplace(e.other, e.record);
    for (auto const way : both_ways) {
      auto const* pending = view.pending({e.map, way}, std::string(e.key.bytes));
      if (pending == nullptr) continue;
      for (auto const at : *pending) {
        auto& resolution = view.resolutions.at(at);
        if (resolution.winner == loser) resolution.beaten_by = winner;
      }
    }
  }
  // The winner's own delivery goes the other way; it may have been beaten while that was under way.
  void operator()(ConflictResolved const& e) {
    std::string const key(e.key.bytes);
    auto const beaten_by = view.beaten_by({e.map, opposite(e.way)}, e.winner);
    view.resolutions[event.at] = {e.map, e.way, key, e.winner, beaten_by};
    view.by_key[{{e.map, e.way}, key}].insert(event.at);
  }
  void operator()(RecordsApplied const& e) {
    for (auto const& counts : e.maps) {
      map_way const of{counts.map, e.way};
      forget_beaten(of, e.behind);
      settle(of, e.position);
    }
  }
  void operator()(MapStopped const& e) {
    for (auto const way : both_ways) {
      forget_beaten({e.map, way}, event.at);
      settle({e.map, way}, event.at);
      view.decided.erase({e.map, way});
    }
  }
  void operator()(TargetRewound const& e) {
    for (auto const& one : e.unskipped) {
      // What a later record took the place of waits for that one again.
      bool const is_decided = one.reason == skip_reason::conflict_lost ||
                              (one.reason == skip_reason::superseded && !one.was_parked);
      if (is_decided) view.decided[{one.map, one.way}][one.record] = {one.reason, one.by};
    }
  }
  void operator()(RecordSkipped const& e) {
    auto const rows = view.decided.find({e.map, e.way});
    if (rows == view.decided.end()) return;
    rows->second.erase(e.record);
    if (rows->second.empty()) view.decided.erase(rows);
  }
  template <class Other>
  void operator()(Other const&) {}

  // The outcome of everything up to `behind` is known.
  void forget_beaten(map_way of, sequence behind) {
    auto const beaten = view.beaten.find(of);
    if (beaten == view.beaten.end()) return;
    auto& rows = beaten->second;
    rows.erase(rows.begin(), rows.upper_bound(behind));
    if (rows.empty()) view.beaten.erase(beaten);
  }
  void settle(map_way of, sequence position) {
    for (auto at = view.resolutions.begin();
         at != view.resolutions.end() && at->first <= position;) {
      auto const& row = at->second;
      if (map_way{row.map, row.way} != of) {
        ++at;
        continue;
      }
      auto const key = view.by_key.find({of, row.key});
      key->second.erase(at->first);
      if (key->second.empty()) view.by_key.erase(key);
      at = view.resolutions.erase(at);
    }
  }
};

template <class Row>
Row const* found_in(std::map<map_way, std::map<sequence, Row>> const& losers,
                    map_way of,
                    sequence record) {
  auto const rows = losers.find(of);
  if (rows == losers.end()) return nullptr;
  auto const row = rows->second.find(record);
  return row == rows->second.end() ? nullptr : &row->second;
}

}  // namespace

std::set<sequence> const* conflicts::pending(map_way of, std::string const& key) const {
  auto const found = by_key.find({of, key});
  return found == by_key.end() ? nullptr : &found->second;
}

sequence conflicts::beaten_by(map_way of, sequence record) const {
  auto const* by = found_in(beaten, of, record);
  return by == nullptr ? sequence{} : *by;
}
decided_row const* conflicts::decision(map_way of, sequence record) const {
  return found_in(decided, of, record);
}

void conflicts::fold(event_view const& event) {
  std::visit(conflict_fold{*this, event}, event.body);
}

}  // namespace dualwrite::projections
