#include "engine/flow/target_session.h"

#include <algorithm>

#include "engine/decide/drift_decider.h"
#include "engine/decide/outcome_turn.h"
#include "engine/flow/app_breaker.h"
#include "engine/flow/named_rows.h"
#include "engine/flow/table_watch.h"
#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

// So many refusals in a row are not the target's forgetting: somebody else writes to the lane.
constexpr std::uint32_t fenced_max = 5;

bool is_fatal(error const& why) {
  return ends_engine(why.code) && why.code != error_code::lane_fenced;
}

}  // namespace

target_session::target_session(link_context& context, direction way)
    : context_(context),
      way_(way),
      guard_(context, way),
      wake_(context.executor),
      opened_(context.executor),
      call_ended_(context.executor),
      doubted_(context.executor) {
  for (std::uint64_t lane = 0; lane <= context.options.catch_up_lanes; ++lane)
    lanes_[lane_id{lane}];
  context_.log.add_listener(wake_);
}

target_session::~target_session() {
  context_.log.remove_listener(wake_);
}

bool target_session::anyone_calls() const {
  return std::any_of(
      lanes_.begin(), lanes_.end(), [](auto const& lane) { return lane.second.calling; });
}

async<void> target_session::open() {
  co_return co_await ready();
}

void target_session::doubt() {
  ++doubts_;
  open_ = false;
  doubted_.ring();
}

async<void> target_session::look_again() {
  while (true) {
    DW_CO_CHECK(co_await doubted_.wait());
    DW_CO_CHECK(co_await ready());
  }
}

// Returns when the session is open. The first to find it closed opens it, after every call under
// way has ended.
async<void> target_session::ready() {
  while (!open_) {
    if (opening_) {
      DW_CO_CHECK(co_await opened_.wait());
      // Passed on only when it is over: a bell left rung would wake the next to wait again and
      // again.
      if (!opening_) opened_.ring();
      continue;
    }
    opening_ = true;
    auto const how = co_await reopen();
    opening_ = false;
    opened_.ring();
    if (!how) co_return how;
  }
  co_return result<void>{};
}

async<void> target_session::reopen() {
  while (anyone_calls()) DW_CO_CHECK(co_await call_ended_.wait());
  while (true) {
    DW_CO_CHECK(co_await rest(instant{}));
    auto const doubts = doubts_;
    DW_CO_TRY(auto const tried, co_await try_open());
    if (tried.opened && doubts == doubts_) break;
    if (tried.opened) continue;
    if (is_fatal(tried.why)) co_return tried.why;
    DW_CO_CHECK(co_await report(projections::main_lane, tried.why));
    auto const next = context_.time.now() + backoff(context_.options, failures_);
    DW_CO_CHECK(co_await rest(next));
  }
  failures_ = 0;
  open_ = true;
  ++openings_;
  // What every batch did is known now.
  std::erase_if(context_.in_doubt,
                [&](projections::map_way const& of) { return of.second == way_; });
  co_return result<void>{};
}

// As long as the target is away, and not before it is time for another attempt.
async<void> target_session::rest(instant until) {
  while (true) {
    bool const is_away = context_.is_away(target_of(way_));
    if (!is_away && context_.time.now() >= until) co_return result<void>{};
    for (auto& [lane, mine] : lanes_) {
      if (mine.batch != nullptr) DW_CO_CHECK(co_await let_go(mine));
    }
    if (is_away) {
      DW_CO_CHECK(co_await wake_.wait());
    } else {
      DW_CO_CHECK(co_await wake_.wait_until(context_.time, until));
    }
  }
}

async<target_session::attempt_to_open> target_session::try_open() {
  std::vector<lane_opening> wanted;
  for (auto const& [lane, mine] : lanes_) {
    auto const* known = context_.views().delivery.lane({context_.link, way_, lane});
    lane_key const key{context_.log.log().head().log, context_.link, way_, lane};
    wanted.push_back({key, known == nullptr ? epoch{} : known->session});
  }
  auto opened = co_await context_.target(target_of(way_)).open_lanes(std::move(wanted));
  if (!opened) co_return attempt_to_open{false, opened.error()};
  std::map<lane_id, lane_row> rows;
  std::size_t next = 0;
  for (auto const& [lane, mine] : lanes_) rows[lane] = std::move((*opened)[next++]);
  DW_CO_CHECK(co_await settle_rows(rows));
  co_return attempt_to_open{};
}

// Whether this is the log that wrote the lane's row, and no older state of it.
result<void> target_session::check_log(lane_row const& row, batch_number last) const {
  auto const& log = context_.log.log();
  if (row.batch.value > last.value + 1) {
    return error{error_code::lane_ahead_of_log,
                 "the log was set back, or another log wrote to this app"};
  }
  if (row.position > log.head().at) {
    return error{error_code::lane_ahead_of_log,
                 "the log was set back: the app holds records that it has not reached"};
  }
  if (!row.position) return {};
  DW_TRY(auto const there, log.head_at(row.position));
  if (to_hex(there.chain) == row.chain) return {};
  return error{
      error_code::lane_ahead_of_log,
      "the log was set back and went on otherwise: what it holds there is not what it held "
      "when it wrote to this app",
      row.position};
}

