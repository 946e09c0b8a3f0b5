#include "engine/flow/second_pass.h"

#include <algorithm>
#include <utility>

#include "engine/flow/circle_batch.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

projections::leg_row const* open_leg(projections::views const& state, map_id map, direction way) {
  auto const* row = state.status.find(map);
  auto const* execution = state.progress.of(map);
  bool const works = row != nullptr && row->state == map_state::initializing &&
                     execution != nullptr && execution->open;
  return works ? execution->leg(way) : nullptr;
}

// The record waits for one that waits in its turn, and so on: up to one that will be tried. Of a
// circle none is, alone.
bool may_still_come(link_context const& context, direction way, sequence record) {
  auto const& state = context.views();
  std::set<sequence> passed;
  // Of a map that works: what rests may rest for long.
  using found_row = std::pair<map_id, projections::parked_row const*>;
  auto const parked_row = [&](sequence at) -> found_row {
    for (auto const& [map, row] : state.status.maps) {
      bool const rests = row.state == map_state::idle || row.state == map_state::paused;
      if (row.link != context.link || rests) continue;
      auto const* parked = state.parked.find({map, way}, at);
      if (parked != nullptr && is_tried_now(state, map, way, *parked)) return {map, parked};
    }
    return {};
  };
  for (auto at = record; passed.insert(at).second;) {
    auto const [map, row] = parked_row(at);
    if (row == nullptr) return false;
    if (row->state != park_state::dependency) return row->state == park_state::due;
    if (!row->waits_for) {
      bool const is_its_pass = row->copied && is_in_second_pass(state, map, way);
      return is_its_pass &&
             (!tried_behind_copies(context, way, *row) || copies_now(context, way, false));
    }
    if (!state.parked.holds(row->waits_for)) return true;
    at = row->waits_for;
  }
  return false;
}

bool is_in_untried_circle(link_context const& context, direction way, map_id map) {
  auto const is_its = [map](circle_member const& member) { return member.map == map; };
  auto const circles = untried_circles(context, way);
  return std::any_of(circles.begin(), circles.end(), [&](reference_circle const& circle) {
    return std::any_of(circle.begin(), circle.end(), is_its);
  });
}

}  // namespace

bool is_copied_now(projections::views const& state, map_id map, direction way) {
  auto const* row = state.status.find(map);
  bool const begins =
      row != nullptr && row->pending_kind == event_type::RunRequested && !row->execution_open;
  auto const* leg = open_leg(state, map, way);
  return begins || (leg != nullptr && !leg->done);
}

bool is_in_second_pass(projections::views const& state, map_id map, direction way) {
  auto const* leg = open_leg(state, map, way);
  return leg != nullptr && leg->done;
}

bool copies_now(link_context const& context, direction way, bool or_will) {
  auto const& state = context.views();
  return std::any_of(state.status.maps.begin(), state.status.maps.end(), [&](auto const& one) {
    return one.second.link == context.link && is_copied_now(state, one.first, way) &&
           (or_will || !context.held_back.contains(one.first));
  });
}

bool tried_behind_copies(link_context const& context,
                         direction way,
                         projections::parked_row const& row) {
  if (row.retries == 0) return false;
  auto const& state = context.views();
  return std::all_of(state.status.maps.begin(), state.status.maps.end(), [&](auto const& one) {
    auto const* copy = one.second.link == context.link ? state.progress.of(one.first) : nullptr;
    auto const* leg = copy == nullptr ? nullptr : copy->leg(way);
    return leg == nullptr || leg->finished <= row.last_failed;
  });
}

bool tries_parked(projections::views const& state, map_id map, direction way) {
  auto const* row = state.status.find(map);
  bool const rests =
      row == nullptr || row->state == map_state::idle || row->state == map_state::paused;
  bool const ends = !rests && (row->pending_kind == event_type::PauseRequested ||
                               row->pending_kind == event_type::StopRequested);
  if (rests || ends || !state.delivery.places.contains({map, way})) return false;
  return !row->execution_open || is_in_second_pass(state, map, way);
}

bool is_tried_now(projections::views const& state,
                  map_id map,
                  direction way,
                  projections::parked_row const& row) {
  return row.copied || !is_in_second_pass(state, map, way);
}

bool awaits_second_pass(link_context const& context, map_id map) {
  return std::any_of(std::begin(both_ways), std::end(both_ways), [&](direction way) {
    auto const& parked = context.views().parked;
    auto const is_copied = [&](sequence record) { return parked.find({map, way}, record)->copied; };
    auto const& due = parked.due({map, way});
    auto const& waiting = parked.dependent({map, way});
    return std::any_of(due.begin(), due.end(), is_copied) ||
           std::any_of(waiting.begin(),
                       waiting.end(),
                       [&](sequence record) {
                         return is_copied(record) && may_still_come(context, way, record);
                       }) ||
           is_in_untried_circle(context, way, map);
  });
}

}  // namespace dualwrite::engine
