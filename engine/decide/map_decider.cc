#include "engine/decide/map_decider.h"

#include <fmt/format.h>

#include "engine/decide/map_transitions.h"

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

struct command_decider {
  projections::views const& state;
  origin const& from;

  result<projections::map_row const*> allowed(map_id map, map_action action) const {
    auto const* row = state.status.find(map);
    if (row == nullptr) return error{error_code::unknown_map, fmt::format("id {}", map.value)};
    if (is_allowed(*row, action)) return row;
    if (action == map_action::retry && row->state == projections::map_state::paused) {
      return error{error_code::retry_while_paused, row->name};
    }
    return error{error_code::illegal_transition,
                 fmt::format("{} is {}; {} is not possible.",
                             row->name,
                             projections::status_name(row->state),
                             name_of(action))};
  }

  template <class Event>
  drafts one(stream_id stream, link_id link, Event const& event) const {
    drafts out;
    out.push_back(draft(stream, link, event, from));
    return out;
  }
  template <class Event>
  drafts of_map(map_id map, projections::map_row const& row, Event const& event) const {
    return one({stream_kind::map, map.value}, row.link, event);
  }

  result<drafts> operator()(register_app const& wish) const {
    for (auto const& [id, name] : state.status.apps) {
      if (name == wish.name) return error{error_code::name_taken, fmt::format("app {}", name)};
    }
    return one({}, {}, AppRegistered{wish.name, wish.connector});
  }
  result<drafts> operator()(create_link const& wish) const {
    for (auto const& [id, link] : state.status.links) {
      if (link.name == wish.name) return error{error_code::name_taken, fmt::format("link {}", link.name)};
    }
    return one({stream_kind::link, 0}, {}, LinkCreated{wish.name, wish.left, wish.right});
  }
  result<drafts> operator()(create_map const& wish) const {
    for (auto const& [id, map] : state.status.maps) {
      if (map.link == wish.link && map.name == wish.name) {
        return error{error_code::name_taken, fmt::format("map {}", map.name)};
      }
    }
    return one({stream_kind::map, 0}, wish.link, MapCreated{wish.link, wish.name, wish.definition});
  }
  result<drafts> operator()(run_map const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::run));
    return of_map(wish.map, *row, RunRequested{wish.map, wish.mode, row->master});
  }
  result<drafts> operator()(pause_map const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::pause));
    return of_map(wish.map, *row, PauseRequested{wish.map, {}, {}});
  }
  result<drafts> operator()(resume_map const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::resume));
    return of_map(wish.map, *row, ResumeRequested{wish.map});
  }
  result<drafts> operator()(stop_map const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::stop));
    return of_map(wish.map, *row, StopRequested{wish.map, {}, {}});
  }
  result<drafts> operator()(retry_records const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::retry));
    for (auto const record : wish.records) DW_CHECK(parked(wish.map, record));
    return of_map(wish.map, *row, RetryRequested{wish.map, wish.records.empty(), wish.records});
  }
  result<drafts> operator()(delete_records const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::erase));
    ParkedDeleted event{wish.map, {}};
    for (auto const record : wish.records) {
      DW_TRY(auto const given_up, parked(wish.map, record));
      event.records.push_back(given_up);
    }
    return of_map(wish.map, *row, event);
  }
  result<drafts> operator()(create_alert_rule const& wish) const {
    for (auto const& [id, rule] : state.alerts.rules) {
      if (rule.name == wish.name) return error{error_code::name_taken, fmt::format("rule {}", rule.name)};
    }
    auto const within = static_cast<std::uint64_t>(wish.within.count());
    return one({stream_kind::rule, 0},
               wish.link,
               AlertRuleCreated{wish.link, wish.name, wish.classes, wish.count, within, wish.action});
  }

  result<KeyGivenUp> parked(map_id map, sequence record) const {
    for (auto const way : both_ways) {
      if (auto const* row = state.parked.find({map, way}, record)) {
        return KeyGivenUp{way, record, blob{row->key}};
      }
    }
    return error{error_code::unknown_record, fmt::format("{} is not parked.", record.value), record};
  }
};

}  // namespace

result<drafts> decide(projections::views const& state, command const& wish, origin const& from) {
  return std::visit(command_decider{state, from}, wish);
}

result<drafts> decide_stopped(projections::views const& state,
                              map_id map,
                              stop_reason reason,
                              std::string_view detail) {
  auto const* row = state.status.find(map);
  if (row == nullptr) return error{error_code::unknown_map};
  MapStopped event{map, row->pending, reason, 0, detail, {}, {}};
  for (auto const way : both_ways) {
    auto const place = state.delivery.places.find({map, way});
    if (place == state.delivery.places.end()) continue;
    event.places.push_back({map, way, place->second.lane, state.delivery.position(map, way)});
    auto const sums = state.conservation.sums.find({map, way});
    if (sums != state.conservation.sums.end()) {
      event.discarded += sums->second.captured - sums->second.settled();
    }
    auto const parked = state.parked.rows.find({map, way});
    if (parked == state.parked.rows.end()) continue;
    for (auto const& [record, one] : parked->second) {
      event.given_up.push_back({way, record, blob{one.key}});
    }
  }
  origin const cause{{}, row->pending, row->pending, {}};
  drafts out;
  out.push_back(draft({stream_kind::map, map.value}, row->link, event, cause));
  return out;
}

}  // namespace dualwrite::engine