// Brings log and target to the same state: outcomes that the log lacks are appended, batches that
// the target lost unsettled.
async<void> target_session::settle_rows(std::map<lane_id, lane_row> const& rows) {
  bool lost = false;
  for (auto const& [lane, row] : rows) {
    auto const* known = context_.views().delivery.lane({context_.link, way_, lane});
    auto const last = known == nullptr ? batch_number{} : known->batch;
    auto& mine = lanes_[lane];
    DW_CO_CHECK(check_log(row, last));
    batch_outcome outcome;
    if (row.batch.value == last.value + 1) {
      DW_CO_TRY(outcome, unpack_outcome(row.outcome));
      if (context_.faults.position_without_outcome) {
        outcome.events.resize(1);
        outcome.missing.clear();
        outcome.taken.clear();
      }
      mine.committed = mine.batch != nullptr;
    }
    lost = lost || row.batch < last;
    LaneOpened const opened{context_.link, way_, lane, row.session, row.batch};
    stream_id const stream{stream_kind::link, context_.link.value};
    outcome.events.push_back(draft(stream, context_.link, opened));
    DW_CO_CHECK(co_await append_outcome(std::move(outcome)));
  }
  if (lost) DW_CO_CHECK(co_await rewind(rows));
  co_return result<void>{};
}

bool target_session::is_in_doubt(ready_batch const& batch) const {
  return std::any_of(batch.members.begin(), batch.members.end(), [&](map_id map) {
    return context_.in_doubt.contains({map, way_});
  });
}

bool target_session::meets_another(lane_id lane, ready_batch const& batch) {
  for (auto const& [other, its] : lanes_) {
    if (other == lane || its.batch == nullptr) continue;
    auto const& members = batch.members;
    bool const has_common_map =
        std::any_of(its.batch->members.begin(), its.batch->members.end(), [&](map_id map) {
          return std::find(members.begin(), members.end(), map) != members.end();
        });
    if (!has_common_map) continue;
    std::set<std::pair<map_id, std::string_view>> keys;
    for (auto const& one : its.batch->handed) {
      if (one.write == nullptr) continue;
      keys.emplace(one.map, one.key);
      if (!one.old_key.empty()) keys.emplace(one.map, one.old_key);
    }
    bool const meets =
        std::any_of(batch.handed.begin(), batch.handed.end(), [&](handed_write const& one) {
          bool const is_written = one.write != nullptr;
          return is_written && (keys.contains({one.map, one.key}) ||
                                (!one.old_key.empty() && keys.contains({one.map, one.old_key})));
        });
    if (!meets) continue;
    is_awaited_ = true;
    return true;
  }
  return false;
}

async<delivery_end> target_session::deliver(lane_id lane, ready_batch batch, batch_reader* rest) {
  if (is_in_doubt(batch)) {
    // Its map left another lane with a batch that may have been written: this one may hold the same
    // records.
    DW_CO_CHECK(co_await ready());
    co_return delivery_end::dropped;
  }
  auto& mine = lanes_[lane];
  mine = {};
  mine.batch = &batch;
  auto const* known = context_.views().delivery.lane({context_.link, way_, lane});
  batch.plan->lane = lane;
  batch.plan->batch = batch_number{known == nullptr ? 1 : known->batch.value + 1};
  batch.plan->session = known == nullptr ? epoch{} : known->session;
  batch_id const id{way_, lane, batch.plan->batch};
  // What nobody will ask about is not remembered.
  if (context_.may_come_back(way_)) context_.ledger.hand(id, batch.plan->session, batch.handed);

  while (true) {
    DW_CO_CHECK(co_await ready());
    if (mine.committed || mine.dropped) break;
    if (batch.goes_on) {
      DW_CO_TRY(bool const sent, co_await send_parts(lane, mine, *rest));
      if (sent) break;
      continue;
    }
    DW_CO_TRY(bool const may, co_await may_send(lane, mine));
    if (!may || !open_) continue;
    DW_CO_TRY(auto const sent, co_await call(lane, mine));
    if (sent) break;
  }
  bool const dropped = mine.dropped && !mine.committed;
  mine = {};
  if (std::exchange(is_awaited_, false)) context_.log.ring_listeners();
  if (dropped) {
    context_.ledger.take_back(id);
    co_return delivery_end::dropped;
  }
  guard_.wrote(*batch.plan);
  if (!context_.comes_back(way_)) context_.ledger.take_back(id);
  for (auto const& echo : batch.echoes_passed) {
    for (auto const map : batch.members) context_.ledger.passed(echo, map);
  }
  co_return delivery_end::done;
}

async<bool> target_session::may_send(lane_id lane, in_hand& mine) {
  auto const passes = co_await guard_.lets_pass(*mine.batch->plan);
  if (passes) {
    mine.dropped = mine.dropped || !*passes;
    co_return *passes;
  }
  DW_CO_CHECK(co_await take(lane, mine, passes.error()));
  co_return false;
}

