#include "projections/activity_log.h"

#include <fmt/format.h>

namespace dualwrite::projections {
namespace {

std::string_view name_of(direction way) {
  return way == direction::left_to_right ? "left to right" : "right to left";
}

std::string amount(queue_measure measure, std::uint64_t of) {
  switch (measure) {
    case queue_measure::records:
      return fmt::format("{} records", of);
    case queue_measure::bytes:
      return fmt::format("{} bytes", of);
    case queue_measure::age:
      return fmt::format("{} seconds", of / 1'000'000);
  }
  return {};
}

std::string resume_text(ResumeRequested const& e) {
  std::string_view const deletes = e.deletes == delete_choice::accept ? ", its deletes accepted"
                                   : e.deletes == delete_choice::skip ? ", its deletes skipped"
                                                                      : "";
  return e.reason.empty() ? fmt::format("resume requested{}", deletes)
                          : fmt::format("resume requested{}: {}", deletes, e.reason);
}

std::string purged_text(ParkedPurged const& e) {
  return e.file.empty()
             ? fmt::format("{} errors purged", e.records.size())
             : fmt::format(
                   "{} errors purged, after they were written to {}", e.records.size(), e.file);
}

std::string level_text(QueueLevelChanged const& e) {
  auto const of =
      fmt::format("{} of {}", amount(e.measure, e.measured), amount(e.measure, e.limit));
  if (e.limit == 0) return "the queue has no limit any more";
  if (e.percent == 0) return fmt::format("the queue is below half of its limit again: {}", of);
  return fmt::format("the queue is at {} % of its limit: {}", e.percent, of);
}

struct activity_fold {
  activity_log& view;
  event_view const& event;

  template <class Event>
  void add(map_id map, Event const&, std::string text) {
    activity_row row;
    row.at = row.last = event.at;
    row.since = row.until = event.recorded_at;
    row.type = type_of<Event>;
    row.actor = event.from.actor;
    row.correlation = event.from.correlation;
    row.text = std::move(text);
    view.rows[map].push_back(std::move(row));
  }
  // Errors that follow each other and say the same are one entry.
  template <class Event>
  void add_error(map_id map, Event const& e, std::string text) {
    auto& rows = view.rows[map];
    if (!rows.empty() && rows.back().type == type_of<Event> && rows.back().text == text) {
      rows.back().last = event.at;
      rows.back().until = event.recorded_at;
      ++rows.back().count;
      return;
    }
    add(map, e, std::move(text));
  }

  void operator()(MapCreated const& e) {
    add(map_id{event.at.value}, e, fmt::format("created as {}", e.name));
  }
  void operator()(MapChanged const& e) {
    add(e.map, e, fmt::format("changed to version {}", e.version));
  }
  void operator()(MapRenamed const& e) { add(e.map, e, fmt::format("renamed to {}", e.name)); }
  void operator()(RunRequested const& e) { add(e.map, e, "run requested"); }
  void operator()(PauseRequested const& e) {
    add(e.map,
        e,
        e.reason.empty() ? "pause requested" : fmt::format("pause requested: {}", e.reason));
  }
  void operator()(ResumeRequested const& e) { add(e.map, e, resume_text(e)); }
  void operator()(StopRequested const& e) {
    add(e.map,
        e,
        e.reason.empty() ? "stop requested" : fmt::format("stop requested: {}", e.reason));
  }
  void operator()(ActionFailed const& e) { add(e.map, e, fmt::format("refused: {}", e.detail)); }
  void operator()(InitialSyncStarted const& e) {
    auto const text = e.mode == run_mode::without_errors
                          ? "initial sync started again without errors"
                      : e.mode == run_mode::errored_only ? "initial sync of what had failed started"
                                                         : "initial sync started";
    add(e.map, e, text);
  }
  void operator()(LegStarted const& e) {
    add(e.map, e, fmt::format("initial sync, {}, started", name_of(e.way)));
  }
  void operator()(LegCompleted const& e) {
    add(e.map, e, fmt::format("initial sync, {}, completed", name_of(e.way)));
  }
  void operator()(InitialSyncCompleted const& e) {
    auto text = e.failed == 0 ? std::string("initial sync completed")
                              : fmt::format("initial sync ended with {} errors", e.failed);
    if (e.state == end_state::completed) text += "; the map waits to be run";
    add(e.map, e, std::move(text));
  }
  void operator()(MapStarted const& e) { add(e.map, e, "running"); }
  void operator()(MapPaused const& e) {
    add(e.map, e, e.in_doubt.empty() ? "paused" : "paused, a batch is in doubt");
  }
  void operator()(MapResumed const& e) {
    auto const text = e.mode == resume_mode::park_queue      ? "resuming; the queue is parked"
                      : e.mode == resume_mode::discard_queue ? "resuming; the queue is discarded"
                                                             : "resuming";
    add(e.map, e, text);
  }
  void operator()(CaughtUp const& e) { add(e.map, e, "caught up"); }
  void operator()(MapStopped const& e) {
    auto text = fmt::format("stopped, {} records discarded", e.discarded);
    if (!e.detail.empty()) text += fmt::format(": {}", e.detail);
    add(e.map, e, std::move(text));
  }
  void operator()(RecordParked const& e) {
    bool const is_conflict = e.state == park_state::conflict && e.against;
    if (e.state != park_state::failed && !is_conflict) return;
    add_error(e.map, e, fmt::format("{} error {}: {}", dualwrite::name_of(e.kind), e.code, e.text));
  }
  void operator()(RetryRequested const& e) {
    add(e.map,
        e,
        e.all ? "retry of all errors" : fmt::format("retry of {} errors", e.records.size()));
  }
  void operator()(RetryFailed const& e) {
    if (e.state != park_state::failed) return;
    add_error(
        e.map,
        e,
        fmt::format("retry failed, {} error {}: {}", dualwrite::name_of(e.kind), e.code, e.text));
  }
  void operator()(RetryCancelled const& e) { add(e.map, e, "retry cancelled"); }
  void operator()(ConflictDecided const& e) {
    auto const side = e.kept == side::left ? "left" : "right";
    add(e.map, e, fmt::format("conflict {} decided: the {} side stays", e.conflict.value, side));
  }
  void operator()(ParkedAmended const& e) {
    add(e.map, e, fmt::format("error {} amended", e.record.value));
  }
  void operator()(PurgeAnnounced const& e) {
    add(e.map, e, fmt::format("{} errors are about to be purged", e.records.size()));
  }
  void operator()(ParkedPurged const& e) {
    if (!e.records.empty()) add(e.map, e, purged_text(e));
  }
  void operator()(ErrorExportFailed const& e) {
    add_error(
        e.map,
        e,
        fmt::format("errors are kept, as they cannot be written to {}: {}", e.file, e.detail));
  }
  void operator()(MassDeleteFound const& e) {
    add(e.map,
        e,
        fmt::format("held back: {} rows were to be deleted {}, more than {}",
                    e.deletes,
                    name_of(e.way),
                    e.limit));
  }
  void operator()(QueueLevelChanged const& e) { add(e.map, e, level_text(e)); }
  void operator()(QueueOverflowed const& e) {
    add(e.map,
        e,
        fmt::format("detached: the queue is over its limit, records from event {} on are not kept",
                    e.from.value));
  }
  void operator()(ParkedDeleted const& e) {
    add(e.map, e, fmt::format("{} errors deleted", e.records.size()));
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

void activity_log::fold(event_view const& event) {
  std::visit(activity_fold{*this, event}, event.body);
}

}  // namespace dualwrite::projections
