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
    for (auto const way : {direction::left_to_right, direction::right_to_left}) {
      auto const* pending = view.pending({e.map, way}, std::string(e.key.bytes));
      if (pending == nullptr) continue;
      for (auto const at : *pending) {
        auto& resolution = view.resolutions.at(at);
        if (resolution.winner == e.other) resolution.beaten_by = e.record;
      }
    }
  }
  void operator()(ConflictResolved const& e) {
    std::string const key(e.key.bytes);
    view.resolutions[event.at] = {e.map, e.way, key, e.winner, {}};
    view.by_key[{{e.map, e.way}, key}].insert(event.at);
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
    for (auto at = view.resolutions.begin(); at != view.resolutions.end() && at->first <= position;) {
      auto const& row = at->second;
      if (row.map != map || row.way != way) {
        ++at;
        continue;
      }
      auto const key = view.by_key.find({{map, way}, row.key});
      key->second.erase(at->first);
      if (key->second.empty()) view.by_key.erase(key);
      at = view.resolutions.erase(at);
    }
  }
  void operator()(MapStopped const& e) {
    settle(e.map, direction::left_to_right, event.at);
    settle(e.map, direction::right_to_left, event.at);
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

std::set<sequence> const* conflicts::pending(map_way of, std::string const& key) const {
  auto const found = by_key.find({of, key});
  return found == by_key.end() ? nullptr : &found->second;
}

void conflicts::fold(event_view const& event) { std::visit(conflict_fold{*this, event}, event.body); }

}  // namespace dualwrite::projections
