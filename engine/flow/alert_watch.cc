#include "engine/flow/alert_watch.h"

#include "engine/decide/alert_levels.h"

namespace dualwrite::engine {
namespace {

// States are looked at no more often: rules on them speak of seconds and more.
constexpr duration look_pace = std::chrono::milliseconds(100);

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
    auto const now = time_.now();
    auto const next = next_alert_at(log_.views(), now);
    if (next && *next <= now) {
      DW_CO_CHECK(co_await decide_due());
      continue;
    }
    if (next) {
      DW_CO_CHECK(co_await wake_.wait_until(time_, *next));
    } else {
      DW_CO_CHECK(co_await wake_.wait());
    }
    auto const rested = now + look_pace;
    if (time_.now() < rested) DW_CO_CHECK(co_await time_.sleep_until(rested));
  }
}

async<void> alert_watch::decide_due() {
  auto decide = [now = time_.now()](projections::views const& state) -> result<drafts> {
    return decide_alerts_at(state, now);
  };
  decision due = std::move(decide);
  DW_CO_CHECK(co_await log_.decide(std::move(due)));
  co_return result<void>{};
}

}  // namespace dualwrite::engine
