#include "engine/flow/map_supervisor.h"

#include <fmt/format.h>
#include <algorithm>

#include "engine/decide/drift_decider.h"
#include "engine/flow/second_pass.h"
#include "engine/flow/table_watch.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;
using projections::map_way;

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

template <class Event>
drafts of_map(link_id link, map_id map, projections::map_row const& row, Event const& event) {
  origin const from{{}, row.pending, row.pending, {}};
  drafts events;
  events.push_back(draft({stream_kind::map, map.value}, link, event, from));
  return events;
}

// Why a map stops is told at the begin of the request's own words.
stop_reason stop_reason_of(std::string_view words) {
  bool const is_untold = words.starts_with(name_of(error_code::invalid_definition));
  if (is_untold || words.starts_with("source_rewound")) return stop_reason::source_rewound;
  if (words.starts_with("slot_lost")) return stop_reason::slot_lost;
  return stop_reason::admin;
}

// What earlier copies could not write is read again by this one, if it is still there.
void take_over_copies(projections::views const& state,
                      link_id link,
                      map_id map,
                      projections::map_row const& row,
                      drafts& events) {
  origin const from{{}, row.pending, first_of_submission, {}};
  for (auto const way : both_ways) {
    auto const parked = state.parked.rows.find({map, way});
    if (parked == state.parked.rows.end()) continue;
    for (auto const& [record, one] : parked->second) {
      if (!one.copied) continue;
      RecordSkipped const skipped{map, way, record, skip_reason::superseded, row.pending, true};
      events.push_back(draft({stream_kind::map, map.value}, link, skipped, from));
    }
  }
}

}  // namespace

map_supervisor::map_supervisor(link_context& context)
    : context_(context), wake_(context.executor), order_(context) {
  context_.log.add_listener(wake_);
}

map_supervisor::~map_supervisor() {
  context_.log.remove_listener(wake_);
}

async<void> map_supervisor::run() {
  while (true) {
    std::vector<map_id> mine;
    for (auto const& [map, row] : context_.views().status.maps) {
      if (row.link == context_.link) mine.push_back(map);
    }
    bool again = false;
    for (auto const map : mine) {
      DW_CO_TRY(auto const did, co_await tend(map));
      again = again || did;
    }
    if (!again) DW_CO_CHECK(co_await wake_.wait());
  }
}

async<bool> map_supervisor::tend(map_id map) {
  auto const* found = context_.views().status.find(map);
  if (found == nullptr) co_return false;
  auto const row = *found;
  if (row.pending_kind != event_type::RunRequested) hold_back(map, false);
  if (row.pending_kind == event_type::StopRequested) co_return co_await tend_stop(map, row);
  if (row.pending_kind == event_type::PauseRequested) co_return co_await tend_pause(map, row);
  if (row.pending_kind == event_type::ResumeRequested) {
    co_return co_await tend_resume(map, row);
  }
  if (row.state == map_state::holding) {
    DW_CO_TRY(bool const completed, co_await tend_holding(map, row));
    if (completed) co_return true;
  }
  bool const rests = row.state == map_state::idle || row.state == map_state::holding;
  if (row.pending_kind == event_type::RunRequested && rests) co_return co_await tend_run(map, row);
  if (row.state == map_state::initializing && row.execution_open)
    co_return co_await tend_copy(map, row);
  if (row.state == map_state::initializing || row.state == map_state::resuming) {
    co_return co_await tend_catching_up(map, row);
  }
  co_return false;
}

// Alone in its commit, as a command is: alert rules judge the errors beside it by the state of
// maps.
async<bool> map_supervisor::say(decision what) {
  auto const appended = co_await context_.log.decide(std::move(what));
  if (!appended) co_return appended.error();
  co_return true;
}
async<bool> map_supervisor::say(drafts events) {
  decision what = [events = std::move(events)](projections::views const&) -> result<drafts> {
    return events;
  };
  co_return co_await say(std::move(what));
}

