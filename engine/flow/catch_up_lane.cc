#include "engine/flow/catch_up_lane.h"

#include <algorithm>

#include "engine/decide/drift_decider.h"
#include "engine/flow/app_breaker.h"
#include "engine/flow/batch_reader.h"
#include "engine/flow/circle_batch.h"
#include "engine/flow/copy_chunk.h"
#include "engine/flow/read_chunk.h"
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
    : context_(context),
      session_(session),
      way_(way),
      lane_(lane),
      wake_(context.executor),
      copy_(context, session, way, lane) {
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
    take_up(*next);
    auto const how = co_await work_on(*next);
    lay_down(*next);
    if (how) {
      failures_ = 0;
      continue;
    }
    auto why = how.error();
    if (is_drift(why.code)) {
      auto const looked = co_await look_at_tables(context_, source_of(way_));
      if (!looked) why = looked.error();
    }
    if (ends_engine(why.code)) co_return why;
    DW_CO_CHECK(co_await rest(std::move(why)));
  }
}

void catch_up_lane::take_up(work const& what) {
  for (auto const map : what.maps) context_.at_work.insert({map, way_});
  if (what.range) context_.ranges_at_work.insert({{what.maps.front(), way_}, *what.range});
}

void catch_up_lane::lay_down(work const& what) {
  if (what.range) context_.ranges_at_work.erase({{what.maps.front(), way_}, *what.range});
  for (auto const map : what.maps) context_.at_work.extract({map, way_});
  context_.log.ring_listeners();
}

// A source that cannot be read is tried again later.
async<void> catch_up_lane::rest(error why) {
  AttemptFailed failed;
  failed.way = way_;
  failed.lane = lane_;
  failed.app = context_.app(source_of(way_));
  co_return co_await rest_after(context_, failed, std::move(why), ++failures_);
}

