// What is found by key, by state and by time among the parked records: kept beside their rows,
// never stored.
#include "projections/parked.h"

namespace dualwrite::projections {
namespace {

value_clash clash_of(map_way of, sequence record, sequence rival) {
  return source_of(of.second) == side::left ? value_clash{record, rival}
                                            : value_clash{rival, record};
}

}  // namespace

void parked::put(map_way of, sequence record, parked_row row) {
  chains_[of][row.key].insert(record);
  if (!row.old_key.empty()) chains_[of][row.old_key].insert(record);
  index_state(of, record, row);
  if (row.waits_for) dependants_[row.waits_for].insert({of, record});
  rows[of].emplace(record, std::move(row));
}

void parked::set_state(map_way of, sequence record, parked_row& row, park_state state) {
  leave_index(of, record, row);
  row.state = state;
  index_state(of, record, row);
}

void parked::leave_index(map_way of, sequence record, parked_row const& row) {
  due_[of].erase(record);
  dependent_[of].erase(record);
  reread_[of].erase(record);
  if (conflict_[of].erase(record) != 0) release(of.first, row);
  failed_[of].erase({row.failed_at_us, record});
  announced_[of].erase({row.purge_at_us, record});
  leave_rivals(of, record, row);
}

void parked::index_state(map_way of, sequence record, parked_row const& row) {
  switch (row.state) {
    case park_state::due:
    case park_state::pending:
      due_[of].insert(record);
      break;
    case park_state::dependency:
      dependent_[of].insert(record);
      break;
    case park_state::reread:
      reread_[of].insert(record);
      break;
    case park_state::conflict:
      if (conflict_[of].insert(record).second) hold(of.first, row);
      break;
    case park_state::failed:
      if (row.purge_at_us == 0) {
        failed_[of].insert({row.failed_at_us, record});
      } else {
        announced_[of].insert({row.purge_at_us, record});
      }
      meet_rivals(of, record, row);
      break;
    case park_state::waiting:
      break;
  }
}

std::vector<sequence> parked::rivals(map_way of, parked_row const& row) const {
  std::vector<sequence> out;
  if (row.taken_by.empty()) return out;
  map_way const back{of.first, opposite(of.second)};
  auto const* there = chain(back, row.taken_by);
  for (auto const other : there == nullptr ? std::set<sequence>{} : *there) {
    auto const& rival = *find(back, other);
    if (rival.state == park_state::failed && rival.key == row.taken_by && rival.taken_by == row.key)
      out.push_back(other);
  }
  return out;
}

void parked::meet_rivals(map_way of, sequence record, parked_row const& row) {
  map_way const back{of.first, opposite(of.second)};
  for (auto const rival : rivals(of, row)) {
    auto const clash = clash_of(of, record, rival);
    clashes_[of.first].insert(clash);
    bool const is_told = row.clash == rival && find(back, rival)->clash == record;
    if (!is_told) untold_[of.first].insert(clash);
  }
}

void parked::leave_rivals(map_way of, sequence record, parked_row const& row) {
  for (auto const rival : rivals(of, row)) {
    auto const clash = clash_of(of, record, rival);
    clashes_[of.first].erase(clash);
    auto const untold = untold_.find(of.first);
    if (untold == untold_.end()) continue;
    untold->second.erase(clash);
    if (untold->second.empty()) untold_.erase(untold);
  }
}

void parked::hold(map_id map, parked_row const& row) {
  ++held_[{map, row.key}];
  if (!row.old_key.empty()) ++held_[{map, row.old_key}];
}

void parked::release(map_id map, parked_row const& row) {
  auto const leave = [&](std::string const& key) {
    auto const held = held_.find({map, key});
    if (--held->second == 0) held_.erase(held);
  };
  leave(row.key);
  if (!row.old_key.empty()) leave(row.old_key);
}

void parked::end(map_way of, sequence record, ended_row ended_as) {
  remove(of, record);
  ended_[of].insert({ended_as.at_us, record});
  ended[of].insert_or_assign(record, std::move(ended_as));
}

void parked::unlist(map_way of, sequence record) {
  auto const rows_ended = ended.find(of);
  if (rows_ended == ended.end()) return;
  auto const found = rows_ended->second.find(record);
  if (found == rows_ended->second.end()) return;
  ended_[of].erase({found->second.at_us, record});
  rows_ended->second.erase(found);
  if (rows_ended->second.empty()) ended.erase(rows_ended);
}

// When a record is settled, the next of its key that only waited is tried, and so is what waited
// for it by reference, or stood against it.
void parked::remove(map_way of, sequence record) {
  auto const map = rows.find(of);
  if (map == rows.end()) return;
  auto const found = map->second.find(record);
  if (found == map->second.end()) return;
  auto const row = std::move(found->second);
  if (row.waits_for) dependants_[row.waits_for].erase({of, record});
  map->second.erase(found);
  auto const freed = row.state == park_state::failed ? rivals(of, row) : std::vector<sequence>{};
  leave_index(of, record, row);
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
  map_way const back{of.first, opposite(of.second)};
  for (auto const rival : freed) set_state(back, rival, rows[back].at(rival), park_state::due);
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
  conflict_.clear();
  held_.clear();
  failed_.clear();
  announced_.clear();
  ended_.clear();
  dependants_.clear();
  clashes_.clear();
  untold_.clear();
  for (auto const& [of, records] : stored) {
    rows[of];  // also where it has none: the same state is the same bytes
    for (auto const& [record, row] : records) put(of, record, row);
  }
  for (auto const& [of, records] : ended) {
    for (auto const& [record, row] : records) ended_[of].insert({row.at_us, record});
  }
}

}  // namespace dualwrite::projections
