#include "engine/flow/retention_watch.h"

namespace dualwrite::engine {
namespace {

std::optional<duration> span_in(map_definition const& definition) {
  return definition.errors_kept;
}

}  // namespace

retention_watch::retention_watch(boost::asio::any_io_executor executor, sequencer& log, clock& time)
    : log_(log), time_(time), wake_(std::move(executor)), kept_(span_in) {
  log_.add_listener(wake_);
}

retention_watch::~retention_watch() {
  log_.remove_listener(wake_);
}

async<void> retention_watch::run() {
  while (true) {
    auto const& kept = kept_.of(log_.views().status);
    auto const next = next_retention(log_.views(), kept);
    if (next && *next <= time_.now()) {
      auto decide = [this, now = time_.now()](projections::views const& state) -> result<drafts> {
        return decide_retention(state, kept_.of(state.status), now);
      };
      decision due = std::move(decide);
      DW_CO_CHECK(co_await log_.decide(std::move(due)));
    } else if (next) {
      DW_CO_CHECK(co_await wake_.wait_until(time_, *next));
    } else {
      DW_CO_CHECK(co_await wake_.wait());
    }
  }
}

}  // namespace dualwrite::engine
