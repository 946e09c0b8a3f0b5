#include "engine/flow/catch_up_lane.h"

#include <algorithm>

#include "engine/flow/batch_reader.h"
#include "engine/flow/circle_batch.h"
#include "engine/flow/copy_chunk.h"
#include "engine/flow/second_pass.h"
#include "engine/flow/table_watch.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;
using projections::map_way;

bool asked_to_stop(projections::map_row const& row) {
  return row.pending_kind == event_type::PauseRequested ||
         row.pending_kind == event_type::StopRequested;
}

bool may_retry(projections::map_row const& row) {
  return row.state != map_state::idle && row.state != map_state::paused && !row.execution_open;
}

}  // namespace

catch_up_lane::catch_up_lane(link_context& context,
                             target_session& session,
                             direction way,
                             lane_id lane)
    : context_(context), session_(session), way_(way), lane_(lane), wake_(context.executor) {
  context_.log.add_listener(wake_);
}

catch_up_lane::~catch_up_lane() {
  context_.log.remove_listener(wake_);
}

async<void> catch_up_lane::run() {
  while (true) {
    auto next = choose();
    if (!next) next = choose_circles();
    if (!next) {
      DW_CO_CHECK(co_await wake_.wait());
      continue;
    }
    for (auto const map : next->maps) context_.at_work.insert({map, way_});
    auto const how = co_await work_on(*next);
    for (auto const map : next->maps) {
      context_.at_work.erase({map, way_});
      context_.in_doubt.erase({map, way_});
    }
    context_.log.ring_listeners();
    if (how) {
      failures_ = 0;
      continue;
    }
    auto why = how.error();
    if (is_drift(why.code)) {
      auto const looked = co_await look_at_tables(context_, source_of(way_));
      if (!looked) why = looked.error();
    }
    if (class_of(why.code) != error_class::transient && !is_drift(why.code)) co_return why;
    DW_CO_CHECK(co_await rest(std::move(why)));
  }
}

// A source that cannot be read is tried again later.
async<void> catch_up_lane::rest(error why) {
  AttemptFailed const failed{context_.link,
                             way_,
                             lane_,
                             context_.app(source_of(way_)),
                             fault_class::network,
                             name_of(why.code),
                             why.detail};
  drafts events;
  events.push_back(draft({stream_kind::link, context_.link.value}, context_.link, failed));
  DW_CO_CHECK(co_await context_.log.append(std::move(events)));
  auto const until = context_.time.now() + backoff(context_.options, ++failures_);
  DW_CO_CHECK(co_await context_.time.sleep_until(until));
  co_return result<void>{};
}

// The map that is furthest behind, of those that no other lane works on.
std::optional<catch_up_lane::work> catch_up_lane::choose() const {
  std::optional<work> best;
  sequence furthest;
  for (auto const& [of, place] : context_.views().delivery.places) {
    if (of.second != way_ || !context_.is_mine(of.first) || context_.at_work.contains(of)) continue;
    auto const* row = context_.views().status.find(of.first);
    if (row == nullptr || asked_to_stop(*row)) continue;
    auto const kind = due_work(of.first, *row);
    auto const position = context_.views().delivery.position(of.first, way_);
    if (!kind || (best && furthest <= position)) continue;
    best = work{*kind, {of.first}};
    furthest = position;
  }
  return best;
}

std::optional<catch_up_lane::work> catch_up_lane::choose_circles() const {
  work out{work_kind::circles, {}, free_circles(context_, way_)};
  std::set<map_id> maps;
  for (auto const& circle : out.circles) {
    for (auto const& member : circle) maps.insert(member.map);
  }
  out.maps.assign(maps.begin(), maps.end());
  return out.circles.empty() ? std::nullopt : std::optional(std::move(out));
}

