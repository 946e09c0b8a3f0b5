#include "engine/decide/maintenance_decider.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/decide/alert_decider.h"
#include "events/calendar.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;

constexpr duration day = std::chrono::hours(24);

bool covers(maintenance_terms const& terms, map_id map) {
  return terms.maps.empty() ||
         std::find(terms.maps.begin(), terms.maps.end(), map) != terms.maps.end();
}

std::vector<encoded_event> begin_maintenance(projections::views const& state,
                                             plan_id id,
                                             projections::plan_row const& plan,
                                             maintenance_time const& time) {
  std::vector<encoded_event> out;
  MaintenanceBegun const begun{id, time.begins, time.ends};
  out.push_back(draft({stream_kind::plan, id.value}, plan.link, begun));
  auto const reason =
      fmt::format("maintenance {} until {}", plan.terms.name, print_timestamp_tz(time.ends.us));
  origin const from{{}, first_of_submission, first_of_submission, {}};
  for (auto const& [map, row] : state.status.maps) {
    if (row.link != plan.link || !covers(plan.terms, map)) continue;
    if (!can_be_asked(row, event_type::PauseRequested)) continue;
    PauseRequested const pause{map, {}, reason};
    out.push_back(draft({stream_kind::map, map.value}, row.link, pause, from));
  }
  return out;
}

}  // namespace

std::optional<maintenance_time> local_time(maintenance_terms const& terms, std::uint64_t n) {
  if (terms.repeat == repetition::once && n > 0) return std::nullopt;
  auto const days = terms.repeat == repetition::weekly ? 7 : 1;
  auto const later = day * days * static_cast<duration::rep>(n);
  return maintenance_time{terms.pause_at + later, terms.resume_at + later};
}

std::optional<maintenance_step> next_step(projections::plan_row const& plan,
                                          std::optional<maintenance_time> const& coming) {
  using kind = maintenance_step::kind;
  if (plan.open) return maintenance_step{kind::end, plan.ends, {plan.begun, plan.ends}};
  if (!coming) return std::nullopt;
  bool const is_announced = plan.announced == coming->begins || plan.terms.announce_us == 0;
  if (is_announced) return maintenance_step{kind::begin, coming->begins, *coming};
  auto const before = duration(static_cast<duration::rep>(plan.terms.announce_us));
  return maintenance_step{kind::announce, coming->begins - before, *coming};
}

std::vector<encoded_event> decide_maintenance(projections::views const& state,
                                              plan_id id,
                                              maintenance_step const& step) {
  auto const found = state.maintenance.plans.find(id);
  if (found == state.maintenance.plans.end()) return {};
  auto const& plan = found->second;
  std::vector<encoded_event> out;
  switch (step.what) {
    case maintenance_step::kind::announce:
      if (plan.announced == step.time.begins) break;
      out.push_back(draft({stream_kind::plan, id.value},
                          plan.link,
                          MaintenanceAnnounced{id, step.time.begins, step.time.ends}));
      break;
    case maintenance_step::kind::begin:
      if (!plan.open) out = begin_maintenance(state, id, plan, step.time);
      break;
    case maintenance_step::kind::end:
      if (may_end(state, plan)) out = end_maintenance(state, id, {});
      break;
  }
  return out;
}

bool may_end(projections::views const& state, projections::plan_row const& plan) {
  return std::none_of(plan.held.begin(), plan.held.end(), [&](map_id map) {
    auto const* row = state.status.find(map);
    return row != nullptr && row->pending_kind == event_type::PauseRequested;
  });
}

std::vector<encoded_event> end_maintenance(projections::views const& state,
                                           plan_id id,
                                           origin const& from) {
  std::vector<encoded_event> out;
  auto const& plan = state.maintenance.plans.at(id);
  if (!plan.open) return out;
  MaintenanceEnded const ended{id, plan.open};
  origin because = from;
  because.cause = plan.open;
  out.push_back(draft({stream_kind::plan, id.value}, plan.link, ended, because));
  auto const reason = fmt::format("maintenance {} is over", plan.terms.name);
  origin const by_end{from.actor, first_of_submission, first_of_submission, {}};
  for (auto const map : plan.held) {
    auto const* row = state.status.find(map);
    if (row == nullptr || row->state != map_state::paused || row->pending) continue;
    ResumeRequested const resume{map, {}, reason};
    out.push_back(draft({stream_kind::map, map.value}, row->link, resume, by_end));
  }
  return out;
}

}  // namespace dualwrite::engine
