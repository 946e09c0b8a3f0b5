#include "engine/flow/retention_watch.h"

namespace dualwrite::engine {
namespace {

std::optional<duration> span_in(map_definition const& definition) {
  return definition.errors_kept;
}

std::optional<std::string> folder_in(map_definition const& definition) {
  if (definition.errors_export.empty()) return std::nullopt;
  return definition.errors_export;
}

// A file is made on the engine strand but for its writing.
constexpr std::size_t file_records_max = 1'000;
constexpr duration failed_pause = std::chrono::minutes(1);

}  // namespace

retention_watch::retention_watch(boost::asio::any_io_executor executor,
                                 sequencer& log,
                                 clock& time,
                                 error_archive* archive)
    : log_(log),
      time_(time),
      archive_(archive),
      wake_(std::move(executor)),
      kept_(span_in),
      folders_(folder_in) {
  log_.add_listener(wake_);
}

retention_watch::~retention_watch() {
  log_.remove_listener(wake_);
}

async<void> retention_watch::run() {
  while (true) {
    auto const& kept = kept_.of(log_.views().status);
    auto const next = next_retention(log_.views(), kept, resting_);
    if (next && *next <= time_.now()) {
      DW_CO_CHECK(co_await decide_due());
    } else if (next) {
      DW_CO_CHECK(co_await wake_.wait_until(time_, *next));
    } else {
      DW_CO_CHECK(co_await wake_.wait());
    }
  }
}

async<void> retention_watch::decide_due() {
  DW_CO_TRY(auto written, co_await write());
  auto decide = [this, written = std::move(written), now = time_.now()](
                    projections::views const& state) -> result<drafts> {
    return decide_retention(state, kept_.of(state.status), now, written);
  };
  decision due = std::move(decide);
  DW_CO_CHECK(co_await log_.decide(std::move(due)));
  co_return result<void>{};
}

async<written_by_map> retention_watch::write() {
  written_by_map out;
  auto const folders = folders_.of(log_.views().status);
  for (auto const& [map, folder] : folders) {
    auto& mine = out[map];
    auto const rests = resting_.find(map);
    auto const kept = kept_.of(log_.views().status).find(map);
    if (rests != resting_.end() && time_.now() < rests->second) continue;
    if (kept == kept_.of(log_.views().status).end()) continue;
    if (archive_ == nullptr) {
      resting_[map] = time_.now() + failed_pause;
      continue;
    }
    auto due = due_purges(log_.views(), map, kept->second, time_.now(), file_records_max);
    if (due.empty()) continue;
    auto file = co_await archive_->keep(map, folder, due);
    if (file) {
      resting_.erase(map);
      mine = {std::move(*file), std::move(due)};
    } else {
      resting_[map] = time_.now() + failed_pause;
      DW_CO_CHECK(co_await tell_failed(map, folder, file.error()));
    }
  }
  co_return out;
}

// Once, as long as it is the same.
async<void> retention_watch::tell_failed(map_id map, std::string const& folder, error why) {
  auto decide = [=](projections::views const& state) -> result<drafts> {
    auto const known = state.error_exports.failed.find(map);
    auto const* row = state.status.find(map);
    bool const is_said = known != state.error_exports.failed.end() &&
                         known->second.file == folder && known->second.detail == why.detail;
    drafts events;
    if (row == nullptr || is_said) return events;
    ErrorExportFailed const failed{map, folder, why.detail};
    events.push_back(draft({stream_kind::map, map.value}, row->link, failed));
    return events;
  };
  decision told = std::move(decide);
  DW_CO_CHECK(co_await log_.decide(std::move(told)));
  co_return result<void>{};
}

}  // namespace dualwrite::engine
