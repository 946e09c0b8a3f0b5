#include "projections/delivery.h"

#include <algorithm>

namespace dualwrite::projections {
namespace {

struct delivery_fold {
  delivery& view;
  event_view const& event;

  void operator()(MapCreated const& e) { view.links[map_id{event.at.value}] = e.link; }

  // A map begins to be captured where it first appears in a CaptureStarted.
  void operator()(CaptureStarted const& e) {
    auto& capture = view.captures[{e.link, e.of}];
    auto const life = e.life != 0 ? e.life : e.incarnation;
    capture = {e.app, {e.incarnation, e.commit}, event.at, {}, life};
    for (auto const& table : e.tables) {
      for (auto const map : table.maps) {
        capture.maps.push_back(map);
        auto const [place, fresh] = view.places.try_emplace({map, direction_from(e.of)});
        if (fresh) place->second.position = event.at;
      }
    }
  }
  void operator()(RecordsCaptured const& e) {
    if (e.kind == capture_kind::live && e.last)
      view.captures[{e.link, e.of}].at = {e.incarnation, e.commit};
  }
  void operator()(EchoSeen const& e) {
    source_position const at{e.incarnation, e.commit};
    view.captures[{e.link, target_of(e.way)}].at = at;
    lane_name const name{e.link, e.way, e.lane};
    auto& rows = view.batches[name];
    // A batch that nobody waits for any more is not remembered again.
    if (e.batch <= view.lanes[name].batch && rows.find(e.batch) == rows.end()) return;
    auto& row = rows[e.batch];
    row.session = e.session;
    row.echo_at = event.at;
    row.echo = at;
  }

  void operator()(LaneOpened const& e) {
    auto& lane = view.lanes[{e.link, e.way, e.lane}];
    lane.session = e.session;
  }
  void operator()(RecordsApplied const& e) {
    lane_name const name{e.link, e.way, e.lane};
    auto& lane = view.lanes[name];
    lane.session = e.session;
    lane.batch = e.batch;
    lane.position = std::max(lane.position, e.position);
    auto& batch = view.batches[name][e.batch];
    batch.session = e.session;
    batch.applied_at = event.at;
    batch.behind = e.behind;
    batch.position = e.position;
    for (auto const& counts : e.maps) {
      auto& share = batch.maps.emplace_back(batch_share{counts.map, e.behind});
      // A map that left while this batch was in doubt has its place before it.
      auto const place = view.places.find({counts.map, e.way});
      if (place == view.places.end()) continue;
      auto& at = place->second.position;
      share.from = std::max(share.from, at);
      if (at >= e.behind && at < e.position) at = e.position;
    }
    for (auto const& told : e.places) {
      auto const found = view.places.find({told.map, told.way});
      if (found == view.places.end()) continue;
      auto& place = found->second;
      place.told = told.lane;
      place.published = true;
      place.position = std::max(place.position, told.position);
    }
    auto& reverse = view.lanes[{e.link, opposite(e.way), main_lane}];
    reverse.position = std::max(reverse.position, e.reverse_passed);
  }
  void operator()(ChunkCopied const& e) {
    auto const link = view.links[e.map];
    auto const lane = view.batches.find({link, e.way, e.lane});
    if (lane == view.batches.end()) return;
    auto const batch = lane->second.find(e.batch);
    if (batch != lane->second.end()) batch->second.is_chunk = true;
  }
  void operator()(LaneJoined const& e) { move(e.map, e.way, main_lane, e.position); }
  void operator()(LaneLeft const& e) { move(e.map, e.way, no_lane, e.position); }
  void move(map_id map, direction way, lane_id lane, sequence position) {
    auto const found = view.places.find({map, way});
    if (found == view.places.end()) return;
    found->second.lane = lane;
    found->second.position = std::max(found->second.position, position);
  }
  void operator()(MapStopped const& e) {
    view.places.erase({e.map, direction::left_to_right});
    view.places.erase({e.map, direction::right_to_left});
    for (auto& [lane, rows] : view.batches) {
      if (std::get<0>(lane) != view.links[e.map]) continue;
      for (auto& [number, row] : rows)
        std::erase_if(row.maps, [&](batch_share const& one) { return one.map == e.map; });
    }
  }

  void operator()(TargetRewound const& e) {
    for (auto const& reset : e.lanes) {
      lane_name const name{e.link, e.way, reset.lane};
      view.lanes[name] = {reset.session, reset.batch, reset.position};
      auto& batches = view.batches[name];
      batches.erase(batches.upper_bound(reset.batch), batches.end());
    }
    for (auto const& told : e.places) {
      auto const found = view.places.find({told.map, told.way});
      if (found == view.places.end()) continue;
      found->second.lane = no_lane;
      found->second.told = told.lane;
      found->second.position = told.position;
    }
  }
  void operator()(AppDetached const& e) {
    auto const way = opposite(direction_from(e.of));  // in which it was written to
    view.captures.erase({e.link, e.of});
    auto const is_its = [&](lane_name const& lane) {
      return std::get<0>(lane) == e.link && std::get<1>(lane) == way;
    };
    for (auto& [lane, row] : view.lanes) {
      if (is_its(lane)) row.batch = {};
    }
    std::erase_if(view.batches, [&](auto const& one) { return is_its(one.first); });
  }
  // The rows of the former log stay in the apps; this one has none yet.
  void operator()(LogForked const&) {
    view.lanes.clear();
    view.batches.clear();
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

void delivery::fold(event_view const& event) {
  std::visit(delivery_fold{*this, event}, event.body);
  if (auto const* applied = event.as<RecordsApplied>()) {
    forget_seen_batches(applied->link, opposite(applied->way));
    forget_seen_batches(applied->link, applied->way);
  }
}

sequence delivery::position(map_id map, direction way) const {
  auto const place = places.find({map, way});
  if (place == places.end()) return {};
  if (place->second.lane != main_lane) return place->second.position;
  auto const link = links.find(map);
  auto const* main = link == links.end() ? nullptr : lane({link->second, way, main_lane});
  return main == nullptr ? place->second.position
                         : std::max(place->second.position, main->position);
}

lane_row const* delivery::lane(lane_name const& of) const {
  auto const found = lanes.find(of);
  return found == lanes.end() ? nullptr : &found->second;
}

// A batch matters until every map in it has read, in the other direction, past the place where the
// batch came back.
void delivery::forget_seen_batches(link_id link, direction way) {
  for (auto& [lane, rows] : batches) {
    if (std::get<0>(lane) != link || std::get<1>(lane) != way) continue;
    while (!rows.empty()) {
      auto const& oldest = rows.begin()->second;
      bool const seen =
          oldest.applied_at &&
          std::all_of(oldest.maps.begin(), oldest.maps.end(), [&](auto const& one) {
            auto const reverse = places.find({one.map, opposite(way)});
            return reverse == places.end() ||
                   (oldest.echo_at && position(one.map, opposite(way)) >= oldest.echo_at);
          });
      if (!seen) break;
      rows.erase(rows.begin());
    }
  }
}

}  // namespace dualwrite::projections
