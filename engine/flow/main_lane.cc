#include "engine/flow/main_lane.h"

#include <algorithm>
#include <utility>

namespace dualwrite::engine {
namespace {

using projections::map_state;

// A map that is this near is waited for, so that it does not chase a lane that moves on all the
// time.
constexpr std::uint64_t joiner_distance_max = 10'000;

}  // namespace

bool wants_delivery(projections::map_row const& map) {
  bool const works = map.state == map_state::running || map.state == map_state::resuming ||
                     (map.state == map_state::initializing && !map.execution_open);
  return works && map.pending_kind != event_type::PauseRequested &&
         map.pending_kind != event_type::StopRequested;
}

main_lane::main_lane(link_context& context, target_session& session, direction way)
    : context_(context), session_(session), way_(way), wake_(context.executor) {
  context_.log.add_listener(wake_);
}

main_lane::~main_lane() {
  context_.log.remove_listener(wake_);
}

void main_lane::start_over() {
  auto const* lane = context_.views().delivery.lane({context_.link, way_, projections::main_lane});
  auto const behind = lane == nullptr ? sequence{} : lane->position;
  auto finish = [this](ready_batch& batch) { complete(batch); };
  reader_ = std::make_unique<batch_reader>(context_, way_, behind, std::move(finish), wake_);
  context_.main_read_of(way_) = behind;
  rewinds_ = session_.rewinds();
}

async<void> main_lane::run() {
  start_over();
  while (true) {
    if (rewinds_ != session_.rewinds()) start_over();
    DW_CO_CHECK(co_await update_members());
    if (rewinds_ != session_.rewinds()) continue;
    if (waits_for_joiner()) {
      DW_CO_CHECK(co_await wake_.wait());
      continue;
    }
    auto const has_room = [this] { return context_.may_hand(way_); };
    DW_CO_TRY(auto batch, reader_->next(members(), has_room, may_go_ahead_));
    if (batch.plan->records.empty() && !batch.goes_on) {
      for (auto const& echo : batch.echoes_passed) {
        for (auto const map : batch.members) context_.ledger.passed(echo, map);
      }
      auto const before = std::exchange(context_.main_read_of(way_), reader_->position());
      bool const is_awaited = before < reader_->position() && has_dependents();
      if (!batch.echoes_passed.empty() || is_awaited) {
        // The other direction may have waited for room in the ledger, and parked records for this
        // lane to come so far.
        context_.log.ring_listeners();
        continue;
      }
      if (reader_->ended_early()) {
        DW_CO_CHECK(co_await let_others_run(context_.executor));
        continue;
      }
      DW_CO_CHECK(co_await wake_.wait());
      continue;
    }
    if (session_.meets_another(projections::main_lane, batch)) {
      start_over();
      DW_CO_CHECK(co_await wake_.wait());
      continue;
    }
    DW_CO_TRY(auto const end,
              co_await session_.deliver(projections::main_lane, std::move(batch), reader_.get()));
    may_go_ahead_ = end == delivery_end::done;
    if (end == delivery_end::dropped) {
      start_over();
    } else {
      context_.main_read_of(way_) = reader_->position();
    }
  }
}

bool main_lane::has_dependents() const {
  auto const& parked = context_.views().parked;
  return std::any_of(parked.rows.begin(), parked.rows.end(), [&](auto const& one) {
    auto const& of = one.first;
    return of.second == way_ && !parked.dependent(of).empty() && context_.is_mine(of.first);
  });
}

std::vector<map_id> main_lane::members() const {
  std::vector<map_id> out;
  for (auto const& [of, place] : context_.views().delivery.places) {
    if (of.second == way_ && place.lane == projections::main_lane && context_.is_mine(of.first)) {
      out.push_back(of.first);
    }
  }
  return out;
}

// Between two batches: maps that have to leave do so here, and those that have come this far by a
// catch-up lane join. Asked when it is said: what was read last may just have been lost.
async<void> main_lane::update_members() {
  std::vector<projections::map_way> joined;
  if (moves(joined).empty()) co_return result<void>{};
  auto decide = [this, &joined](projections::views const&) -> result<drafts> {
    joined.clear();
    if (session_.is_rewinding() || rewinds_ != session_.rewinds()) return drafts{};
    return moves(joined);
  };
  decision told = std::move(decide);
  DW_CO_CHECK(co_await context_.log.decide(std::move(told)));
  // Until it has joined for good a map stays marked as caught up, so that no catch-up lane takes it
  // again.
  for (auto const& of : joined) context_.caught_up.erase(of);
  co_return result<void>{};
}

drafts main_lane::moves(std::vector<projections::map_way>& joined) {
  drafts events;
  auto const here = context_.main_read_of(way_);
  for (auto const& [of, place] : context_.views().delivery.places) {
    if (of.second != way_ || !context_.is_mine(of.first)) continue;
    auto const* row = context_.views().status.find(of.first);
    bool const inside = place.lane == projections::main_lane;
    bool const wanted = row != nullptr && wants_delivery(*row);
    stream_id const stream{stream_kind::link, context_.link.value};
    if (inside && !wanted) {
      events.push_back(draft(stream, context_.link, LaneLeft{context_.link, of.first, way_, here}));
    }
    auto const reached = context_.caught_up.find(of);
    if (inside || !wanted || reached == context_.caught_up.end() || context_.at_work.contains(of))
      continue;
    if (reached->second < here) continue;
    auto position = reached->second;
    if (context_.faults.resume_seam_off_by_one) position = position + 1;
    events.push_back(
        draft(stream, context_.link, LaneJoined{context_.link, of.first, way_, position}));
    joined.push_back(of);
  }
  return events;
}

bool main_lane::waits_for_joiner() const {
  auto const here = context_.main_read[static_cast<std::size_t>(way_)];
  for (auto const& [of, reached] : context_.caught_up) {
    if (of.second != way_ || reached >= here) continue;
    auto const* row = context_.views().status.find(of.first);
    if (row != nullptr && wants_delivery(*row) && here.value - reached.value <= joiner_distance_max)
      return true;
  }
  return false;
}

std::vector<map_place> main_lane::places_to_tell() const {
  std::vector<map_place> out;
  for (auto const& [of, place] : context_.views().delivery.places) {
    if (of.second != way_ || !context_.is_mine(of.first)) continue;
    if (place.told == place.lane && place.published) continue;
    out.push_back({of.first, place.lane, context_.views().delivery.position(of.first, way_)});
  }
  return out;
}

void main_lane::complete(ready_batch& batch) const {
  batch.plan->places = places_to_tell();
  batch.plan->reverse_passed = context_.main_read_of(opposite(way_));
}

}  // namespace dualwrite::engine