// A run that fails may have begun to capture: as that ends, what came meanwhile is given up, or the
// next run would write it over newer rows.
async<bool> map_supervisor::refuse(map_id map, projections::map_row const& row, error why) {
  auto const link = context_.link;
  auto decide = [=](projections::views const& state) -> result<drafts> {
    ActionFailed const failed{map, row.pending, static_cast<std::uint16_t>(why.code), why.detail};
    auto events = of_map(link, map, row, failed);
    bool const is_captured = state.delivery.places.contains({map, direction::left_to_right}) ||
                             state.delivery.places.contains({map, direction::right_to_left});
    if (row.state != map_state::idle || !is_captured) return events;
    DW_TRY(auto stopped, decide_stopped(state, map, stop_reason::run_failed, why.detail));
    events.insert(events.end(), stopped.begin(), stopped.end());
    return events;
  };
  decision told = std::move(decide);
  co_return co_await say(std::move(told));
}

// What the tables look like now is an event where it is new, so that what was compiled can be
// compiled again.
async<bool> map_supervisor::observe(map_id map, projections::map_row const& row) {
  DW_CO_TRY(auto const definition, parse_definition(row.definition));
  for (auto const of : {side::left, side::right}) {
    auto table = of == side::left ? definition.left.table : definition.right.table;
    auto const seen = co_await look_at_table(context_, of, std::move(table));
    if (!seen) co_return co_await refuse_or_end(map, row, seen.error());
  }
  auto const looked = co_await order_.look_at(map, definition);
  if (!looked) co_return co_await refuse_or_end(map, row, looked.error());
  co_return co_await look_for_obstacles(map, row, definition);
}

async<bool> map_supervisor::look_for_obstacles(map_id map,
                                               projections::map_row const& row,
                                               map_definition const& definition) {
  std::string why;
  for (auto const of : {side::left, side::right}) {
    auto const found = co_await find_obstacles(context_, definition, of, table_role::both);
    if (!found) co_return co_await refuse_or_end(map, row, found.error());
    if (!why.empty() && !found->empty()) why += '\n';
    why += *found;
  }
  if (why.empty()) {
    context_.looked_at[map] = row.pending;
    context_.log.ring_listeners();
    co_return true;
  }
  error misfit{error_code::invalid_definition, std::move(why)};
  co_return co_await refuse(map, row, std::move(misfit));
}

// An error that the engine must stop for is no answer to a run.
async<bool> map_supervisor::refuse_or_end(map_id map, projections::map_row const& row, error why) {
  bool const fatal = class_of(why.code) == error_class::corrupt || why.code == error_code::stopped;
  if (fatal) co_return why;
  co_return co_await refuse(map, row, std::move(why));
}

// A map that paused because its tables had changed goes on when they fit again.
async<bool> map_supervisor::tend_resume(map_id map, projections::map_row row) {
  auto const fitting = fits(context_.views().status, row);
  if (fitting) co_return co_await resume(map, row);
  if (context_.looked_at[map] != row.pending) co_return co_await observe(map, row);
  co_return co_await refuse(map, row, fitting.error());
}

// A queue is given up as it is when that is said; what a batch in doubt did to it has to be known.
async<bool> map_supervisor::resume(map_id map, projections::map_row row) {
  bool const discards = row.pending_resume == resume_mode::discard_queue;
  if (discards && is_in_doubt(map)) co_return false;
  auto decide = [this, map, row, discards](projections::views const& state) -> result<drafts> {
    MapResumed resumed{map, row.pending, row.pending_resume, {}};
    if (!discards) return of_map(context_.link, map, row, resumed);
    if (is_in_doubt(map)) return drafts{};
    for (auto const way : both_ways) {
      auto const place = state.delivery.places.find({map, way});
      if (place == state.delivery.places.end()) continue;
      resumed.places.push_back({map, way, place->second.lane, state.delivery.position(map, way)});
    }
    return of_map(context_.link, map, row, resumed);
  };
  decision told = std::move(decide);
  co_return co_await say(std::move(told));
}

