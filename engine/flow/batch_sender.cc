// How a batch in hand is given to the target: whole, or in parts that are all in one transaction.
#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "engine/flow/batch_reader.h"
#include "engine/flow/target_session.h"

namespace dualwrite::engine {

using boost::asio::experimental::awaitable_operators::operator&&;

namespace {

// Whether a write of it has to wait behind a row that a part before it has parked, which was not
// known when it was planned.
bool is_overtaken(planned_batch const& part, outcome_so_far const& before) {
  return !before.parked.empty() &&
         std::any_of(part.records.begin(), part.records.end(), [&](auto const& record) {
           bool const is_part_of_row = record.plan.what == fate::write && !record.plan.is_whole();
           return is_part_of_row && before.parked.contains({record.map, record.plan.key});
         });
}

}  // namespace

result<target_batch> target_session::to_target(lane_id lane,
                                               ready_batch& batch,
                                               bool begins,
                                               std::shared_ptr<std::string> outcome) {
  auto const* known = context_.views().delivery.lane({context_.link, way_, lane});
  batch_id const id{way_, lane, batch.plan->batch};
  if (batch.plan->session != known->session) {
    // An older attempt may still be under way somewhere, with the plan as it was.
    batch.plan = std::make_shared<planned_batch>(*batch.plan);
    batch.plan->session = known->session;
    context_.ledger.hand_over(id, known->session);
  }
  target_batch out;
  out.lane = {context_.log.log().head().log, context_.link, way_, lane};
  out.session = known->session;
  out.previous = batch_number{batch.plan->batch.value - 1};
  out.batch = batch.plan->batch;
  out.begins = begins;
  out.ends = !batch.goes_on;
  out.position = batch.plan->position;
  if (out.position && out.ends) {
    DW_TRY(auto const there, context_.log.log().head_at(out.position));
    out.chain = to_hex(there.chain);
  }
  out.places = batch.plan->places;
  for (auto const& [table, fingerprint] : batch.tables) out.tables.push_back({table, fingerprint});
  out.writes = batch.writes;
  out.outcome = [plan = batch.plan, outcome](std::span<write_result const> results) {
    *outcome = pack_outcome(outcome_of(*plan, results));
    return *outcome;
  };
  return out;
}

async<target_session::attempted> target_session::call(lane_id lane, in_hand& mine, bool begins) {
  auto const outcome = std::make_shared<std::string>();
  DW_CO_TRY(auto out, to_target(lane, *mine.batch, begins, outcome));
  bool const ends = out.ends;
  mine.calling = true;
  auto results = co_await context_.target(target_of(way_)).apply(std::move(out));
  if (results && ends) {
    // The call is not over before its outcome is in the log: whoever opens the lanes meanwhile
    // would find it missing there.
    DW_CO_TRY(auto told, unpack_outcome(*outcome));
    DW_CO_CHECK(co_await append_outcome(std::move(told)));
    failures_ = 0;
  }
  mine.calling = false;
  call_ended_.ring();
  if (results) co_return attempted(std::move(*results));
  DW_CO_CHECK(co_await take(lane, mine, results.error()));
  co_return attempted{};
}

// It is handed at once: until then no other lane may plan.
async<ready_batch> target_session::plan_next(in_hand& mine,
                                             batch_reader& rest,
                                             std::shared_ptr<outcome_so_far const> before) {
  auto const& now = *mine.batch->plan;
  DW_CO_TRY(auto next, co_await rest.next_part(std::move(before)));
  next.plan->lane = now.lane;
  next.plan->batch = now.batch;
  next.plan->session = now.session;
  auto const& passed = mine.batch->echoes_passed;
  next.echoes_passed.insert(next.echoes_passed.begin(), passed.begin(), passed.end());
  context_.ledger.hand_more({way_, now.lane, now.batch}, next.handed);
  co_return next;
}

// Where it fails, all of it was taken back: it is planned anew, as its first parts are not kept.
// True: the batch is done.
async<bool> target_session::send_parts(lane_id lane, in_hand& mine, batch_reader& rest) {
  auto const so_far = std::make_shared<outcome_so_far>();
  bool begins = true;
  auto const opening = openings_;
  while (true) {
    bool const ends = !mine.batch->goes_on;
    if (ends) mine.batch->plan->before = so_far;
    auto writing = call(lane, mine, begins);
    begins = false;
    if (ends) {
      DW_CO_TRY(auto const done, co_await std::move(writing));
      if (done) careful_.erase(lane);
      mine.dropped = !done;
      co_return done.has_value();
    }
    result<ready_batch> next = error{error_code::stopped};
    attempted results;
    if (careful_.contains(lane)) {
      DW_CO_TRY(results, co_await std::move(writing));
      if (results) {
        add_to_outcome(*so_far, *mine.batch->plan, *results);
        next = co_await plan_next(mine, rest, so_far);
      }
    } else {
      auto both = std::move(writing) && plan_next(mine, rest, so_far);
      auto [written, planned] = co_await std::move(both);
      if (!written) co_return written.error();
      results = std::move(*written);
      next = std::move(planned);
      if (results) add_to_outcome(*so_far, *mine.batch->plan, *results);
      if (next && is_overtaken(*next->plan, *so_far)) {
        careful_.insert(lane);
        mine.dropped = true;
      }
    }
    if (!results) {
      mine.dropped = true;
      co_return false;
    }
    mine.dropped = mine.dropped || (next && next->is_void);
    if (next && !mine.dropped) {
      *mine.batch = std::move(*next);
      // Whoever opened the lanes meanwhile has given up what was written.
      if (open_ && opening == openings_ && !meets_another(lane, *mine.batch)) continue;
    }
    lane_key const key{context_.log.log().head().log, context_.link, way_, lane};
    DW_CO_CHECK(co_await context_.target(target_of(way_)).give_up(key));
    if (!next) co_return next.error();
    mine.dropped = true;
    co_return false;
  }
}

}  // namespace dualwrite::engine
