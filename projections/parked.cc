#include "projections/parked.h"

namespace dualwrite::projections {

struct parked_fold {
  parked& view;
  event_view const& event;

  std::int64_t clock_of(map_id map) const {
    auto const clock = view.clocks.find(map);
    return clock == view.clocks.end() ? 0 : clock->second.at(event.recorded_at);
  }
  parked_row* find(map_way of, sequence record) {
    auto const rows = view.rows.find(of);
    if (rows == view.rows.end()) return nullptr;
    auto const found = rows->second.find(record);
    return found == rows->second.end() ? nullptr : &found->second;
  }

  void park(RecordParked const& e) {
    auto const of = map_way{e.map, e.way};
    if (view.find(of, e.record) != nullptr) return;
    parked_row row;
    row.state = e.state;
    row.key = e.key.bytes;
    row.old_key = e.old_key.bytes;
    row.copied = e.copied;
    row.kind = e.kind;
    row.code = e.code;
    row.text = e.text;
    row.column = e.column;
    row.waits_for = e.waits_for;
    row.whole_row = e.whole_row;
    row.attempts = e.state == park_state::failed ? 1 : 0;
    row.against = e.against;
    row.taken_by = e.taken_by.bytes;
    row.first_failed = row.last_failed = event.recorded_at;
    row.failed_at_us = clock_of(e.map);
    view.unlist(of, e.record);
    view.put(of, e.record, std::move(row));
  }
  void end(map_way of, sequence record, parked_end how, sequence by = {}) {
    auto const* row = view.find(of, record);
    if (row == nullptr) return;
    view.end(of, record, {*row, how, event.recorded_at, clock_of(of.first), by});
  }

  void operator()(RecordParked const& e) { park(e); }
  void operator()(RecordSkipped const& e) {
    bool const lost = e.reason == skip_reason::conflict_lost;
    end({e.map, e.way}, e.record, lost ? parked_end::conflict_lost : parked_end::superseded, e.by);
  }
  void operator()(RetryRequested const& e) {
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      auto const of = map_way{e.map, way};
      auto const found = view.rows.find(of);
      if (found == view.rows.end()) continue;
      auto const ask = [&](sequence record, parked_row& row) {
        if (row.state != park_state::failed) return;
        row.retry = event.at;
        view.set_state(of, record, row, park_state::pending);
      };
      if (e.all) {
        for (auto& [record, row] : found->second) ask(record, row);
      }
      for (auto const record : e.records) {
        auto const row = found->second.find(record);
        if (row != found->second.end()) ask(record, row->second);
      }
    }
  }
  void operator()(RetryCancelled const& e) {
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      auto const of = map_way{e.map, way};
      auto const due = view.due(of);
      for (auto const record : due) {
        auto& row = *find(of, record);
        if (row.retry == e.request && row.state == park_state::pending)
          view.set_state(of, record, row, park_state::failed);
      }
    }
  }
  void operator()(RetrySucceeded const& e) { end({e.map, e.way}, e.record, parked_end::completed); }
  void operator()(RetryFailed const& e) {
    auto const of = map_way{e.map, e.way};
    auto* found = find(of, e.record);
    if (found == nullptr) return;
    auto& row = *found;
    view.leave_index(of, e.record, row);
    row.kind = e.kind;
    row.code = e.code;
    row.text = e.text;
    row.column = e.column;
    row.last_failed = event.recorded_at;
    row.failed_at_us = clock_of(e.map);
    row.purge_at_us = 0;
    row.retry = {};
    row.against = e.against;
    row.decided = {};
    if (row.taken_by != e.taken_by.bytes) row.clash = {};
    row.taken_by = e.taken_by.bytes;
    if (e.state == park_state::failed) ++row.attempts;
    ++row.retries;
    wait_for(of, e.record, row, e.waits_for);
    row.state = e.state;
    view.index_state(of, e.record, row);
  }
  void wait_for(map_way of, sequence record, parked_row& row, sequence other) {
    if (row.waits_for) view.dependants_[row.waits_for].erase({of, record});
    row.waits_for = other;
    if (other) view.dependants_[other].insert({of, record});
  }
  void operator()(ConflictDetected const& e) {
    if (e.other_key.bytes.empty() || !e.undecided) return;
    tell_of({e.map, e.way}, e.record, e.other);
    tell_of({e.map, opposite(e.way)}, e.other, e.record);
  }
  void tell_of(map_way of, sequence record, sequence rival) {
    auto* row = find(of, record);
    if (row == nullptr) return;
    view.leave_index(of, record, *row);
    row->clash = rival;
    view.index_state(of, record, *row);
  }
  void operator()(ConflictResolved const& e) {
    for (auto const freed : e.frees) {
      map_way const of{e.map, e.way};
      auto* row = find(of, freed);
      if (row == nullptr) continue;
      view.leave_index(of, freed, *row);
      wait_for(of, freed, *row, event.at);
      row->state = park_state::dependency;
      view.index_state(of, freed, *row);
    }
  }
  void operator()(ConflictDecided const& e) {
    for (auto const& one : e.records) {
      map_way const of{e.map, one.way};
      auto* row = find(of, one.record);
      if (row == nullptr) continue;
      row->decided = event.at;
      view.set_state(of, one.record, *row, park_state::due);
    }
  }
  void operator()(ParkedAmended const& e) {
    auto* row = find({e.map, e.way}, e.record);
    if (row == nullptr) return;
    row->amended.clear();
    for (auto const& column : e.columns)
      row->amended.push_back({std::string(column.name), std::string(column.text), column.is_null});
  }
  void operator()(ParkedDeleted const& e) {
    for (auto const& given_up : e.records) view.remove({e.map, given_up.way}, given_up.record);
  }
  void operator()(PurgeAnnounced const& e) {
    for (auto const& one : e.records) {
      map_way const of{e.map, one.way};
      auto* row = find(of, one.record);
      if (row == nullptr) continue;
      view.leave_index(of, one.record, *row);
      row->purge_at_us = clock_of(e.map) + (e.at - event.recorded_at).count();
      view.index_state(of, one.record, *row);
    }
  }
  void operator()(ParkedPurged const& e) {
    for (auto const& given_up : e.records) view.remove({e.map, given_up.way}, given_up.record);
    for (auto const& one : e.unlisted) view.unlist({e.map, one.way}, one.record);
  }

  // The clock.
  void operator()(MapStarted const& e) { view.clocks[e.map].start(event.recorded_at); }
  void operator()(CaughtUp const& e) { view.clocks[e.map].start(event.recorded_at); }
  void operator()(MapPaused const& e) { view.clocks[e.map].halt(event.recorded_at); }
  void operator()(MapStopped const& e) {
    view.clocks[e.map].halt(event.recorded_at);
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      auto const of = map_way{e.map, way};
      while (view.count(of) > 0)
        end(of, view.rows[of].begin()->first, parked_end::discarded, event.at);
      view.rows.erase(of);
      view.chains_.erase(of);
      view.due_.erase(of);
      view.dependent_.erase(of);
      view.reread_.erase(of);
      view.conflict_.erase(of);
      view.failed_.erase(of);
      view.announced_.erase(of);
    }
  }
  void operator()(MapDeleted const& e) {
    view.clocks.erase(e.map);
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      view.ended.erase({e.map, way});
      view.ended_.erase({e.map, way});
    }
  }
  void operator()(TargetRewound const& e) {
    for (auto const& gone : e.unparked) view.remove({gone.map, gone.way}, gone.record);
    for (auto const& back : e.reparked) park(back);
  }
  template <class Other>
  void operator()(Other const&) {}
};