// When what a copy could not write is all settled, by retries or by being given up, the initial
// sync is complete.
async<bool> map_supervisor::tend_holding(map_id map, projections::map_row row) {
  auto const is_settled = [this, map] {
    auto const& views = context_.views();
    auto const* execution = views.progress.of(map);
    if (execution == nullptr || execution->open || execution->state != end_state::failed)
      return false;
    return std::all_of(std::begin(both_ways), std::end(both_ways), [&](direction way) {
      auto const parked = views.parked.rows.find({map, way});
      return parked == views.parked.rows.end() ||
             std::none_of(parked->second.begin(), parked->second.end(), [](auto const& one) {
               return one.second.copied;
             });
    });
  };
  if (!is_settled()) co_return false;
  auto decide = [this, map, row, is_settled](projections::views const&) -> result<drafts> {
    if (!is_settled()) return drafts{};
    InitialSyncCompleted const completed{map, row.execution, end_state::completed, 0};
    return of_map(context_.link, map, row, completed);
  };
  decision told = std::move(decide);
  co_return co_await say(std::move(told));
}

bool map_supervisor::is_in_doubt(map_id map) const {
  return context_.in_doubt.contains({map, direction::left_to_right}) ||
         context_.in_doubt.contains({map, direction::right_to_left});
}

bool map_supervisor::is_captured(map_id map, compiled_map const& compiled) const {
  for (auto const way : both_ways) {
    if (!compiled.writes(way)) continue;
    auto const& delivery = context_.views().delivery;
    auto const capture = delivery.captures.find({context_.link, source_of(way)});
    if (capture == delivery.captures.end() || !delivery.places.contains({map, way})) return false;
    auto const& maps = capture->second.maps;
    if (std::find(maps.begin(), maps.end(), map) == maps.end()) return false;
  }
  return true;
}

void map_supervisor::hold_back(map_id map, bool waits) {
  bool const is_new =
      waits ? context_.held_back.insert(map).second : context_.held_back.erase(map) != 0;
  if (is_new) context_.log.ring_listeners();
}

// Schemas first, then the definition, then the capture, and only then the copy: so that no change
// falls between.
async<bool> map_supervisor::tend_run(map_id map, projections::map_row row) {
  if (context_.looked_at[map] != row.pending) co_return co_await observe(map, row);
  auto const fitting = fits(context_.views().status, row);
  if (!fitting) co_return co_await refuse(map, row, fitting.error());
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), map));
  if (!is_captured(map, *compiled)) co_return false;

  auto const mode = row.pending_mode;
  bool const copies = mode == run_mode::initial_sync || is_partial(mode) ||
                      (mode == run_mode::automatic && !row.initial_sync_done);
  bool const waits = copies && order_.waits_for_another(map);
  hold_back(map, waits);
  if (waits) co_return false;
  if (!copies) {
    MapResumed const resumed{map, row.pending, {}, {}};
    co_return co_await say(of_map(context_.link, map, row, resumed));
  }
  // The side that is not the master goes first, so that the master's rows are written last.
  auto const master = compiled->definition().master;
  auto const what = is_partial(mode) ? mode : run_mode::initial_sync;
  InitialSyncStarted started{map, master, {}, what};
  for (auto const source : {opposite(master), master}) {
    if (compiled->writes(direction_from(source))) started.legs.push_back(direction_from(source));
  }
  auto const link = context_.link;
  auto decide = [=](projections::views const& state) -> result<drafts> {
    auto events = of_map(link, map, row, started);
    if (!is_partial(started.mode)) take_over_copies(state, link, map, row, events);
    return events;
  };
  decision begin = std::move(decide);
  co_return co_await say(std::move(begin));
}

bool map_supervisor::is_at_rest(map_id map) const {
  for (auto const way : both_ways) {
    map_way const of{map, way};
    auto const place = context_.views().delivery.places.find(of);
    if (place == context_.views().delivery.places.end()) continue;
    if (place->second.lane == projections::main_lane) return false;
    if (context_.at_work.contains(of) && !context_.in_doubt.contains(of)) return false;
  }
  return true;
}

