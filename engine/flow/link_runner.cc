#include "engine/flow/link_runner.h"

#include <algorithm>
#include <set>

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

// What a batch had said beside its counts: which records did not arrive, which were retried, which
// chunk it copied.
struct said_besides {
  std::set<std::pair<map_id, sequence>> excepted;
  std::vector<std::pair<map_id, sequence>> retried;
  std::optional<ChunkCopied> copied;
  std::map<std::pair<map_id, sequence>, record_losses> lost;
};

result<said_besides> read_besides(event_log const& log, sequence applied_at) {
  said_besides out;
  auto const cursor = log.read({applied_at, false, std::nullopt});
  while (true) {
    DW_TRY(auto const stored, cursor->next());
    if (!stored) return out;
    DW_TRY(auto const event, decode(*stored));
    if (event.at != applied_at && event.from.cause != applied_at) return out;
    if (auto const* applied = event.as<RecordsApplied>()) {
      for (auto const& part : applied->in_part) {
        auto& lost = out.lost[{part.map, part.record}].before;
        for (auto const& column : part.columns) lost.emplace_back(column.name);
      }
    }
    if (auto const* parked = event.as<RecordParked>())
      out.excepted.insert({parked->map, parked->record});
    if (auto const* skipped = event.as<RecordSkipped>())
      out.excepted.insert({skipped->map, skipped->record});
    if (auto const* retried = event.as<RetrySucceeded>())
      out.retried.emplace_back(retried->map, retried->record);
    if (auto const* overtaken = event.as<RetryOvertaken>())
      out.retried.emplace_back(overtaken->map, overtaken->record);
    if (auto const* copied = event.as<ChunkCopied>()) out.copied = *copied;
    if (auto const* conflict = event.as<ConflictDetected>()) {
      for (auto const& column : conflict->columns) {
        auto& lost = out.lost[{conflict->map, conflict->record}].in_batch;
        if (!column.record_wins) lost.emplace_back(column.name);
      }
    }
  }
}

}  // namespace

link_runner::link_runner(std::unique_ptr<link_context> context) : context_(std::move(context)) {
  auto& shared = *context_;
  for (auto const of : {side::left, side::right})
    breakers_.push_back(std::make_unique<app_breaker>(shared, of));
  for (auto const way : both_ways)
    sessions_.push_back(std::make_unique<target_session>(shared, way));
  for (auto const of : {side::left, side::right}) {
    auto const back = opposite(direction_from(of));
    auto& session = *sessions_[static_cast<std::size_t>(back)];
    captures_.push_back(std::make_unique<capture_runner>(shared, of, session));
  }
  for (auto const way : both_ways) {
    auto& session = *sessions_[static_cast<std::size_t>(way)];
    mains_.push_back(std::make_unique<main_lane>(shared, session, way));
    for (std::uint64_t lane = 1; lane <= shared.options.catch_up_lanes; ++lane) {
      catch_ups_.push_back(std::make_unique<catch_up_lane>(shared, session, way, lane_id{lane}));
    }
  }
  supervisor_ = std::make_unique<map_supervisor>(shared);
}

void link_runner::start(nursery& children) {
  for (auto const& breaker : breakers_) children.start([&one = *breaker] { return one.run(); });
  children.start([this, &children] { return prepare(children); });
}

async<void> link_runner::prepare(nursery& children) {
  for (auto const& session : sessions_) DW_CO_CHECK(co_await session->open());
  for (auto const way : both_ways) DW_CO_CHECK(remember(way));
  for (auto const& one : sessions_)
    children.start([&session = *one] { return session.look_again(); });
  for (auto const& capture : captures_) children.start([&one = *capture] { return one.run(); });
  for (auto const& lane : mains_) children.start([&one = *lane] { return one.run(); });
  for (auto const& lane : catch_ups_) children.start([&one = *lane] { return one.run(); });
  children.start([this] { return supervisor_->run(); });
  co_return result<void>{};
}

// Fills the ledger with the batches whose echo may still come, or may not have been read past.
result<void> link_runner::remember(direction way) {
  for (auto const& [lane, rows] : context_->views().delivery.batches) {
    if (std::get<0>(lane) != context_->link || std::get<1>(lane) != way) continue;
    for (auto const& [number, row] : rows) {
      if (row.applied_at) DW_CHECK(remember(way, std::get<2>(lane), number, row));
    }
  }
  return {};
}

result<void> link_runner::remember(direction way,
                                   lane_id lane,
                                   batch_number number,
                                   projections::batch_row const& row) {
  auto const& log = context_->log.log();
  DW_TRY(auto const besides, read_besides(log, row.applied_at));
  batch_planner planner(*context_, way);
  batch_id const id{way, lane, number};
  context_->ledger.hand(id, row.session, {});
  auto const hand = [&] { context_->ledger.hand_more(id, planner.take().handed); };
  auto const add = [&](replay::queued_item const& item,
                       map_id map,
                       attempt which = attempt::first) -> result<void> {
    auto const at = std::visit([](auto const& one) { return one.at; }, item);
    // A map that was stopped since then is none of the batch's any more, even if it runs again.
    bool const is_its = std::any_of(
        row.maps.begin(), row.maps.end(), [&](auto const& share) { return share.map == map; });
    if (!is_its || besides.excepted.contains({map, at})) return {};
    auto const lost = besides.lost.find({map, at});
    auto const none = record_losses{};
    DW_CHECK(
        planner.add_rewritten(item, map, which, lost == besides.lost.end() ? none : lost->second));
    if (planner.is_full()) hand();
    return {};
  };
  item_reader items(log);
  for (auto const& [map, record] : besides.retried) {
    DW_TRY(auto const item, items.read(record));
    DW_CHECK(add(item, map, attempt::retry));
  }
  if (besides.copied) {
    DW_TRY(auto const records, read_records(log, besides.copied->records));
    for (auto const& record : records) DW_CHECK(add(record, besides.copied->map));
  }
  if (row.position > row.behind) {
    replay::record_cursor cursor(
        log, context_->link, way, context_->app(source_of(way)), row.behind);
    while (cursor.position() < row.position) {
      DW_TRY(auto const unit, cursor.next(row.position));
      if (!unit) break;
      for (auto const& item : unit->items) {
        for (auto const& [map, from] : row.maps) {
          bool const is_in = unit->position > from && planner.concerns(item, map);
          if (is_in) DW_CHECK(add(item, map));
        }
      }
    }
  }
  hand();
  if (!row.echo_at) return {};
  context_->ledger.came_back(id, row.echo);
  for (auto const& [map, from] : row.maps) {
    auto const& delivery = context_->views().delivery;
    if (delivery.position(map, opposite(way)) >= row.echo_at) context_->ledger.passed(id, map);
  }
  return {};
}

}  // namespace dualwrite::engine