async<void> target_session::take(lane_id lane, in_hand& mine, error why) {
  if (is_fatal(why)) co_return why;
  if (why.code == error_code::not_authorized) DW_CO_CHECK(co_await pause_barred(mine));
  if (is_drift(why.code)) DW_CO_CHECK(co_await leave_out_unfit(mine));
  if (why.code == error_code::lane_fenced) {
    if (++mine.fenced > fenced_max) co_return why;
  } else {
    DW_CO_CHECK(co_await report(lane, why));
  }
  open_ = false;
  co_return result<void>{};
}

bool target_session::is_current(std::map<std::string, std::uint64_t> const& tables) const {
  auto const& status = context_.views().status;
  return std::all_of(tables.begin(), tables.end(), [&](auto const& one) {
    auto const seen = status.schema_of(context_.app(target_of(way_)), one.first);
    return seen && hash_key(status.schemas.at(seen).schema) == one.second;
  });
}

// Maps whose table must not be written pause, and say what is missing; the others go on.
async<void> target_session::pause_barred(in_hand const& mine) {
  for (auto const map : mine.batch->members) {
    auto const* row = context_.views().status.find(map);
    auto const definition =
        row == nullptr ? error{error_code::unknown_map} : parse_definition(row->definition);
    if (!definition) continue;
    auto const why =
        co_await find_obstacles(context_, *definition, target_of(way_), table_role::written);
    if (!why && is_fatal(why.error())) co_return why.error();
    if (!why || why->empty()) continue;
    decision what = [map, text = *why](projections::views const& state) -> result<drafts> {
      return decide_barred(state, map, text);
    };
    auto const told = co_await context_.log.decide(std::move(what));
    if (!told) co_return told.error();
  }
  co_return result<void>{};
}

// The target's tables are not as they were: nothing of the batch was written, and it is planned
// anew for the tables as they are, without the maps that pause or stop for that. Where nothing is
// new to us, the app may mend it.
async<void> target_session::leave_out_unfit(in_hand& mine) {
  auto const looked = co_await look_at_tables(context_, target_of(way_));
  if (!looked && is_fatal(looked.error())) co_return looked;
  mine.dropped = mine.dropped || !is_current(mine.batch->tables);
  for (auto const map : mine.batch->members) {
    auto const* row = context_.views().status.find(map);
    bool const leaves = row == nullptr || row->pending_kind == event_type::PauseRequested ||
                        row->pending_kind == event_type::StopRequested;
    mine.dropped = mine.dropped || leaves;
  }
  if (mine.dropped) co_return result<void>{};
  auto const until = context_.time.now() + backoff(context_.options, ++mine.misfits);
  DW_CO_CHECK(co_await context_.time.sleep_until(until));
  co_return result<void>{};
}

async<void> target_session::append_outcome(batch_outcome outcome) {
  if (!depends_on_turn(outcome)) {
    DW_CO_CHECK(co_await context_.log.append(std::move(outcome.events)));
    co_return result<void>{};
  }
  if (auto const refused = refused_of(outcome))
    context_.ledger.refuse(refused->batch, refused->records);
  auto tell = [this, outcome](projections::views const& state) {
    row_finders find;
    find.bringing = [&](named_row const& row, parked_keys const& parked_here) {
      return bringing(context_, way_, state, row, parked_here);
    };
    find.key_of = [&](named_row const& row) { return key_of_taker(context_, way_, state, row); };
    return at_its_turn(outcome, state, find);
  };
  decision told = std::move(tell);
  DW_CO_CHECK(co_await context_.log.decide(std::move(told)));
  co_return result<void>{};
}

async<void> target_session::report(lane_id lane, error why) {
  ++failures_;
  AttemptFailed failed;
  failed.way = way_;
  failed.lane = lane;
  failed.app = context_.app(target_of(way_));
  co_return co_await tell_failed(context_, failed, std::move(why));
}

// While the target is away a map may be paused although a batch of its is in doubt: it leaves at
// the place before that batch, which then counts if it turns out to have been written, and is
// planned anew without the map if not.
async<void> target_session::let_go(in_hand& mine) {
  drafts events;
  for (auto const map : mine.batch->members) {
    auto const* row = context_.views().status.find(map);
    bool const asked = row != nullptr && row->pending_kind == event_type::PauseRequested;
    if (!asked) continue;
    mine.dropped = true;
    if (!context_.in_doubt.insert({map, way_}).second) continue;
    auto const place = context_.views().delivery.places.find({map, way_});
    if (place == context_.views().delivery.places.end()) continue;
    if (place->second.lane != projections::main_lane) continue;
    auto const& plan = *mine.batch->plan;
    LaneLeft const left{context_.link, map, way_, mine.committed ? plan.position : plan.behind};
    events.push_back(draft({stream_kind::link, context_.link.value}, context_.link, left));
  }
  if (!events.empty()) DW_CO_CHECK(co_await context_.log.append(std::move(events)));
  co_return result<void>{};
}

}  // namespace dualwrite::engine
