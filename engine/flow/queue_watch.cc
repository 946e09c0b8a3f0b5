#include "engine/flow/queue_watch.h"

#include <algorithm>

namespace dualwrite::engine {
namespace {

// Queues are looked at no more often: their levels are for people.
constexpr duration look_pace = std::chrono::milliseconds(100);

std::optional<queue_limits> limits_in(map_definition const& definition) {
  return definition.queue;
}

bool has_any(limits_by_map const& limits) {
  return std::any_of(
      limits.begin(), limits.end(), [](auto const& row) { return row.second.any(); });
}

}  // namespace

queue_watch::queue_watch(boost::asio::any_io_executor executor, sequencer& log, clock& time)
    : log_(log), time_(time), wake_(std::move(executor)), limits_(limits_in) {
  log_.add_listener(wake_);
}

queue_watch::~queue_watch() {
  log_.remove_listener(wake_);
}

async<void> queue_watch::run() {
  while (true) {
    auto const& limits = limits_.of(log_.views().status);
    auto const now = time_.now();
    auto const next = next_queue_level(log_.views(), limits, now);
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
    if (has_any(limits) && time_.now() < rested) DW_CO_CHECK(co_await time_.sleep_until(rested));
  }
}

async<void> queue_watch::decide_due() {
  auto decide = [this](projections::views const& state) -> result<drafts> {
    return decide_queue_levels(state, limits_.of(state.status), time_.now());
  };
  decision due = std::move(decide);
  DW_CO_CHECK(co_await log_.decide(std::move(due)));
  co_return result<void>{};
}

}  // namespace dualwrite::engine
