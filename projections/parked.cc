#include "projections/parked.h"

namespace dualwrite::projections {

struct parked_fold {
  parked& view;
  event_view const& event;

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
    row.first_failed = row.last_failed = event.recorded_at;
    view.put(of, e.record, std::move(row));
  }
  void operator()(RecordParked const& e) { park(e); }
  void operator()(RecordSkipped const& e) { view.remove({e.map, e.way}, e.record); }
  void operator()(RetryRequested const& e) {
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      auto const of = map_way{e.map, way};
      auto const found = view.rows.find(of);
      if (found == view.rows.end()) continue;
      auto const ask = [&](sequence record, parked_row& row) {
        if (row.state == park_state::failed) view.set_state(of, record, row, park_state::pending);
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
  void operator()(RetrySucceeded const& e) { view.remove({e.map, e.way}, e.record); }
  void operator()(RetryFailed const& e) {
    auto const of = map_way{e.map, e.way};
    auto const rows = view.rows.find(of);
    if (rows == view.rows.end()) return;
    auto const found = rows->second.find(e.record);
    if (found == rows->second.end()) return;
    auto& row = found->second;
    row.kind = e.kind;
    row.code = e.code;
    row.text = e.text;
    row.column = e.column;
    row.last_failed = event.recorded_at;
    if (e.state == park_state::failed) ++row.attempts;
    if (row.waits_for) view.dependants_[row.waits_for].erase({of, e.record});
    row.waits_for = e.waits_for;
    if (row.waits_for) view.dependants_[row.waits_for].insert({of, e.record});
    view.set_state(of, e.record, row, e.state);
  }
  void operator()(ParkedDeleted const& e) {
    for (auto const& given_up : e.records) view.remove({e.map, given_up.way}, given_up.record);
  }
  void operator()(MapStopped const& e) {
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      auto const of = map_way{e.map, way};
      while (view.count(of) > 0) view.remove(of, view.rows[of].begin()->first);
      view.rows.erase(of);
      view.chains_.erase(of);
      view.due_.erase(of);
      view.dependent_.erase(of);
      view.reread_.erase(of);
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

bool parked::holds(sequence record) const {
  for (auto const& [of, records] : rows) {
    if (records.contains(record)) return true;
  }
  return false;
}

void parked::put(map_way of, sequence record, parked_row row) {
  chains_[of][row.key].insert(record);
  if (!row.old_key.empty()) chains_[of][row.old_key].insert(record);
  index_state(of, record, row.state);
  if (row.waits_for) dependants_[row.waits_for].insert({of, record});
  rows[of].emplace(record, std::move(row));
}

void parked::set_state(map_way of, sequence record, parked_row& row, park_state state) {
  row.state = state;
  index_state(of, record, state);
}

void parked::index_state(map_way of, sequence record, park_state state) {
  due_[of].erase(record);
  dependent_[of].erase(record);
  reread_[of].erase(record);
  if (state == park_state::due || state == park_state::pending) due_[of].insert(record);
  if (state == park_state::dependency) dependent_[of].insert(record);
  if (state == park_state::reread) reread_[of].insert(record);
}

// When a record is settled, the next of its key that only waited is tried, and so is what waited
// for it by reference.
void parked::remove(map_way of, sequence record) {
  auto const map = rows.find(of);
  if (map == rows.end()) return;
  auto const found = map->second.find(record);
  if (found == map->second.end()) return;
  auto const row = std::move(found->second);
  if (row.waits_for) dependants_[row.waits_for].erase({of, record});
  map->second.erase(found);
  index_state(of, record, park_state::failed);
  leave_chain(of, record, row.key);
  if (!row.old_key.empty()) leave_chain(of, record, row.old_key);
  if (auto const waiting = dependants_.extract(record)) {
    for (auto const& [other, dependant] : waiting.mapped()) {
      auto& released = rows[other].at(dependant);
      released.waits_for = {};
      if (released.state == park_state::dependency)
        set_state(other, dependant, released, park_state::due);
    }
  }
}

void parked::leave_chain(map_way of, sequence record, std::string const& key) {
  auto& chain = chains_[of][key];
  chain.erase(record);
  if (chain.empty()) {
    chains_[of].erase(key);
    return;
  }
  auto const head = *chain.begin();
  auto& next = rows[of].at(head);
  if (next.state == park_state::waiting) set_state(of, head, next, park_state::due);
}

void parked::reindex() {
  auto const stored = std::move(rows);
  rows.clear();
  chains_.clear();
  due_.clear();
  dependent_.clear();
  reread_.clear();
  dependants_.clear();
  for (auto const& [of, records] : stored) {
    rows[of];  // also where it has none: the same state is the same bytes
    for (auto const& [record, row] : records) put(of, record, row);
  }
}

}  // namespace dualwrite::projections
