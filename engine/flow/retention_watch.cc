#include "engine/flow/retention_watch.h"

#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {

retention_watch::retention_watch(boost::asio::any_io_executor executor, sequencer& log, clock& time)
    : log_(log), time_(time), wake_(std::move(executor)) {
  log_.add_listener(wake_);
}

retention_watch::~retention_watch() {
  log_.remove_listener(wake_);
}

// It is woken at every step of the log: a definition is read once for each version.
void retention_watch::learn_spans() {
  auto const& maps = log_.views().status.maps;
  std::erase_if(kept_, [&](auto const& span) { return !maps.contains(span.first); });
  for (auto const& [map, row] : maps) {
    auto& version = versions_[map];
    if (version == row.version) continue;
    version = row.version;
    auto const definition = parse_definition(row.definition);
    if (definition) kept_[map] = definition->errors_kept;
  }
}

async<void> retention_watch::run() {
  while (true) {
    learn_spans();
    auto const next = next_retention(log_.views(), kept_);
    if (next && *next <= time_.now()) {
      auto decide = [this, now = time_.now()](projections::views const& state) -> result<drafts> {
        return decide_retention(state, kept_, now);
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