void parked::fold(event_view const& event) {
  std::visit(parked_fold{*this, event}, event.body);
}

parked_row const* parked::find(map_way of, sequence record) const {
  auto const map = rows.find(of);
  if (map == rows.end()) return nullptr;
  auto const row = map->second.find(record);
  return row == map->second.end() ? nullptr : &row->second;
}

std::set<sequence> const* parked::chain(map_way of, std::string const& key) const {
  auto const map = chains_.find(of);
  if (map == chains_.end()) return nullptr;
  auto const found = map->second.find(key);
  return found == map->second.end() ? nullptr : &found->second;
}

std::size_t parked::count(map_way of) const {
  auto const map = rows.find(of);
  return map == rows.end() ? 0 : map->second.size();
}

namespace {
std::set<sequence> const& in(std::map<map_way, std::set<sequence>> const& index, map_way of) {
  static std::set<sequence> const none;
  auto const found = index.find(of);
  return found == index.end() ? none : found->second;
}
}  // namespace

std::set<sequence> const& parked::due(map_way of) const {
  return in(due_, of);
}
std::set<sequence> const& parked::dependent(map_way of) const {
  return in(dependent_, of);
}
std::set<sequence> const& parked::to_reread(map_way of) const {
  return in(reread_, of);
}

std::set<sequence> const& parked::in_conflict(map_way of) const {
  return in(conflict_, of);
}

std::set<value_clash> const& parked::clashes(map_id map) const {
  static std::set<value_clash> const none;
  auto const found = clashes_.find(map);
  return found == clashes_.end() ? none : found->second;
}

bool parked::is_held(map_id map, std::string const& key) const {
  return held_.contains({map, key});
}

namespace {
by_clock const& in(std::map<map_way, by_clock> const& index, map_way of) {
  static by_clock const none;
  auto const found = index.find(of);
  return found == index.end() ? none : found->second;
}
}  // namespace

by_clock const& parked::failed(map_way of) const {
  return in(failed_, of);
}
by_clock const& parked::announced(map_way of) const {
  return in(announced_, of);
}
by_clock const& parked::ended_since(map_way of) const {
  return in(ended_, of);
}

std::vector<amended_column> const& parked::amended(map_way of, sequence record) const {
  static std::vector<amended_column> const none;
  if (auto const* row = find(of, record)) return row->amended;
  auto const rows_ended = ended.find(of);
  if (rows_ended == ended.end()) return none;
  auto const row = rows_ended->second.find(record);
  return row == rows_ended->second.end() ? none : row->second.was.amended;
}

std::size_t parked::waiting_behind(map_way of, sequence record) const {
  auto const* row = find(of, record);
  if (row == nullptr) return 0;
  std::set<std::pair<map_way, sequence>> waiting;
  if (auto const dependants = dependants_.find(record); dependants != dependants_.end())
    waiting = dependants->second;
  for (auto const* key : {&row->key, &row->old_key}) {
    auto const* behind = key->empty() && key == &row->old_key ? nullptr : chain(of, *key);
    if (behind == nullptr) continue;
    for (auto later = behind->upper_bound(record); later != behind->end(); ++later)
      waiting.insert({of, *later});
  }
  return waiting.size();
}

bool parked::holds(sequence record) const {
  for (auto const& [of, records] : rows) {
    if (records.contains(record)) return true;
  }
  return false;
}

}  // namespace dualwrite::projections
