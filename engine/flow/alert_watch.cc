#include "engine/flow/alert_watch.h"

#include <algorithm>
#include <optional>

namespace dualwrite::engine {
namespace {

// When the first of the open rules is over if nothing more happens; none where only events can end
// it.
std::optional<instant> next_end(projections::alert_windows const& alerts) {
  std::optional<instant> next;
  for (auto const& [id, rule] : alerts.rules) {
    if (!rule.open || !rule.held.empty()) continue;
    next = next ? std::min(*next, rule.falls_below()) : rule.falls_below();
  }
  return next;
}

}  // namespace

alert_watch::alert_watch(boost::asio::any_io_executor executor, sequencer& log, clock& time)
    : log_(log), time_(time), wake_(std::move(executor)) {
  log_.add_listener(wake_);
}

alert_watch::~alert_watch() {
  log_.remove_listener(wake_);
}

async<void> alert_watch::run() {
  while (true) {
    auto const next = next_end(log_.views().alerts);
    if (next && *next <= time_.now()) {
      DW_CO_CHECK(co_await resolve());
    } else if (next) {
      DW_CO_CHECK(co_await wake_.wait_until(time_, *next));
    } else {
      DW_CO_CHECK(co_await wake_.wait());
    }
  }
}

async<void> alert_watch::resolve() {
  auto decide_ends = [now = time_.now()](projections::views const& state) -> result<drafts> {
    drafts events;
    for (auto const& [id, rule] : state.alerts.rules) {
      if (!rule.is_over(now)) continue;
      AlertResolved const resolved{id, rule.open};
      origin const from{{}, rule.open, rule.open, {}};
      events.push_back(draft({stream_kind::rule, id.value}, rule.link, resolved, from));
    }
    return events;
  };
  decision ends = std::move(decide_ends);
  DW_CO_CHECK(co_await log_.decide(std::move(ends)));
  co_return result<void>{};
}

}  // namespace dualwrite::engine
