#include "projections/mass_deletes.h"

#include <algorithm>

namespace dualwrite::projections {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

struct mass_deletes_fold {
  mass_deletes& view;
  event_view const& event;

  void operator()(MassDeleteFound const& e) {
    view.held[{e.map, e.way}] = {
        event.at, event.recorded_at, e.deletes, e.rows, e.limit, e.first, e.last};
  }
  // Where the queue is parked or given up its deletes go the way of all its records.
  void operator()(ResumeRequested const& e) {
    for (auto const way : both_ways) {
      auto const held = view.held.extract({e.map, way});
      if (held.empty() || e.deletes == delete_choice::none) continue;
      view.decided[{e.map, way}].push_back({held.mapped().first, event.at, e.deletes});
    }
  }
  void operator()(MapStopped const& e) { forget(e.map); }
  void operator()(MapDeleted const& e) { forget(e.map); }
  template <class Other>
  void operator()(Other const&) {}

  void forget(map_id map) {
    for (auto const way : both_ways) {
      view.held.erase({map, way});
      view.decided.erase({map, way});
    }
  }
};

}  // namespace

void mass_deletes::fold(event_view const& event) {
  std::visit(mass_deletes_fold{*this, event}, event.body);
}

held_deletes const* mass_deletes::of(map_way which) const {
  auto const found = held.find(which);
  return found == held.end() ? nullptr : &found->second;
}

bool mass_deletes::holds(map_id map) const {
  return std::any_of(std::begin(both_ways), std::end(both_ways), [&](direction way) {
    return held.contains({map, way});
  });
}

delete_choice mass_deletes::choice_for(map_way of, sequence record) const {
  auto const found = decided.find(of);
  if (found == decided.end()) return delete_choice::none;
  for (auto const& one : found->second) {
    if (one.first <= record && record <= one.last) return one.choice;
  }
  return delete_choice::none;
}

}  // namespace dualwrite::projections
