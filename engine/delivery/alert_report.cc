#include "engine/delivery/alert_report.h"

#include <algorithm>

#include "engine/decide/alert_decider.h"
#include "events/codec.h"

namespace dualwrite::engine {
namespace {

using projections::message_kind;

constexpr std::size_t groups_max = 5;
// A storm of errors has shown its kinds long before.
constexpr std::size_t errors_read_max = 5'000;
constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

struct reader {
  event_log const& log;
  projections::views const& state;
  projections::message_row const& message;
  letter_facts out{};
  std::uint32_t version = 0;  // of the rule that fired

  std::string map_name(map_id map) const {
    auto const* row = state.status.find(map);
    return row == nullptr ? std::to_string(map.value) : row->name;
  }
  held_map told(map_id map) const {
    held_map one{map_name(map), 0};
    for (auto const way : both_ways) {
      auto const sums = state.conservation.sums.find({map, way});
      if (sums == state.conservation.sums.end()) continue;
      one.queued += static_cast<std::uint64_t>(std::max<std::int64_t>(0, sums->second.queued()));
    }
    return one;
  }

  // The event that the message is about, and what was asked of maps in its commit.
  result<void> read_about(sequence about) {
    auto const cursor = log.read({about, false, std::nullopt});
    while (true) {
      DW_TRY(auto const stored, cursor->next());
      if (!stored) return {};
      DW_TRY(auto const event, decode(*stored));
      if (event.at == about) {
        take(event);
        continue;
      }
      if (event.recorded_at > out.at) return {};
      if (event.from.cause != about) continue;
      if (auto const* pause = event.as<PauseRequested>()) out.maps.push_back(told(pause->map));
      if (auto const* stop = event.as<StopRequested>()) out.maps.push_back(told(stop->map));
      if (auto const* resume = event.as<ResumeRequested>()) out.maps.push_back(told(resume->map));
    }
  }
  void take(event_view const& event) {
    out.at = event.recorded_at;
    if (auto const* fired = event.as<AlertFired>()) {
      out.since = fired->since;
      out.count = fired->count;
      out.measured = fired->measured;
      version = fired->version;
    } else if (auto const* announced = event.as<MaintenanceAnnounced>()) {
      out.since = announced->begins;
      out.until = announced->ends;
    } else if (auto const* begun = event.as<MaintenanceBegun>()) {
      out.since = begun->begins;
      out.until = begun->ends;
    }
  }

  // The errors from `since` to the firing, newest first: as many as the rule counted.
  result<void> read_errors(sequence about,
                           projections::alert_row const& rule,
                           alert_terms const& terms) {
    std::vector<error_group> groups;
    auto const cursor = log.read({about, true, std::nullopt});
    for (std::size_t read = 0; read < errors_read_max; ++read) {
      DW_TRY(auto const stored, cursor->next());
      if (!stored || stored->recorded_at < out.since) break;
      DW_TRY(auto const event, decode(*stored));
      auto const failed = state.alerts.error_of(event);
      if (failed && failed->link == rule.link) count(groups, terms, event.at, *failed);
    }
    std::stable_sort(groups.begin(), groups.end(), [](auto const& a, auto const& b) {
      return a.count > b.count;
    });
    out.groups_left_out = groups.size() - std::min(groups.size(), groups_max);
    groups.resize(std::min(groups.size(), groups_max));
    out.groups = std::move(groups);
    return {};
  }
  void count(std::vector<error_group>& groups,
             alert_terms const& terms,
             sequence at,
             projections::counted_error const& failed) const {
    if (!terms.counts(failed.kind) || !terms.covers(failed.way)) return;
    if (failed.map && !terms.covers(failed.map)) return;
    auto const map = failed.map ? map_name(failed.map) : std::string();
    auto const same = std::find_if(groups.begin(), groups.end(), [&](error_group const& one) {
      return one.map == map && one.kind == failed.kind && one.code == failed.code &&
             one.text == failed.text;
    });
    if (same != groups.end()) {
      ++same->count;
    } else {
      groups.push_back(
          {map, failed.kind, std::string(failed.code), std::string(failed.text), 1, at});
    }
  }
};

}  // namespace

result<letter_facts> report_on(event_log const& log,
                               projections::views const& state,
                               sequence about,
                               projections::message_row const& message) {
  reader from{log, state, message};
  auto& out = from.out;
  out.kind = message.kind;
  out.topic = message.topic;
  auto const link = state.status.links.find(message.link);
  if (link != state.status.links.end()) out.link = link->second.name;
  auto const plan = state.maintenance.plans.find(message.plan);
  if (plan != state.maintenance.plans.end()) out.zone = plan->second.terms.zone;
  if (message.kind != message_kind::test) {
    // A resolution tells of the firing that people were told of.
    DW_CHECK(from.read_about(message.kind == message_kind::resolved ? message.thread : about));
  }
  auto const rule = state.alerts.rules.find(message.rule);
  if (rule != state.alerts.rules.end()) {
    auto const bound = rule->second.versions.find(from.version);
    auto const& terms =
        bound == rule->second.versions.end() ? rule->second.terms : bound->second.terms;
    out.condition = condition_text(terms);
    out.subject = terms.subject;
    out.action = terms.action;
    out.resumes_after = duration(static_cast<duration::rep>(terms.resume_after_us));
    if (message.kind == message_kind::fired && terms.subject == alert_subject::errors)
      DW_CHECK(from.read_errors(about, rule->second, terms));
  }
  if (message.kind != message_kind::resolved) return std::move(out);
  out.since = out.at;
  auto const cursor = log.read({about, false, std::nullopt});
  DW_TRY(auto const resolution, cursor->next());
  if (resolution) out.at = resolution->recorded_at;
  return std::move(out);
}

}  // namespace dualwrite::engine
