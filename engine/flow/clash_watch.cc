#include "engine/flow/clash_watch.h"

#include "engine/decide/clash_decider.h"
#include "engine/flow/log_records.h"

namespace dualwrite::engine {
namespace {

result<clashing_record> record_at(event_log const& log, sequence at) {
  DW_TRY(auto const item, read_item(log, at));
  auto const* record = std::get_if<replay::queued_record>(&item);
  // A winner on its way back to its own side: it is of no time of its own, and cannot be undone.
  if (record == nullptr) return clashing_record{{}, operation::update, {}, {}, {}};
  return clashing_record{record->committed_at,
                         record->op,
                         std::string(record->before),
                         std::string(record->after),
                         record->schema};
}

}  // namespace

clash_watch::clash_watch(boost::asio::any_io_executor executor, sequencer& log)
    : log_(log), wake_(std::move(executor)) {
  log_.add_listener(wake_);
}

clash_watch::~clash_watch() {
  log_.remove_listener(wake_);
}

async<void> clash_watch::run() {
  auto const decide = [this](projections::views const& state) {
    return decide_clash(state, [this](sequence at) { return record_at(log_.log(), at); });
  };
  while (true) {
    if (!next_clash(log_.views())) {
      DW_CO_CHECK(co_await wake_.wait());
      continue;
    }
    decision next = decide;
    DW_CO_CHECK(co_await log_.decide(std::move(next)));
  }
}

}  // namespace dualwrite::engine
