#include "projections/drift.h"

#include <algorithm>

namespace dualwrite::projections {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

struct drift_fold {
  drift& view;
  event_view const& event;

  drift_row& give_up(map_id map, KeyGivenUp const& given_up) {
    auto& row = view.rows[{map, given_up.way}];
    row.keys[std::string(given_up.key.bytes)] = {given_up.record, event.at};
    return row;
  }
  void operator()(ParkedDeleted const& e) {
    for (auto const& record : e.records)
      give_up(e.map, record).deleted.emplace(record.record, event.at);
  }
  void operator()(ParkedPurged const& e) {
    for (auto const& record : e.records)
      give_up(e.map, record).deleted.emplace(record.record, event.at);
  }
  void operator()(RecordSkipped const& e) {
    if (e.reason == skip_reason::delete_skipped) give_up(e.map, {e.way, e.record, e.key});
  }
  // What the target holds now is not what the record says.
  void operator()(RetrySucceeded const& e) {
    if (!e.amended.bytes.empty()) give_up(e.map, {e.way, e.record, e.amended});
  }
  void operator()(MapResumed const& e) {
    for (auto const& place : e.places)
      view.rows[{e.map, place.way}].discarded.push_back({place.position, event.at});
  }
  void operator()(DriftCleared const& e) {
    auto const row = view.rows.find({e.map, e.way});
    if (row == view.rows.end()) return;
    auto const key = row->second.keys.find(std::string(e.key.bytes));
    if (key != row->second.keys.end() && key->second.record < e.record) row->second.keys.erase(key);
  }
  void operator()(MapStopped const& e) {
    for (auto const& record : e.given_up) give_up(e.map, record);
    for (auto const& place : e.places) {
      view.rows[{e.map, place.way}].ranges.push_back({place.position, event.at});
    }
  }
  void operator()(InitialSyncStarted const& e) {
    if (e.mode == run_mode::errored_only) {
      view.errored_only.insert(e.map);
    } else {
      view.errored_only.erase(e.map);
    }
  }
  void operator()(InitialSyncCompleted const& e) {
    bool const is_done = e.state == end_state::succeeded || e.state == end_state::completed;
    if (!is_done || view.errored_only.contains(e.map)) return;
    for (auto const way : both_ways) {
      auto const row = view.rows.find({e.map, way});
      if (row != view.rows.end() && !keep_since(sequence{e.execution.value}, row->second))
        view.rows.erase(row);
    }
  }
  // What was given up while the copy was at work was not copied.
  static bool keep_since(sequence start, drift_row& row) {
    std::erase_if(row.keys, [&](auto const& key) { return key.second.since < start; });
    std::erase_if(row.deleted, [&](auto const& record) { return record.second < start; });
    auto const is_copied = [&](drift_range const& range) { return range.to < start; };
    std::erase_if(row.ranges, is_copied);
    std::erase_if(row.discarded, is_copied);
    return !row.keys.empty() || !row.deleted.empty() || !row.ranges.empty() ||
           !row.discarded.empty();
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

void drift::fold(event_view const& event) {
  std::visit(drift_fold{*this, event}, event.body);
}

bool drift::was_given_up(map_way of, sequence record) const {
  auto const found = rows.find(of);
  if (found == rows.end()) return false;
  auto const& row = found->second;
  return row.deleted.contains(record) ||
         std::any_of(row.discarded.begin(), row.discarded.end(), [&](drift_range const& range) {
           return record > range.behind && record <= range.to;
         });
}

bool drift::was_given_up_before(map_way of, std::string const& key, sequence record) const {
  auto const found = rows.find(of);
  if (found == rows.end()) return false;
  auto const listed = found->second.keys.find(key);
  return listed != found->second.keys.end() && listed->second.record < record;
}

bool drift::lists(map_id map, std::string const& key) const {
  for (auto const way : both_ways) {
    auto const found = rows.find({map, way});
    if (found != rows.end() && found->second.keys.contains(key)) return true;
  }
  return false;
}

}  // namespace dualwrite::projections
