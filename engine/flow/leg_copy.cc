#include "engine/flow/leg_copy.h"

#include <algorithm>

#include "engine/flow/read_chunk.h"
#include "events/row_image.h"

namespace dualwrite::engine {

using projections::map_way;

namespace {

// Of rows that are read one by one: until all of them are there nothing else is heard.
constexpr std::size_t errored_rows_max = 1000;

// A copy that did not get on would begin the same chunk again and again.
result<void> check_order(chunk_place const& place) {
  bool const is_beyond = !place.of.until.empty() && place.of.until < place.last_key;
  if (place.last || (place.of.after < place.last_key && !is_beyond)) return {};
  return error{
      error_code::table_changed,
      "its rows do not come in the order of the map's key, so it cannot be copied in parts"};
}

}  // namespace

std::optional<std::size_t> leg_copy::free_range(map_id map) const {
  auto const* leg = context_.views().progress.of(map)->leg(way_);
  auto const is_free = [&](std::size_t range) {
    return range < leg->ranges.size() && !leg->is_copied(range) &&
           !context_.ranges_at_work.contains({{map, way_}, range});
  };
  if (is_free(last_range_)) return last_range_;
  bool all_copied = true;
  for (std::size_t range = 0; range < leg->ranges.size(); ++range) {
    if (is_free(range)) return range;
    all_copied = all_copied && leg->is_copied(range);
  }
  // One of the lanes says that the leg is complete.
  bool const is_to_be_said = all_copied && !context_.at_work.contains({map, way_});
  return is_to_be_said ? std::optional<std::size_t>(0) : std::nullopt;
}

async<void> leg_copy::step(map_id map, std::size_t range) {
  last_range_ = range;
  auto const id = context_.views().progress.latest.at(map);
  auto const& execution = context_.views().progress.executions.at(id);
  auto const mode = execution.mode;
  auto const& leg = *execution.leg(way_);
  if (leg.started == instant{}) co_return co_await begin(map, id);
  if (leg.is_copied(range)) co_return co_await complete(map, id);
  auto const* chunk = leg.last_chunk(range);
  range_left left{context_.link, map, id, way_, leg.start_of(range), leg.ranges[range].until};
  if (chunk != nullptr) left.after = chunk->last_key;
  if (chunk != nullptr && !chunk->copied) co_return co_await write(std::move(left), *chunk);
  if (mode == run_mode::errored_only) co_return co_await read_errored(std::move(left));
  co_return co_await read_all(std::move(left), mode == run_mode::without_errors);
}

async<void> leg_copy::begin(map_id map, execution_id execution) {
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), map));
  auto const of = source_of(way_);
  auto const counted = co_await context_.source(of).count_rows(compiled->table(of));
  auto const rows = counted ? *counted : 0;
  // It can be copied as it is where nobody can say how it would be cut.
  auto const split_keys = co_await split(map, rows);
  auto const keys = split_keys ? *split_keys : std::vector<std::string>{};
  LegStarted started{map, execution, way_, rows, {}};
  for (auto const& key : keys) started.splits.push_back({blob{key}});
  drafts events;
  events.push_back(draft({stream_kind::map, map.value}, context_.link, started));
  DW_CO_CHECK(co_await context_.log.append(std::move(events)));
  co_return result<void>{};
}

// Rows that refer to rows of their own table find them before them in key order, mostly; in ranges
// beside each other they would have to wait.
async<std::vector<std::string>> leg_copy::split(map_id map, std::uint64_t rows) {
  std::vector<std::string> keys;
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), map));
  auto const of = source_of(way_);
  auto const target = target_of(way_);
  auto const least = context_.options.chunk_rows * context_.options.range_chunks_min;
  auto const parts = std::min<std::uint64_t>(context_.options.copy_ranges_max, rows / least);
  auto const mode = context_.views().progress.of(map)->mode;
  if (parts < 2 || mode == run_mode::errored_only) co_return keys;
  auto const table = compiled->table(target);
  DW_CO_TRY(auto const referred, co_await context_.source(target).referred_tables(table));
  if (std::find(referred.begin(), referred.end(), table) != referred.end()) co_return keys;
  split_request wish{
      compiled->table(of), compiled->key_columns(of), parts, compiled->key_columns_by_text(of)};
  DW_CO_TRY(auto const found, co_await context_.source(of).split(std::move(wish)));
  row_values row(compiled->schema(of).columns.size(), value::unchanged());
  for (auto const& key : found) {
    for (std::size_t i = 0; i < key.size(); ++i) row[compiled->key_columns(of)[i]] = key[i];
    auto split_key = compiled->key_of(of, row);
    if (split_key && (keys.empty() || keys.back() < *split_key))
      keys.push_back(std::move(*split_key));
  }
  co_return keys;
}

