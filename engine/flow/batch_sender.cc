// How a batch in hand is given to the target: whole, or in parts that are all in one transaction.
#include "engine/flow/batch_reader.h"
#include "engine/flow/target_session.h"

namespace dualwrite::engine {

result<target_batch> target_session::to_target(lane_id lane,
                                               ready_batch& batch,
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
  DW_CO_TRY(auto out, to_target(lane, *mine.batch, outcome));
  out.begins = begins;
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

// Where it fails, all of it was taken back: it is planned anew, as its first parts are not kept.
// True: the batch is done.
async<bool> target_session::send_parts(lane_id lane, in_hand& mine, batch_reader& rest) {
  auto const so_far = std::make_shared<outcome_so_far>();
  auto const& first = *mine.batch->plan;
  batch_id const id{way_, lane, first.batch};
  auto const session = context_.views().delivery.lane({context_.link, way_, lane})->session;
  bool begins = true;
  while (true) {
    bool const ends = !mine.batch->goes_on;
    if (ends) mine.batch->plan->before = so_far;
    DW_CO_TRY(auto const results, co_await call(lane, mine, begins));
    begins = false;
    if (!results || ends) {
      mine.dropped = !results;
      co_return results.has_value();
    }
    add_to_outcome(*so_far, *mine.batch->plan, *results);
    auto next = rest.next_part(*so_far);
    bool goes_on = false;
    if (next) {
      next->plan->lane = lane;
      next->plan->batch = id.batch;
      next->plan->session = session;
      auto const& passed = mine.batch->echoes_passed;
      next->echoes_passed.insert(next->echoes_passed.begin(), passed.begin(), passed.end());
      context_.ledger.hand_more(id, next->handed);
      *mine.batch = std::move(*next);
      goes_on = open_ && !meets_another(lane, *mine.batch);
    }
    if (goes_on) continue;
    lane_key const key{context_.log.log().head().log, context_.link, way_, lane};
    DW_CO_CHECK(co_await context_.target(target_of(way_)).give_up(key));
    if (!next) co_return next.error();
    mine.dropped = true;
    co_return false;
  }
}

}  // namespace dualwrite::engine
