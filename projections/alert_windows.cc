#include "projections/alert_windows.h"

#include <algorithm>

namespace dualwrite::projections {
namespace {

// Maps that have to be paused again soon after they were resumed are resumed later and later.
constexpr std::uint32_t doublings_max = 6;
duration resume_after(alert_row const& rule, alert_terms const& terms) {
  auto const once = static_cast<duration::rep>(terms.resume_after_us);
  return duration(once << std::min(rule.resumed, doublings_max));
}

struct alert_fold {
  alert_windows& view;
  event_view const& event;

  void count(counted_error const& error) {
    view.each_window(error, [&](alert_counter const& one) {
      one.window->errors.add(event.recorded_at, one.count);
      // A rule without an action fires again only after its count has fallen below the threshold.
      if (!one.window->crosses(one.count, one.within)) {
        one.window->armed = true;
      } else if (one.window->armed) {
        view.crossed.push_back(one);
      }
    });
  }

  // A map that is started is bound to what the rules say then.
  void bind(rule_id rule, alert_row& row, map_id id) {
    auto& map = view.maps[id];
    bool const covered = row.terms.covers(id);
    auto const bound = map.bound.find(rule);
    if (bound != map.bound.end() && (!covered || bound->second != row.version))
      unbind(rule, row, id);
    if (!covered || map.bound.contains(rule)) return;
    auto& version = row.versions[row.version];
    version.terms = row.terms;
    version.maps.insert(id);
    version.windows.try_emplace(row.terms.per_map ? id : map_id{});
    map.bound[rule] = row.version;
  }
  void unbind(rule_id rule, alert_row& row, map_id id) {
    auto& bound = view.maps[id].bound;
    auto const number = bound.find(rule);
    if (number == bound.end()) return;
    auto const version = row.versions.find(number->second);
    version->second.maps.erase(id);
    version->second.windows.erase(id);
    if (version->second.maps.empty()) row.versions.erase(version);
    bound.erase(number);
  }
  void start(map_id id) {
    view.index.clear();
    auto& map = view.maps[id];
    map.started = true;
    for (auto& [rule, row] : view.rules) {
      if (row.link == map.link) bind(rule, row, id);
    }
  }
  void stop(map_id id) {
    view.index.clear();
    auto& map = view.maps[id];
    map.started = false;
    for (auto& [rule, row] : view.rules) unbind(rule, row, id);
  }
  void bind_started_maps(rule_id rule, alert_row& row) {
    view.index.clear();
    for (auto const& [id, map] : view.maps) {
      if (map.link == row.link && map.started) bind(rule, row, id);
    }
  }

  void operator()(MapCreated const& e) { view.maps[map_id{event.at.value}].link = e.link; }
  void operator()(InitialSyncStarted const& e) { start(e.map); }
  void operator()(MapResumed const& e) { start(e.map); }
  void operator()(MapStopped const& e) { stop(e.map); }
  void operator()(MapDeleted const& e) {
    stop(e.map);
    view.maps.erase(e.map);
    let_go(e.map);
  }

  void operator()(AlertRuleCreated const& e) {
    rule_id const id{event.at.value};
    auto& row = view.rules[id];
    row.link = e.link;
    row.terms = terms_as<std::string>(e);
    row.owner = e.owner;
    if (row.terms.at_once) bind_started_maps(id, row);
  }
  // What it had counted stays, unless it counts or acts otherwise now.
  void operator()(AlertRuleChanged const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    view.index.clear();
    auto& row = found->second;
    auto terms = terms_as<std::string>(e);
    bool const same = terms.acts_like(row.terms);
    bool const switched = terms.disabled != row.terms.disabled;
    row.terms = std::move(terms);
    if (!same) ++row.version;
    if (switched) {
      for (auto& [number, version] : row.versions) {
        for (auto& [of, window] : version.windows) window = {};
      }
    }
    if (row.terms.at_once) bind_started_maps(e.rule, row);
  }
  void operator()(OwnerChanged const& e) {
    if (view.rules.contains(e.rule)) view.rules[e.rule].owner = e.owner;
  }
  void operator()(AlertRuleDeleted const& e) {
    view.index.clear();
    view.rules.erase(e.rule);
    for (auto& [id, map] : view.maps) map.bound.erase(e.rule);
  }
  void operator()(AlertMuted const& e) {
    if (view.rules.contains(e.rule)) view.rules[e.rule].muted_until = e.until;
  }