// Whoever brings it on again begins from its place in the log.
void map_supervisor::forget_catching_up(map_id map) {
  for (auto const way : both_ways) context_.caught_up.erase({map, way});
}

// A lane may have taken the map up just before it heard of the pause: whether the map rests is
// asked when it is said.
async<bool> map_supervisor::tend_pause(map_id map, projections::map_row row) {
  if (!is_at_rest(map)) co_return false;
  auto decide = [this, map, row](projections::views const&) -> result<drafts> {
    if (!is_at_rest(map)) return drafts{};
    MapPaused paused{map, row.pending, {}};
    for (auto const way : both_ways) {
      if (!context_.in_doubt.contains({map, way})) continue;
      for (auto const& [lane, known] : context_.views().delivery.lanes) {
        if (std::get<0>(lane) != context_.link || std::get<1>(lane) != way) continue;
        paused.in_doubt.push_back({way, std::get<2>(lane), batch_number{known.batch.value + 1}});
      }
    }
    return of_map(context_.link, map, row, paused);
  };
  decision told = std::move(decide);
  DW_CO_CHECK(co_await say(std::move(told)));
  if (context_.views().status.find(map)->state == map_state::paused) forget_catching_up(map);
  co_return true;
}

// A stop ends the batch in hand: what it did is known before the rest is given up.
async<bool> map_supervisor::tend_stop(map_id map, projections::map_row row) {
  auto const may_stop = [this, map] { return is_at_rest(map) && !is_in_doubt(map); };
  if (!may_stop()) co_return false;
  auto decide = [this, map, row, may_stop](projections::views const& state) -> result<drafts> {
    if (!may_stop()) return drafts{};
    return decide_stopped(state, map, stop_reason_of(row.reason), row.reason);
  };
  decision told = std::move(decide);
  DW_CO_CHECK(co_await say(std::move(told)));
  if (context_.views().status.find(map)->state != map_state::idle) co_return true;
  context_.ledger.forget(map);
  forget_catching_up(map);
  co_return true;
}

// When both legs are through, what they left behind decides how the copy ends.
async<bool> map_supervisor::tend_copy(map_id map, projections::map_row row) {
  auto const* execution = context_.views().progress.of(map);
  bool const done = std::all_of(
      execution->legs.begin(), execution->legs.end(), [](auto const& leg) { return leg.done; });
  if (!done || awaits_second_pass(context_, map)) co_return false;
  bool const leaves_errored = execution->mode == run_mode::without_errors;
  std::uint64_t failed = 0;
  for (auto const way : both_ways) {
    auto const parked = context_.views().parked.rows.find({map, way});
    if (parked == context_.views().parked.rows.end()) continue;
    for (auto const& [record, one] : parked->second) {
      bool const is_left_alone = leaves_errored && record.value < row.execution.value;
      if (one.copied && one.state == park_state::failed && !is_left_alone) ++failed;
    }
  }
  auto const fine = leaves_errored ? end_state::completed : end_state::succeeded;
  auto const state = failed == 0 ? fine : end_state::failed;
  InitialSyncCompleted const completed{map, row.execution, state, failed};
  co_return co_await say(of_map(context_.link, map, row, completed));
}

async<bool> map_supervisor::tend_catching_up(map_id map, projections::map_row row) {
  for (auto const way : both_ways) {
    auto const place = context_.views().delivery.places.find({map, way});
    if (place == context_.views().delivery.places.end()) continue;
    if (place->second.lane != projections::main_lane) co_return false;
  }
  if (row.state == map_state::resuming) {
    co_return co_await say(of_map(context_.link, map, row, CaughtUp{map}));
  }
  co_return co_await say(of_map(context_.link, map, row, MapStarted{map, row.pending}));
}

}  // namespace dualwrite::engine
