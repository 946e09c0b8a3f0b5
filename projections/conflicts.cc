#include "projections/conflicts.h"

namespace dualwrite::projections {
namespace {

struct conflict_fold {
  conflicts& view;
  event_view const& event;

  void operator()(ConflictDetected const& e) {
    view.decided[{e.map, e.way}].emplace(e.record, conflict_row{e.other, e.record_wins});
    ++view.counts[e.map];
    if (!e.record_wins) return;
    for (auto& [at, resolution] : view.resolutions) {
      if (resolution.map == e.map && resolution.winner == e.other) resolution.beaten_by = e.record;
    }
  }
  void operator()(ConflictResolved const& e) {
    view.resolutions[event.at] = {e.map, e.way, e.winner, {}};
  }
  void operator()(RecordsApplied const& e) {
    for (auto const& counts : e.maps) settle(counts.map, e.way, e.position);
  }
  void settle(map_id map, direction way, sequence position) {
    auto const decided = view.decided.find({map, way});
    if (decided != view.decided.end()) {
      decided->second.erase(decided->second.begin(), decided->second.upper_bound(position));
      if (decided->second.empty()) view.decided.erase(decided);
    }
    std::erase_if(view.resolutions, [&](auto const& one) {
      return one.first <= position && one.second.map == map && one.second.way == way;
    });
  }
  void operator()(MapStopped const& e) {
    settle(e.map, direction::left_to_right, event.at);
    settle(e.map, direction::right_to_left, event.at);
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

void conflicts::fold(event_view const& event) { std::visit(conflict_fold{*this, event}, event.body); }

}  // namespace dualwrite::projections
