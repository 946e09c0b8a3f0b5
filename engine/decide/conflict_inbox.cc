#include "engine/decide/conflict_inbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

using record_name = std::pair<direction, sequence>;

// Everything that is parked under the record's keys, and under the keys of what is found there.
std::set<record_name> hanging_together(projections::views const& state,
                                       map_id map,
                                       record_name const& first) {
  std::set<record_name> found;
  std::set<std::string> keys;
  std::vector<record_name> todo{first};
  while (!todo.empty()) {
    auto const [way, record] = todo.back();
    todo.pop_back();
    if (!found.insert({way, record}).second) continue;
    auto const& row = *state.parked.find({map, way}, record);
    for (auto const rival : state.parked.rivals({map, way}, row))
      todo.push_back({opposite(way), rival});
    for (auto const* key : {&row.key, &row.old_key}) {
      if ((key == &row.old_key && key->empty()) || !keys.insert(*key).second) continue;
      for (auto const one : both_ways) {
        auto const* chain = state.parked.chain({map, one}, *key);
        for (auto const other : chain == nullptr ? std::set<sequence>{} : *chain)
          todo.push_back({one, other});
      }
    }
  }
  return found;
}

bool is_in_the_way(projections::views const& state,
                   projections::map_way of,
                   projections::parked_row const& row) {
  return row.state == park_state::failed && !state.parked.rivals(of, row).empty();
}

open_conflict conflict_of(projections::views const& state, map_id map, record_name const& first) {
  open_conflict out;
  out.map = map;
  auto const found = hanging_together(state, map, first);
  for (auto const& [way, record] : found) {
    auto const& row = *state.parked.find({map, way}, record);
    auto& mine = out.sides[static_cast<std::size_t>(source_of(way))];
    mine.records.push_back(record);
    bool const is_held = row.state == park_state::conflict;
    bool const clashes = is_in_the_way(state, {map, way}, row);
    out.is_held = out.is_held || is_held;
    out.is_of_value = out.is_of_value || clashes;
    if (!is_held && !clashes) continue;
    mine.against = std::max(mine.against, row.against);
    out.newest = std::max(out.newest, record);
    if (out.id && out.id < record) continue;
    out.id = record;
    out.key = row.key;
  }
  return out;
}

struct resolver {
  projections::views const& state;
  open_conflict const& conflict;
  side kept;
  origin const& from;
  link_id link;
  std::vector<encoded_event> out{};

  direction winning() const { return direction_from(kept); }
  direction losing() const { return opposite(winning()); }
  side lost() const { return source_of(losing()); }

  template <class Event>
  void add(stream_id stream, Event const& event) {
    out.push_back(draft(stream, link, event, from));
  }
  template <class Event>
  void of_map(Event const& event) {
    add({stream_kind::map, conflict.map.value}, event);
  }

  // What a lost record does to its own side's row has to be undone for these of the other side.
  struct undoing {
    sequence first{};  // what was done to the row first
    std::set<sequence> frees{};
  };

  void decide() {
    ConflictDecided decided{conflict.map, conflict.id, kept, {}};
    for (auto const record : conflict.of(kept).records) {
      if (state.parked.find({conflict.map, winning()}, record)->state == park_state::conflict)
        decided.records.push_back({winning(), record});
    }
    of_map(decided);
    settle();
  }
  void settle() {
    auto const undone = undoings();
    auto const winners = winners_by_key();
    ParkedDeleted given_up{conflict.map, {}};
    for (auto const record : conflict.of(lost()).records) {
      auto const& row = *state.parked.find({conflict.map, losing()}, record);
      auto const rivals = undone.find(row.key);
      auto const winner = winners.find(row.key);
      if (rivals != undone.end()) {
        lose(record, *rivals->second.frees.begin());
      } else if (winner != winners.end()) {
        lose(record, winner->second);
      } else {
        given_up.records.push_back({losing(), record, blob{row.key}});
      }
    }
    if (!given_up.records.empty()) of_map(given_up);
    for (auto const& [key, winner] : winners) {
      if (!is_parked(winner) && !undone.contains(key)) send_back(key, winner);
    }
    for (auto const& [key, what] : undone) undo(key, what);
  }
  void lose(sequence record, sequence to) {
    of_map(RecordSkipped{conflict.map, losing(), record, skip_reason::conflict_lost, to, true});
  }