async<void> leg_copy::complete(map_id map, execution_id execution) {
  drafts events;
  events.push_back(
      draft({stream_kind::map, map.value}, context_.link, LegCompleted{map, execution, way_}));
  DW_CO_CHECK(co_await context_.log.append(std::move(events)));
  co_return result<void>{};
}

async<void> leg_copy::read_all(range_left range, bool leaves_errored) {
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), range.map));
  map_way const of{range.map, way_};
  DW_CO_TRY(auto rows, co_await ahead_.read(range));
  chunk_place place{std::move(range), {}, rows.last};
  if (!rows.rows.empty()) {
    DW_CO_TRY(place.last_key, last_key_of(*compiled, place, rows));
  }
  // What is behind the last key of a range belongs to the next one.
  if (!place.last_key.empty() && place.last_key == place.of.until) place.last = true;
  DW_CO_CHECK(check_order(place));
  if (leaves_errored) DW_CO_CHECK(leave_errored_alone(context_.views(), *compiled, of, rows));
  DW_CO_TRY(auto events, chunk_events(context_.views(), *compiled, place, rows));
  DW_CO_CHECK(co_await context_.log.append(std::move(events)));
  co_return result<void>{};
}

// Row by row; what the chunk says of its snapshot is true of the first of them, and the others are
// newer.
async<void> leg_copy::read_errored(range_left range) {
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), range.map));
  map_way const of{range.map, way_};
  auto const limit = std::min(context_.options.chunk_rows, errored_rows_max);
  auto keys = errored_keys(context_.views(), of, range.after, limit);
  bool is_last = keys.size() < limit;
  chunk rows;
  auto const opening = context_.opening_of(source_of(way_));
  std::size_t read = 0;
  for (std::size_t bytes = 0; read < keys.size() && bytes < copied_bytes_max; ++read) {
    DW_CO_TRY(auto request, chunk_of_key(*compiled, source_of(way_), keys[read]));
    DW_CO_TRY(auto one,
              co_await read_chunk(context_, *compiled, source_of(way_), std::move(request)));
    if (read == 0) rows.snapshot = one.snapshot;
    for (auto& row : one.rows) {
      bytes += encode_row(row).size();
      rows.rows.push_back(std::move(row));
    }
  }
  is_last = is_last && read == keys.size();
  keys.resize(read);
  // Some of them may be of another app than is captured now.
  if (context_.opening_of(source_of(way_)) != opening) co_return result<void>{};
  auto const execution = range.execution;
  chunk_place const place{std::move(range), keys.empty() ? std::string{} : keys.back(), is_last};
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

async<void> leg_copy::write(range_left range, projections::chunk_row read) {
  auto const map = range.map;
  auto const mode = context_.views().progress.executions.at(range.execution).mode;
  batch_planner planner(context_, way_);
  DW_CO_TRY(auto const records, read_records(context_.log.log(), read.records));
  for (auto const& record : records) DW_CO_CHECK(planner.add_copy(record, map));
  auto batch = planner.take();
  batch.members = {map};
  auto const place = context_.views().delivery.places.at({map, way_});
  batch.plan->places = {{map, projections::no_lane, place.position}};
  auto const* lane = context_.views().delivery.lane({context_.link, way_, lane_});
  batch_number const number{lane == nullptr ? 1 : lane->batch.value + 1};
  batch.plan->also = copied_events(context_.views(), range, read, lane_, number);
  auto delivery = session_.deliver(lane_, std::move(batch));
  if (!read.last && mode != run_mode::errored_only)
    delivery = ahead_.read_beside(std::move(delivery), std::move(range));
  auto const end = co_await std::move(delivery);
  if (!end) co_return end.error();
  co_return result<void>{};
}

}  // namespace dualwrite::engine
