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

open_conflict conflict_of(projections::views const& state, map_id map, record_name const& first) {
  open_conflict out;
  out.map = map;
  auto const found = hanging_together(state, map, first);
  for (auto const& [way, record] : found) {
    auto const& row = *state.parked.find({map, way}, record);
    auto& mine = out.sides[static_cast<std::size_t>(source_of(way))];
    mine.records.push_back(record);
    if (row.state != park_state::conflict) continue;
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

  void run() {
    ConflictDecided decided{conflict.map, conflict.id, kept, {}};
    for (auto const record : conflict.of(kept).records) {
      if (state.parked.find({conflict.map, winning()}, record)->state == park_state::conflict)
        decided.records.push_back({winning(), record});
    }
    of_map(decided);
    auto const winners = winners_by_key();
    ParkedDeleted given_up{conflict.map, {}};
    for (auto const record : conflict.of(lost()).records) {
      auto const& row = *state.parked.find({conflict.map, losing()}, record);
      auto const winner = winners.find(row.key);
      if (winner == winners.end()) {
        given_up.records.push_back({losing(), record, blob{row.key}});
        continue;
      }
      of_map(RecordSkipped{
          conflict.map, losing(), record, skip_reason::conflict_lost, winner->second, true});
    }
    if (!given_up.records.empty()) of_map(given_up);
    for (auto const& [key, winner] : winners) {
      if (!is_parked(winner)) send_back(key, winner);
    }
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
  }
  std::vector<open_conflict> out;
  for (auto& [id, one] : found) out.push_back(std::move(one));
  return out;
}

result<open_conflict> find_conflict(projections::views const& state, sequence record) {
  for (auto const& [of, rows] : state.parked.rows) {
    if (state.parked.in_conflict(of).contains(record))
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
  step.run();
  return std::move(step.out);
}

}  // namespace dualwrite::engine