  std::map<std::string, undoing> undoings() const {
    std::map<std::string, undoing> out_by_key;
    for (auto const record : conflict.of(lost()).records) {
      auto const& row = *state.parked.find({conflict.map, losing()}, record);
      if (!is_in_the_way(state, {conflict.map, losing()}, row)) continue;
      auto const rivals = state.parked.rivals({conflict.map, losing()}, row);
      auto& mine = out_by_key[row.key];
      mine.first = *state.parked.chain({conflict.map, losing()}, row.key)->begin();
      mine.frees.insert(rivals.begin(), rivals.end());
    }
    return out_by_key;
  }
  void undo(std::string const& key, undoing const& what) {
    ConflictResolved event;
    event.link = link;
    event.map = conflict.map;
    event.way = winning();
    event.winner = what.first;
    event.key = blob{key};
    event.undoes = true;
    event.frees.assign(what.frees.begin(), what.frees.end());
    add({stream_kind::link, link.value}, event);
  }
  // A row that has another key since cannot be made what it was by its key, and a record that a
  // lane has in hand may be written after all.
  [[nodiscard]] result<void> check_undoable() const {
    auto const undone = undoings();
    for (auto const record : conflict.of(lost()).records) {
      auto const& row = *state.parked.find({conflict.map, losing()}, record);
      if (!undone.contains(row.key) && !undone.contains(row.old_key)) continue;
      bool const rests = row.state == park_state::failed || row.state == park_state::waiting ||
                         row.state == park_state::conflict;
      char const* const why = !rests ? "is being tried again. Wait until it has been."
                              : row.old_key.empty()
                                  ? nullptr
                                  : "changed the key of its row. Change the value in the app.";
      if (why == nullptr) continue;
      return error{error_code::not_undoable, fmt::format("{} {}", record.value, why), record};
    }
    return {};
  }

  bool is_parked(sequence winner) const {
    return state.parked.find({conflict.map, winning()}, winner) != nullptr;
  }
  // The newest change of the kept side for each key: one that is parked, or what stands in both
  // apps.
  std::map<std::string, sequence> winners_by_key() const {
    std::map<std::string, sequence> winners;
    for (auto const record : conflict.of(lost()).records) {
      auto const& row = *state.parked.find({conflict.map, losing()}, record);
      if (row.against) winners[row.key] = std::max(winners[row.key], row.against);
    }
    for (auto const record : conflict.of(kept).records) {
      auto const& row = *state.parked.find({conflict.map, winning()}, record);
      winners[row.key] = std::max(winners[row.key], record);
      if (!row.old_key.empty()) winners[row.old_key] = std::max(winners[row.old_key], record);
    }
    return winners;
  }
  void send_back(std::string const& key, sequence winner) {
    ConflictResolved event;
    event.link = link;
    event.map = conflict.map;
    event.way = winning();
    event.winner = winner;
    event.key = blob{key};
    event.crosses = true;
    add({stream_kind::link, link.value}, event);
  }
};

}  // namespace

std::vector<open_conflict> open_conflicts(projections::views const& state) {
  std::map<sequence, open_conflict> found;
  for (auto const& [of, rows] : state.parked.rows) {
    for (auto const record : state.parked.in_conflict(of)) {
      auto one = conflict_of(state, of.first, {of.second, record});
      found.try_emplace(one.id, std::move(one));
    }
    if (of.second != direction::left_to_right) continue;
    auto const& untold = state.parked.untold_clashes();
    auto const hidden = untold.find(of.first);
    for (auto const& clash : state.parked.clashes(of.first)) {
      if (hidden != untold.end() && hidden->second.contains(clash)) continue;
      auto one = conflict_of(state, of.first, {direction::left_to_right, clash.left});
      found.try_emplace(one.id, std::move(one));
    }
  }
  std::vector<open_conflict> out;
  for (auto& [id, one] : found) out.push_back(std::move(one));
  return out;
}

result<open_conflict> find_conflict(projections::views const& state, sequence record) {
  for (auto const& [of, rows] : state.parked.rows) {
    auto const row = rows.find(record);
    if (row == rows.end()) continue;
    if (row->second.state == park_state::conflict || is_in_the_way(state, of, row->second))
      return conflict_of(state, of.first, {of.second, record});
  }
  return error{error_code::unknown_record,
               fmt::format("{} is in no conflict that waits for a decision.", record.value),
               record};
}

result<std::vector<encoded_event>> decide_resolution(projections::views const& state,
                                                     resolve_conflict const& wish,
                                                     origin const& from) {
  DW_TRY(auto const conflict, find_conflict(state, wish.conflict));
  if (wish.seen && wish.seen != conflict.newest) {
    return error{error_code::conflict_moved,
                 fmt::format("{} came after what was looked at.", conflict.newest.value),
                 conflict.newest};
  }
  auto const link = state.status.find(conflict.map)->link;
  resolver step{state, conflict, wish.keep, from, link};
  DW_CHECK(step.check_undoable());
  step.decide();
  return std::move(step.out);
}

result<std::vector<encoded_event>> settle_conflict(projections::views const& state,
                                                   open_conflict const& conflict,
                                                   side keep) {
  origin const from;
  resolver step{state, conflict, keep, from, state.status.find(conflict.map)->link};
  DW_CHECK(step.check_undoable());
  step.settle();
  return std::move(step.out);
}

}  // namespace dualwrite::engine