std::optional<catch_up_lane::work_kind> catch_up_lane::due_work(
    map_id map, projections::map_row const& row) const {
  map_way const of{map, way_};
  if (row.state == map_state::initializing && row.execution_open) {
    auto const* execution = context_.views().progress.of(map);
    for (auto const& leg : execution->legs) {
      if (leg.done) continue;
      if (leg.way == way_) return work_kind::copy;
      break;
    }
    bool const retries =
        is_in_second_pass(context_.views(), map, way_) && !records_to_try(map).empty();
    return retries ? std::optional(work_kind::retry) : std::nullopt;
  }
  if (may_retry(row)) {
    if (!context_.views().parked.to_reread(of).empty()) return work_kind::reread;
    if (!records_to_try(map).empty()) return work_kind::retry;
  }
  auto const& place = context_.views().delivery.places.at(of);
  if (!wants_delivery(row) || place.lane == projections::main_lane) return std::nullopt;
  auto const reached = context_.caught_up.find(of);
  bool const is_there = reached != context_.caught_up.end() &&
                        reached->second >= context_.main_read[static_cast<std::size_t>(way_)];
  return is_there ? std::nullopt : std::optional(work_kind::queue);
}

// A record whose reference waits for no certain record is tried when all that was accepted before
// it is settled; in the second pass of a copy, when all rows that are being copied have been.
bool catch_up_lane::dependency_is_over(sequence record,
                                       projections::parked_row const& row,
                                       bool is_second_pass) const {
  if (row.waits_for && context_.views().parked.holds(row.waits_for)) return false;
  if (is_second_pass && row.copied) return row.waits_for || !copies_this_way();
  auto const until = row.waits_for ? row.waits_for : record - 1;
  for (auto const& [of, place] : context_.views().delivery.places) {
    if (of.second != way_ || !context_.is_mine(of.first)) continue;
    if (context_.views().delivery.position(of.first, way_) < until) return false;
  }
  return true;
}

// One record of each key, the oldest first.
std::vector<sequence> catch_up_lane::records_to_try(map_id map) const {
  map_way const of{map, way_};
  auto const& parked = context_.views().parked;
  std::vector<sequence> out;
  std::set<std::string> keys;
  auto const take = [&](sequence record) {
    auto const& row = *parked.find(of, record);
    if (out.size() >= context_.options.retry_records_max) return;
    if (keys.contains(row.key) || keys.contains(row.old_key)) return;
    // A part of a row has to wait for what is before it, whoever asked for it.
    auto const* chain = parked.chain(of, row.key);
    auto const* old_chain = row.old_key.empty() ? nullptr : parked.chain(of, row.old_key);
    bool const is_head =
        *chain->begin() == record && (old_chain == nullptr || *old_chain->begin() == record);
    if (!is_head && !row.whole_row) return;
    keys.insert(row.key);
    if (!row.old_key.empty()) keys.insert(row.old_key);
    out.push_back(record);
  };
  bool const is_second_pass = is_in_second_pass(context_.views(), map, way_);
  for (auto const record : parked.due(of)) {
    if (!is_second_pass || parked.find(of, record)->copied) take(record);
  }
  // What refers to a row of this batch is written behind it, and the later rows of a copy go first:
  // rows that had to wait refer to rows that came behind them.
  auto const& dependent = parked.dependent(of);
  std::multimap<sequence, sequence> waiting;
  for (auto record = dependent.rbegin(); record != dependent.rend(); ++record) {
    auto const& row = *parked.find(of, *record);
    if (dependency_is_over(*record, row, is_second_pass)) {
      take(*record);
    } else if (row.waits_for) {
      waiting.emplace(row.waits_for, *record);
    }
  }
  for (std::size_t i = 0; i < out.size() && is_second_pass; ++i) {
    auto const [first, last] = waiting.equal_range(out[i]);
    std::for_each(first, last, [&](auto const& one) { take(one.second); });
  }
  return out;
}

bool catch_up_lane::copies_this_way() const {
  auto const& state = context_.views();
  return std::any_of(state.status.maps.begin(), state.status.maps.end(), [&](auto const& one) {
    return one.second.link == context_.link && is_copied_now(state, one.first, way_);
  });
}

async<void> catch_up_lane::work_on(work what) {
  switch (what.kind) {
    case work_kind::copy:
      co_return co_await copy_chunk(what.maps.front());
    case work_kind::reread:
      co_return co_await read_again(what.maps.front());
    case work_kind::retry:
      co_return co_await retry_batch(what.maps.front());
    case work_kind::queue:
      co_return co_await queue_batch(what.maps.front());
    case work_kind::circles:
      co_return co_await circle_batch(std::move(what));
  }
  co_return result<void>{};
}