// The map that is furthest behind, of those that no other lane works on; where there is none, a
// copy that others work on.
std::optional<catch_up_lane::work> catch_up_lane::choose() const {
  std::optional<work> best;
  std::pair<bool, sequence> best_rank;
  for (auto const& [of, place] : context_.views().delivery.places) {
    if (of.second != way_ || !context_.is_mine(of.first)) continue;
    auto const* row = context_.views().status.find(of.first);
    if (row == nullptr || asked_to_stop(*row)) continue;
    bool const is_shared = context_.at_work.contains(of);
    std::pair const rank(is_shared, context_.views().delivery.position(of.first, way_));
    if (best && best_rank <= rank) continue;
    auto const kind = due_work(of.first, *row);
    if (!kind || (is_shared && *kind != work_kind::copy)) continue;
    work one{*kind, {of.first}};
    if (*kind == work_kind::copy) {
      one.range = copy_.free_range(of.first);
      if (!one.range) continue;
    }
    best = std::move(one);
    best_rank = rank;
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
  // Of an app that does not answer nothing can be read; what was captured can still be written.
  bool const is_away = context_.is_away(source_of(way_));
  if (row.state == map_state::initializing && row.execution_open) {
    auto const* execution = context_.views().progress.of(map);
    for (auto const& leg : execution->legs) {
      if (leg.done) continue;
      if (leg.way == way_ && !is_away) return work_kind::copy;
      break;
    }
    bool const retries =
        is_in_second_pass(context_.views(), map, way_) && !records_to_try(map).empty();
    return retries ? std::optional(work_kind::retry) : std::nullopt;
  }
  if (may_retry(row)) {
    bool const rereads = !is_away && !context_.views().parked.to_reread(of).empty();
    if (rereads && context_.maps.fitting(context_.views(), map)) return work_kind::reread;
    if (!records_to_try(map).empty()) return work_kind::retry;
  }
  auto const& place = context_.views().delivery.places.at(of);
  if (!wants_delivery(row) || place.lane == projections::main_lane) return std::nullopt;
  auto const reached = context_.caught_up.find(of);
  bool const is_there = reached != context_.caught_up.end() &&
                        reached->second >= context_.main_read[static_cast<std::size_t>(way_)];
  return is_there ? std::nullopt : std::optional(work_kind::queue);
}

// A record whose reference waits for no certain record is tried when all that the other maps
// accepted before it is settled; in the second pass of a copy, when all rows that are being copied
// have been. One that was tried behind them in vain waits for both.
bool catch_up_lane::dependency_is_over(map_id map,
                                       sequence record,
                                       projections::parked_row const& row) const {
  auto const& state = context_.views();
  if (row.waits_for && state.parked.holds(row.waits_for)) return false;
  bool const is_second = row.copied && is_in_second_pass(state, map, way_);
  if (is_second && row.waits_for) return true;
  if (!row.waits_for && (is_second || row.retries > 0)) {
    bool const in_vain = tried_behind_copies(context_, way_, row);
    if (copies_now(context_, way_, in_vain || !is_second)) return false;
    if (is_second && !in_vain) return true;
  }
  auto const until = row.waits_for ? row.waits_for : record - 1;
  return std::all_of(
      state.delivery.places.begin(), state.delivery.places.end(), [&](auto const& one) {
        auto const& [its, way] = one.first;
        bool const counts = way == way_ && context_.is_mine(its) && (row.waits_for || its != map);
        return !counts || until <= context_.position(its, way_);
      });
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
    if (dependency_is_over(map, *record, row)) {
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

async<void> catch_up_lane::work_on(work what) {
  switch (what.kind) {
    case work_kind::copy:
      co_return co_await copy_.step(what.maps.front(), *what.range);
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
  batch_reader reader(context_, way_, behind, std::move(place), wake_);
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

// Whoever asked for a retry hears what keeps the map from it.
async<void> catch_up_lane::refuse_retries(map_id map) {
  auto const* found = context_.views().status.find(map);
  DW_CO_TRY(auto const definition, parse_definition(found->definition));
  for (auto const of : {side::left, side::right}) {
    auto table = definition.of(of).table;
    auto const looked = co_await look_at_table(context_, of, std::move(table));
    if (!looked && looked.error().code != error_code::table_missing) co_return looked;
  }
  decision refuse = [this, map](projections::views const& state) -> result<drafts> {
    auto const* row = state.status.find(map);
    auto const fitting = row == nullptr ? result<void>{} : fits(state.status, *row);
    if (fitting) return drafts{};
    return failed_retries(map, records_to_try(map), fitting.error());
  };
  DW_CO_CHECK(co_await context_.log.decide(std::move(refuse)));
  co_return result<void>{};
}

drafts catch_up_lane::failed_retries(map_id map,
                                     std::vector<sequence> const& records,
                                     error const& why) const {
  drafts events;
  for (auto const record : records) {
    RetryFailed failed;
    failed.map = map;
    failed.way = way_;
    failed.record = record;
    failed.kind = fault_class::mapping;
    failed.code = name_of(why.code);
    failed.text = why.detail;
    events.push_back(draft({stream_kind::map, map.value}, context_.link, failed));
  }
  return events;
}

async<void> catch_up_lane::retry_batch(map_id map) {
  if (!context_.maps.fitting(context_.views(), map)) co_return co_await refuse_retries(map);
  batch_planner planner(context_, way_);
  item_reader items(context_.log.log());
  for (auto const record : records_to_try(map)) {
    context_.circles_of(way_).forget(map, record);
    DW_CO_TRY(auto const item, items.read(record));
    DW_CO_CHECK(planner.add_item(item, map, attempt::retry));
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

// The target lacks the row and the record holds a part of it: the row is read again and takes the
// place of what waits.
async<void> catch_up_lane::read_again(map_id map) {
  map_way const of{map, way_};
  auto const record = *context_.views().parked.to_reread(of).begin();
  auto const key = context_.views().parked.find(of, record)->key;
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), map));
  auto request = chunk_of_key(*compiled, source_of(way_), key);
  if (!request) {
    // It is no key of the table as it is now.
    std::vector<sequence> const records{record};
    auto events = failed_retries(map, records, request.error());
    DW_CO_CHECK(co_await context_.log.append(std::move(events)));
    co_return result<void>{};
  }
  DW_CO_TRY(auto const rows,
            co_await read_chunk(context_, *compiled, source_of(way_), std::move(*request)));
  DW_CO_TRY(auto const item, read_item(context_.log.log(), record));
  auto const* change = std::get_if<replay::queued_record>(&item);
  auto const* winner = std::get_if<replay::queued_resolution>(&item);
  auto const committed_at = change != nullptr   ? change->committed_at
                            : winner != nullptr ? winner->committed_at
                                                : instant{};
  auto const link = context_.link;
  auto const way = way_;
  auto decide = [=](projections::views const& state) {
    return reread_events(state, *compiled, link, {map, way}, record, committed_at, rows);
  };
  auto const appended = co_await context_.log.decide(std::move(decide));
  if (!appended && appended.error().code != error_code::unknown_record) co_return appended.error();
  co_return result<void>{};
}

}  // namespace dualwrite::engine