  void operator()(AlertFired const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    auto& rule = found->second;
    ++rule.fired;
    rule.last_firing = event.at;
    auto& incident = rule.incidents[e.incident ? e.incident : event.at];
    incident.map = e.map;
    incident.version = e.version;
    incident.last = event.at;
    auto const version = rule.versions.find(e.version);
    if (version == rule.versions.end()) return;
    auto const& terms = version->second.terms;
    if (terms.resume_after_us > 0 && e.asked > 0) {
      if (event.recorded_at - rule.resumed_at > 2 * resume_after(rule, terms)) rule.resumed = 0;
      incident.probe_at = event.recorded_at + resume_after(rule, terms);
    }
    auto const window = version->second.windows.find(e.map);
    if (window == version->second.windows.end()) return;
    window->second.armed = terms.action != alert_action::none;
    if (terms.action != alert_action::none) window->second.errors.clear();
  }
  void operator()(AlertResolved const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    auto& rule = found->second;
    auto const incident = rule.incidents.find(e.fired);
    if (incident == rule.incidents.end()) return;
    auto const version = rule.versions.find(incident->second.version);
    if (version != rule.versions.end()) {
      auto const window = version->second.windows.find(incident->second.map);
      if (window != version->second.windows.end()) window->second.armed = true;
    }
    rule.incidents.erase(incident);
  }
  void operator()(AppsProbed const& e) {
    auto const found = view.rules.find(e.rule);
    if (found == view.rules.end()) return;
    auto& rule = found->second;
    if (e.answered) {
      ++rule.resumed;
      rule.resumed_at = event.recorded_at;
    }
    auto const incident = rule.incidents.find(e.incident);
    if (incident != rule.incidents.end()) incident->second.probe_at = e.next_at;
  }

  void operator()(PauseRequested const& e) { hold(e.rule, e.map); }
  void operator()(StopRequested const& e) { hold(e.rule, e.map); }
  void operator()(MapStarted const& e) { let_go(e.map); }
  void operator()(CaughtUp const& e) { let_go(e.map); }
  // By the firing that the request stands behind.
  void hold(rule_id rule, map_id map) {
    auto const found = view.rules.find(rule);
    if (found == view.rules.end()) return;
    for (auto& [began, incident] : found->second.incidents) {
      if (incident.last == event.from.cause) incident.held.insert(map);
    }
  }
  void let_go(map_id map) {
    for (auto& [id, rule] : view.rules) {
      for (auto& [began, incident] : rule.incidents) incident.held.erase(map);
    }
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

instant alert_window::falls_below(alert_terms const& terms) const {
  if (terms.count == 0 || errors.size() < terms.count) return {};
  return errors.oldest() + terms.within();
}

alert_window const* alert_row::window(std::uint32_t number, map_id map) const {
  auto const found = versions.find(number);
  if (found == versions.end()) return nullptr;
  auto const one = found->second.windows.find(map);
  return one == found->second.windows.end() ? nullptr : &one->second;
}

sequence alert_row::incident_of(std::uint32_t number, map_id map) const {
  for (auto const& [began, incident] : incidents) {
    if (incident.version == number && incident.map == map) return began;
  }
  return {};
}

bool alert_row::has_passed(alert_incident const& incident, instant now) const {
  auto const* one = window(incident.version, incident.map);
  return one == nullptr || one->falls_below(versions.at(incident.version).terms) <= now;
}

std::vector<alert_counter> const& alert_index::of(alert_windows& view, counted_error const& error) {
  if (!is_made_) make(view);
  return error.map ? by_map_[error.map] : by_link_[error.link];
}

void alert_index::make(alert_windows& view) {
  by_map_.clear();
  by_link_.clear();
  for (auto& [rule, row] : view.rules) {
    if (row.terms.disabled) continue;
    for (auto& [number, version] : row.versions) {
      auto const& terms = version.terms;
      if (terms.subject != alert_subject::errors || terms.count == 0) continue;
      alert_counter one{
          0, terms.count, terms.within(), terms.ways, nullptr, rule, &row, number, &version, {}};
      for (auto const kind : terms.classes) one.kinds |= 1u << static_cast<unsigned>(kind);
      for (auto& [map, window] : version.windows) {
        one.map = map;
        one.window = &window;
        by_link_[row.link].push_back(one);
      }
      for (auto const map : version.maps) {
        one.map = terms.per_map ? map : map_id{};
        one.window = &version.windows.at(one.map);
        by_map_[map].push_back(one);
      }
    }
  }
  is_made_ = true;
}

void alert_windows::fold(event_view const& event) {
  crossed.clear();
  alert_fold step{*this, event};
  if (auto const error = error_of(event)) {
    step.count(*error);
  } else {
    std::visit(step, event.body);
  }
}

std::optional<counted_error> alert_windows::error_of(event_view const& event) const {
  auto const of_record = [&](auto const& failed) -> std::optional<counted_error> {
    // One in conflict is an error, those that only wait for its decision are none.
    bool const is_conflict = failed.state == park_state::conflict && failed.against;
    if (failed.state != park_state::failed && !is_conflict) return std::nullopt;
    auto const map = maps.find(failed.map);
    if (map == maps.end()) return std::nullopt;
    return counted_error{
        map->second.link, failed.map, failed.way, failed.kind, failed.code, failed.text};
  };
  if (auto const* parked = event.as<RecordParked>()) return of_record(*parked);
  if (auto const* retried = event.as<RetryFailed>()) return of_record(*retried);
  if (auto const* attempt = event.as<AttemptFailed>())
    return counted_error{
        attempt->link, {}, attempt->way, attempt->kind, attempt->code, attempt->text};
  return std::nullopt;
}

}  // namespace dualwrite::projections