// Goes on from where it found nothing more to do: what was only read past is remembered until the
// map joins, and the joining says how far it came.
async<void> catch_up_lane::queue_batch(map_id map) {
  auto behind = context_.views().delivery.position(map, way_);
  auto const reached = context_.caught_up.find({map, way_});
  if (reached != context_.caught_up.end()) behind = std::max(behind, reached->second);
  auto place = [map](ready_batch& batch) {
    batch.plan->places = {{map, projections::no_lane, batch.plan->position}};
  };
  batch_reader reader(context_, way_, behind, std::move(place));
  auto const always = [] { return true; };
  DW_CO_TRY(auto batch, reader.next({map}, always));
  if (batch.plan->records.empty() && !batch.goes_on) {
    for (auto const& echo : batch.echoes_passed) context_.ledger.passed(echo, map);
    context_.caught_up[{map, way_}] = reader.position();
    if (reader.ended_early()) DW_CO_CHECK(co_await let_others_run(context_.executor));
    co_return result<void>{};
  }
  auto const end = co_await session_.deliver(lane_, std::move(batch), &reader);
  if (!end) co_return end.error();
  co_return result<void>{};
}

async<void> catch_up_lane::retry_batch(map_id map) {
  batch_planner planner(context_, way_);
  for (auto const record : records_to_try(map)) {
    context_.circles_of(way_).forget(map, record);
    DW_CO_TRY(auto const item, read_item(context_.log.log(), record));
    DW_CO_CHECK(planner.add_retry(item, map));
  }
  auto batch = planner.take();
  batch.members = {map};
  auto const end = co_await session_.deliver(lane_, std::move(batch));
  if (!end) co_return end.error();
  co_return result<void>{};
}

async<void> catch_up_lane::circle_batch(work what) {
  DW_CO_TRY(auto batch, plan_circles(context_, way_, what.circles));
  batch.members = what.maps;
  DW_CO_TRY(auto const end, co_await session_.deliver(lane_, std::move(batch)));
  if (end == delivery_end::dropped) co_return result<void>{};
  // Not before: until then an initial sync waits for them.
  remember_tried(context_, way_, what.circles);
  co_return result<void>{};
}

async<void> catch_up_lane::copy_chunk(map_id map) {
  auto const* execution = context_.views().progress.of(map);
  auto const id = context_.views().progress.latest.at(map);
  auto const leg = *execution->leg(way_);
  if (leg.chunks.empty() && leg.started == instant{}) {
    DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), map));
    auto const of = source_of(way_);
    auto const counted = co_await context_.source(of).count_rows(compiled->table(of));
    LegStarted const started{map, id, way_, counted ? *counted : 0};
    drafts events;
    events.push_back(draft({stream_kind::map, map.value}, context_.link, started));
    DW_CO_CHECK(co_await context_.log.append(std::move(events)));
  }
  if (leg.chunks.empty() || leg.chunks.back().copied) co_return co_await read_chunk(map, id, leg);
  co_return co_await write_chunk(map, id, leg);
}

async<void> catch_up_lane::read_chunk(map_id map,
                                      execution_id execution,
                                      projections::leg_row leg) {
  auto const mode = context_.views().progress.executions.at(execution).mode;
  if (mode == run_mode::errored_only)
    co_return co_await read_errored(map, execution, std::move(leg));
  bool const leaves_errored = mode == run_mode::without_errors;
  co_return co_await read_all(map, execution, std::move(leg), leaves_errored);
}

async<void> catch_up_lane::read_all(map_id map,
                                    execution_id execution,
                                    projections::leg_row leg,
                                    bool leaves_errored) {
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), map));
  auto const after = leg.chunks.empty() ? std::string{} : leg.chunks.back().last_key;
  DW_CO_TRY(auto rows, co_await ahead_.read(map, execution, after));
  auto const number = static_cast<std::uint32_t>(leg.chunks.size());
  chunk_place place{context_.link, map, execution, way_, number, after, {}, true};
  if (!rows.rows.empty()) {
    place.last = rows.rows.size() < context_.options.chunk_rows;
    DW_CO_TRY(place.until, compiled->key_of(source_of(way_), rows.rows.back()));
  }
  if (leaves_errored)
    DW_CO_CHECK(leave_errored_alone(context_.views(), *compiled, {map, way_}, rows));
  DW_CO_TRY(auto events, chunk_events(context_.views(), *compiled, place, rows));
  DW_CO_CHECK(co_await context_.log.append(std::move(events)));
  co_return result<void>{};
}

