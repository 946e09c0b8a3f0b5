#include "engine/decide/resume_decider.h"

#include <fmt/format.h>

namespace dualwrite::engine {
namespace {

using projections::map_state;

// A map whose pause was asked for by the rule, and has come.
bool waits_for(projections::views const& state, rule_id rule, map_id map) {
  auto const* row = state.status.find(map);
  return row != nullptr && row->state == map_state::paused && row->paused_by == rule &&
         !row->pending;
}

}  // namespace

std::optional<resume_due> next_resume(projections::views const& state) {
  std::optional<resume_due> next;
  for (auto const& [id, rule] : state.alerts.rules) {
    for (auto const& [began, incident] : rule.incidents) {
      if (incident.probe_at == instant{} || (next && next->at <= incident.probe_at)) continue;
      resume_due one{id, began, incident.probe_at, {}};
      for (auto const map : incident.held) {
        if (waits_for(state, id, map)) one.maps.push_back(map);
      }
      if (!one.maps.empty()) next = std::move(one);
    }
  }
  return next;
}

std::vector<encoded_event> decide_probed(projections::views const& state,
                                         resume_due const& due,
                                         probe_answer const& answer,
                                         instant now) {
  std::vector<encoded_event> out;
  auto const rule = state.alerts.rules.find(due.rule);
  if (rule == state.alerts.rules.end()) return out;
  auto const incident = rule->second.incidents.find(due.incident);
  if (incident == rule->second.incidents.end() || incident->second.probe_at != due.at) return out;
  AppsProbed probed;
  probed.rule = due.rule;
  probed.incident = due.incident;
  probed.answered = answer.answered;
  probed.app = answer.app;
  probed.code = answer.code;
  probed.text = answer.text;
  auto const wait = rule->second.terms.resume_after_us;
  if (!answer.answered && wait > 0)
    probed.next_at = now + duration(static_cast<duration::rep>(wait));
  origin const from{{}, due.incident, incident->second.last, {}};
  auto const link = rule->second.link;
  out.push_back(draft({stream_kind::rule, due.rule.value}, link, probed, from));
  if (!answer.answered) return out;
  auto const reason = fmt::format("rule {}: the apps answer again", rule->second.terms.name);
  origin const by_probe{{}, due.incident, first_of_submission, {}};
  for (auto const map : due.maps) {
    if (!waits_for(state, due.rule, map)) continue;
    ResumeRequested const resume{map, due.rule, reason};
    out.push_back(draft({stream_kind::map, map.value}, link, resume, by_probe));
  }
  return out;
}

}  // namespace dualwrite::engine
