#include "engine/decide/clash_decider.h"

#include <optional>

#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {
namespace {

using projections::parked_row;
using projections::value_clash;

struct judge {
  projections::views const& state;
  map_id map;
  value_clash const& clash;
  clashing_record const& left;
  clashing_record const& right;
  map_definition const& definition;

  parked_row const& row_of(side one) const {
    return *state.parked.find({map, direction_from(one)},
                              one == side::left ? clash.left : clash.right);
  }
  // Of the column whose value is taken, where the app said which.
  conflict_policy policy() const {
    return definition.policy_for(side::right, row_of(side::left).column);
  }
  struct verdict {
    side kept = side::left;
    char const* reason = "";
  };
  // Nothing where somebody has to decide.
  std::optional<verdict> decide() const {
    if (row_of(side::left).copied || row_of(side::right).copied) return std::nullopt;
    switch (policy()) {
      case conflict_policy::left_wins:
        return verdict{side::left, "left wins"};
      case conflict_policy::right_wins:
        return verdict{side::right, "right wins"};
      case conflict_policy::manual:
        return std::nullopt;
      case conflict_policy::newest_wins:
        break;
    }
    if (left.committed_at == right.committed_at)
      return verdict{definition.master, "newest wins: same time, the master side"};
    return verdict{left.committed_at > right.committed_at ? side::left : side::right,
                   "newest wins"};
  }

  ConflictDetected detected(side of) const {
    auto const& mine = of == side::left ? left : right;
    auto const& other = of == side::left ? right : left;
    ConflictDetected event;
    event.map = map;
    event.way = direction_from(of);
    event.record = of == side::left ? clash.left : clash.right;
    event.other = of == side::left ? clash.right : clash.left;
    event.key = blob{row_of(of).key};
    event.other_key = blob{row_of(of).taken_by};
    event.record_image = blob{mine.after};
    event.record_schema = mine.schema;
    event.other_image = blob{other.after};
    event.other_schema = other.schema;
    event.agreed_image = blob{mine.before};
    return event;
  }
};

// What is known of the row that both sides had.
struct keeping {
  projections::views const& state;
  map_clash const& clash;
  open_conflict const& conflict;
  find_clashing const& find;

  // Nothing where the other side's change cannot be undone.
  result<std::optional<std::vector<encoded_event>>> keep(side kept) const {
    auto const lost = kept == side::left ? side::right : side::left;
    projections::map_way const of{clash.map, direction_from(lost)};
    auto const record = lost == side::left ? clash.records.left : clash.records.right;
    auto const first = *state.parked.chain(of, state.parked.find(of, record)->key)->begin();
    DW_TRY(auto const was, find(first));
    if (was.op != operation::insert && was.before.empty()) return std::nullopt;
    auto settled = settle_conflict(state, conflict, kept);
    if (!settled) return std::nullopt;
    return std::optional(std::move(*settled));
  }
};

bool is_being_tried(projections::views const& state, map_clash const& clash) {
  auto const conflict = find_conflict(state, clash.records.left);
  for (auto const way : {direction::left_to_right, direction::right_to_left}) {
    for (auto const record : conflict->of(source_of(way)).records) {
      auto const at = state.parked.find({clash.map, way}, record)->state;
      if (at != park_state::failed && at != park_state::waiting && at != park_state::conflict)
        return true;
    }
  }
  return false;
}

}  // namespace

std::optional<map_clash> next_clash(projections::views const& state) {
  for (auto const& [map, clashes] : state.parked.untold_clashes()) {
    for (auto const& records : clashes) {
      map_clash const one{map, records};
      if (!is_being_tried(state, one)) return one;
    }
  }
  return std::nullopt;
}

result<std::vector<encoded_event>> decide_clash(projections::views const& state,
                                                find_clashing const& find) {
  auto const clash = next_clash(state);
  if (!clash) return std::vector<encoded_event>{};
  DW_TRY(auto const left, find(clash->records.left));
  DW_TRY(auto const right, find(clash->records.right));
  auto const& row = *state.status.find(clash->map);
  DW_TRY(auto const definition, parse_definition(row.definition));
  DW_TRY(auto const conflict, find_conflict(state, clash->records.left));
  judge const of{state, clash->map, clash->records, left, right, definition};
  auto const tell = [&](ConflictDetected const& event) {
    return draft({stream_kind::map, clash->map.value}, row.link, event);
  };
  if (auto const verdict = conflict.is_held ? std::nullopt : of.decide()) {
    DW_TRY(auto const kept, (keeping{state, *clash, conflict, find}.keep(verdict->kept)));
    if (kept) {
      auto event = of.detected(verdict->kept);
      event.record_wins = true;
      event.reason = verdict->reason;
      std::vector<encoded_event> out{tell(event)};
      out.insert(out.end(), kept->begin(), kept->end());
      return out;
    }
  }
  auto event = of.detected(side::left);
  event.undecided = true;
  event.reason = "somebody has to decide";
  return std::vector<encoded_event>{tell(event)};
}

}  // namespace dualwrite::engine