// Row by row; what the chunk says of its snapshot is true of the first of them, and the others are
// newer.
async<void> catch_up_lane::read_errored(map_id map,
                                        execution_id execution,
                                        projections::leg_row leg) {
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), map));
  map_way const of{map, way_};
  auto const after = leg.chunks.empty() ? std::string{} : leg.chunks.back().last_key;
  auto const limit = context_.options.chunk_rows;
  auto const keys = errored_keys(context_.views(), of, after, limit);
  chunk rows;
  for (auto const& key : keys) {
    DW_CO_TRY(auto request, chunk_of_key(*compiled, source_of(way_), key));
    DW_CO_TRY(auto one, co_await context_.source(source_of(way_)).read_chunk(std::move(request)));
    if (&key == &keys.front()) rows.snapshot = one.snapshot;
    for (auto& row : one.rows) rows.rows.push_back(std::move(row));
  }
  auto const number = static_cast<std::uint32_t>(leg.chunks.size());
  chunk_place const place{context_.link,
                          map,
                          execution,
                          way_,
                          number,
                          after,
                          keys.empty() ? std::string{} : keys.back(),
                          keys.size() < limit};
  auto const link = context_.link;
  auto decide = [=](projections::views const& state) -> result<drafts> {
    DW_TRY(auto events, chunk_events(state, *compiled, place, rows));
    // A decision stands alone in its group, so the first record's sequence is the next one. A row
    // that is gone leaves nothing to write; its removal was captured.
    auto const by = rows.rows.empty() ? sequence{execution.value} : state.checkpoint + 1;
    for (auto& event : take_over(state, link, of, keys, by)) events.push_back(std::move(event));
    return events;
  };
  decision told = std::move(decide);
  DW_CO_CHECK(co_await context_.log.decide(std::move(told)));
  co_return result<void>{};
}

async<void> catch_up_lane::write_chunk(map_id map,
                                       execution_id execution,
                                       projections::leg_row leg) {
  auto const& chunk = leg.chunks.back();
  batch_planner planner(context_, way_);
  DW_CO_TRY(auto const records, read_records(context_.log.log(), chunk.records));
  for (auto const& record : records) DW_CO_CHECK(planner.add_copy(record, map));
  auto batch = planner.take();
  batch.members = {map};
  auto const place = context_.views().delivery.places.at({map, way_});
  batch.plan->places = {{map, projections::no_lane, place.position}};
  auto const* lane = context_.views().delivery.lane({context_.link, way_, lane_});
  batch_number const number{lane == nullptr ? 1 : lane->batch.value + 1};
  batch.plan->also = copied_events(context_.link, map, execution, way_, leg, lane_, number);
  auto delivery = session_.deliver(lane_, std::move(batch));
  auto const mode = context_.views().progress.executions.at(execution).mode;
  if (!chunk.last && mode != run_mode::errored_only)
    delivery = ahead_.read_beside(std::move(delivery), map, execution, chunk.last_key);
  auto const end = co_await std::move(delivery);
  if (!end) co_return end.error();
  co_return result<void>{};
}

// The target lacks the row and the record holds a part of it: the row is read again and takes the
// place of what waits.
async<void> catch_up_lane::read_again(map_id map) {
  map_way const of{map, way_};
  auto const record = *context_.views().parked.to_reread(of).begin();
  auto const key = context_.views().parked.find(of, record)->key;
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), map));
  DW_CO_TRY(auto request, chunk_of_key(*compiled, source_of(way_), key));
  DW_CO_TRY(auto const rows,
            co_await context_.source(source_of(way_)).read_chunk(std::move(request)));
  auto const link = context_.link;
  auto const way = way_;
  auto decide = [=](projections::views const& state) {
    return reread_events(state, *compiled, link, {map, way}, record, rows);
  };
  auto const appended = co_await context_.log.decide(std::move(decide));
  if (!appended && appended.error().code != error_code::unknown_record) co_return appended.error();
  co_return result<void>{};
}

}  // namespace dualwrite::engine
