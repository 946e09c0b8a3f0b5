#include "engine/flow/maintenance_watch.h"

#include <algorithm>

namespace dualwrite::engine {

std::optional<maintenance_time> coming_time(maintenance_terms const& terms,
                                            instant begun,
                                            instant now,
                                            time_zones const& zones) {
  // Places differ from UTC by less than two days: times before that are over whatever the zone.
  constexpr duration zone_max = std::chrono::hours(48);
  auto const period = std::chrono::hours(terms.repeat == repetition::weekly ? 7 * 24 : 24);
  std::uint64_t n = 0;
  if (terms.repeat != repetition::once && now - zone_max > terms.resume_at)
    n = static_cast<std::uint64_t>((now - zone_max - terms.resume_at) / period);
  while (auto const local = local_time(terms, n++)) {
    auto const begins = zones.to_utc(terms.zone, local->begins);
    auto const ends = zones.to_utc(terms.zone, local->ends);
    if (!begins || !ends) return std::nullopt;
    if (*ends > now && *begins > begun) return maintenance_time{*begins, *ends};
  }
  return std::nullopt;
}

maintenance_watch::maintenance_watch(boost::asio::any_io_executor executor,
                                     sequencer& log,
                                     clock& time,
                                     time_zones const& zones)
    : log_(log), time_(time), zones_(zones), wake_(std::move(executor)) {
  log_.add_listener(wake_);
}

maintenance_watch::~maintenance_watch() {
  log_.remove_listener(wake_);
}

std::optional<maintenance_watch::due> maintenance_watch::next() const {
  auto const now = time_.now();
  std::optional<due> first;
  for (auto const& [id, plan] : log_.views().maintenance.plans) {
    auto const coming = coming_time(plan.terms, plan.begun, now, zones_);
    auto step = next_step(plan, coming);
    if (!step) continue;
    bool const waits = step->what == maintenance_step::kind::end && step->at <= now &&
                       !may_end(log_.views(), plan);
    if (!waits && (!first || step->at < first->step.at)) first = due{id, *step};
  }
  return first;
}

async<void> maintenance_watch::run() {
  while (true) {
    auto const first = next();
    if (!first) {
      DW_CO_CHECK(co_await wake_.wait());
      continue;
    }
    if (first->step.at > time_.now()) {
      DW_CO_CHECK(co_await wake_.wait_until(time_, first->step.at));
      continue;
    }
    auto decide = [due = *first](projections::views const& state) -> result<drafts> {
      return decide_maintenance(state, due.plan, due.step);
    };
    decision told = std::move(decide);
    DW_CO_CHECK(co_await log_.decide(std::move(told)));
  }
}

}  // namespace dualwrite::engine
