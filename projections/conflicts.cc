#include "projections/conflicts.h"

#include <algorithm>

namespace dualwrite::projections {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

struct conflict_fold {
  conflicts& view;
  event_view const& event;

  void operator()(ConflictDetected const& e) {
    ++view.counts[e.map];
    // Those that clash in a value have no key in common: nothing is beaten by it.
    if (e.undecided || !e.other_key.bytes.empty()) return;
    if (!e.columns.empty()) return share(e);
    auto const loses = [&](sequence one) {
      bool const is_too = std::binary_search(e.beats_too.begin(), e.beats_too.end(), one);
      return is_too || one == (e.record_wins ? e.other : e.record);
    };
    if (e.record_wins) {
      auto& beaten = view.beaten[{e.map, opposite(e.way)}];
      beaten.emplace(e.other, e.record);
      for (auto const other : e.beats_too) beaten.emplace(other, e.record);
    }
    for (auto const way : both_ways) {
      auto const* pending = view.pending({e.map, way}, std::string(e.key.bytes));
      if (pending == nullptr) continue;
      for (auto const at : *pending) {
        auto& resolution = view.resolutions.at(at);
        if (loses(resolution.winner)) resolution.beaten_by = e.record_wins ? e.record : e.other;
      }
    }
  }
  void share(ConflictDetected const& e) {
    std::vector<std::string> mine, theirs;
    for (auto const& column : e.columns)
      (column.record_wins ? theirs : mine).emplace_back(column.name);
    take(mine, {e.map, e.way}, e.record, e.way, e.other);
    take(theirs, {e.map, opposite(e.way)}, e.other, e.way, e.record, e.other_parked);
    for (auto const way : both_ways) {
      auto const* pending = view.pending({e.map, way}, std::string(e.key.bytes));
      for (auto const at : pending == nullptr ? std::set<sequence>{} : *pending) {
        auto const winner = view.resolutions.at(at).winner;
        if (winner == e.other) take(theirs, {e.map, way}, at, e.way, e.record);
        if (winner == e.record) take(mine, {e.map, way}, at, e.way, e.other);
      }
    }
  }
  // From a record or resolution, columns of the table that `named_by` comes from.
  void take(std::vector<std::string> const& columns,
            map_way from,
            sequence loser,
            direction named_by,
            sequence by,
            bool is_parked = false) {
    if (columns.empty()) return;
    auto& row = view.in_part[from][loser];
    auto& lost = from.second == named_by ? row.columns : row.of_target;
    for (auto const& name : columns) {
      if (std::find(lost.begin(), lost.end(), name) == lost.end()) lost.push_back(name);
    }
    row.by = by;
    row.parked = row.parked || is_parked;
  }
  // The winner's own delivery goes the other way; it may have been beaten while that was under way.
  void operator()(ConflictResolved const& e) {
    std::string const key(e.key.bytes);
    auto const beaten_by =
        e.crosses ? sequence{} : view.beaten_by({e.map, opposite(e.way)}, e.winner);
    auto const* lost = e.crosses ? nullptr : view.part({e.map, opposite(e.way)}, e.winner);
    if (lost != nullptr) {
      auto const turned = part_row{lost->of_target, lost->columns, lost->by, false};
      view.in_part[{e.map, e.way}][event.at] = turned;
    }
    view.resolutions[event.at] = {e.map, e.way, key, e.winner, beaten_by, e.crosses};
    view.by_key[{{e.map, e.way}, key}].insert(event.at);
  }
  void operator()(RecordsApplied const& e) {
    for (auto const& counts : e.maps) {
      map_way const of{counts.map, e.way};
      forget_beaten(of, e.behind);
      forget_parts(of, e.behind);
      settle(of, e.position);
    }
  }
  void operator()(RecordParked const& e) {
    auto const decided = view.decided.find({e.map, e.way});
    if (decided != view.decided.end()) {
      auto const row = decided->second.find(e.record);
      if (row != decided->second.end() && row->second.undecided) erase(view.decided, e);
    }
    auto const parts = view.in_part.find({e.map, e.way});
    if (parts == view.in_part.end()) return;
    auto const row = parts->second.find(e.record);
    if (row != parts->second.end()) row->second.parked = true;
  }
  void operator()(RetrySucceeded const& e) { erase(view.in_part, e); }
  void operator()(ParkedDeleted const& e) {
    for (auto const& one : e.records) erase(view.in_part, {e.map, one.way}, one.record);
  }
  void operator()(ParkedPurged const& e) {
    for (auto const& one : e.records) erase(view.in_part, {e.map, one.way}, one.record);
  }
  void operator()(MapStopped const& e) {
    for (auto const way : both_ways) {
      forget_beaten({e.map, way}, event.at);
      settle({e.map, way}, event.at);
      view.decided.erase({e.map, way});
      view.in_part.erase({e.map, way});
    }
  }
  void operator()(TargetRewound const& e) {
    for (auto const& one : e.unskipped) {
      // What a later record took the place of waits for that one again.
      bool const is_decided = one.reason == skip_reason::conflict_lost ||
                              (one.reason == skip_reason::superseded && !one.was_parked);
      if (is_decided) view.decided[{one.map, one.way}][one.record] = {one.reason, one.by, false};
    }
    // Where it says against which, it was held.
    for (auto const& one : e.unparked) {
      if (one.by) view.decided[{one.map, one.way}][one.record] = {one.reason, one.by, true};
    }
    for (auto const& one : e.won_in_part) {
      std::vector<std::string> lost;
      for (auto const& column : one.columns) {
        if (!column.record_wins) lost.emplace_back(column.name);
      }
      take(lost, {one.map, e.way}, one.record, e.way, one.record);
    }
    for (auto const& one : e.in_part) {
      std::vector<std::string> lost;
      for (auto const& column : one.columns) lost.emplace_back(column.name);
      take(lost, {one.map, e.way}, one.record, opposite(e.way), one.record);
    }
  }
  void operator()(RecordSkipped const& e) {
    erase(view.decided, e);
    erase(view.in_part, e);
  }
  template <class Other>
  void operator()(Other const&) {}

  template <class Row, class Event>
  static void erase(std::map<map_way, std::map<sequence, Row>>& from, Event const& e) {
    erase(from, {e.map, e.way}, e.record);
  }
  template <class Row>
  static void erase(std::map<map_way, std::map<sequence, Row>>& from, map_way of, sequence record) {
    auto const rows = from.find(of);
    if (rows == from.end()) return;
    rows->second.erase(record);
    if (rows->second.empty()) from.erase(rows);
  }
  void forget_parts(map_way of, sequence behind) {
    auto const parts = view.in_part.find(of);
    if (parts == view.in_part.end()) return;
    std::erase_if(parts->second,
                  [&](auto const& row) { return row.first <= behind && !row.second.parked; });
    if (parts->second.empty()) view.in_part.erase(parts);
  }

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
part_row const* conflicts::part(map_way of, sequence record) const {
  return found_in(in_part, of, record);
}

void conflicts::fold(event_view const& event) {
  std::visit(conflict_fold{*this, event}, event.body);
}

}  // namespace dualwrite::projections
