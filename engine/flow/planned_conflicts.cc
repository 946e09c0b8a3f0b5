// What a batch knows of conflicts: what the two sides had, and the winners on their way to the side
// where they were overwritten.
#include "engine/flow/batch_planner.h"
#include "events/row_image.h"

namespace dualwrite::engine {

using replay::queued_record;
using replay::queued_resolution;

result<map_resolution> batch_planner::to_map_resolution(queued_resolution const& resolution,
                                                        map_id map,
                                                        compiled_map const& compiled) {
  map_resolution out;
  out.map = map;
  out.way = way_;
  out.at = resolution.at;
  out.winner = resolution.winner;
  out.key = resolution.key;
  out.removes = resolution.removes;
  out.crosses = resolution.crosses;
  if (resolution.crosses) {
    DW_CHECK(cross(out, compiled));
  } else if (resolution.undoes) {
    DW_CHECK(undo(out, compiled));
  } else if (!resolution.image.empty() && resolution.schema) {
    DW_TRY(out.image, row_of_now(resolution.image, resolution.schema, compiled));
  } else if (!resolution.image.empty()) {
    DW_TRY(out.image, decode_row(resolution.image));
  }
  return out;
}

result<void> batch_planner::cross(map_resolution& into, compiled_map const& compiled) {
  DW_TRY(auto item, read_item(context_.log.log(), into.winner));
  // Of a winner that is a resolution itself, its own.
  for (auto const* other = std::get_if<queued_resolution>(&item); other != nullptr;
       other = std::get_if<queued_resolution>(&item)) {
    DW_TRY(item, read_item(context_.log.log(), other->winner));
  }
  auto const* record = std::get_if<queued_record>(&item);
  if (record == nullptr)
    return error{error_code::event_malformed, "a resolution's winner", into.at};
  DW_TRY(auto const mine, to_map_record(*record, into.map, compiled));
  auto const of = source_of(way_);
  into.removes = mine.op == operation::remove || compiled.is_marked_removed(of, mine.after);
  if (into.removes) return {};
  DW_TRY(auto const row, compiled.to_target(way_, mine.after));
  into.image.assign(compiled.schema(target_of(way_)).columns.size(), value::unchanged());
  for (std::size_t i = 0; i < row.columns.size(); ++i) into.image[row.columns[i]] = row.values[i];
  return {};
}

// The row as the loser found it, which it has on both sides then.
result<void> batch_planner::undo(map_resolution& into, compiled_map const& compiled) {
  DW_TRY(auto const item, read_item(context_.log.log(), into.winner));
  auto const* record = std::get_if<queued_record>(&item);
  if (record == nullptr) return error{error_code::event_malformed, "a change to undo", into.at};
  into.removes = record->op == operation::insert;
  into.is_unknown = !into.removes && record->before.empty();
  if (into.removes || into.is_unknown) return {};
  DW_TRY(into.image, row_of_now(record->before, record->schema, compiled));
  return {};
}

planned_record batch_planner::planned(queued_resolution const& resolution, map_id map) const {
  planned_record out;
  out.map = map;
  out.version = context_.views().status.find(map)->version;
  out.at = resolution.at;
  out.made_on = resolution.crosses ? source_of(way_) : target_of(way_);
  out.committed_at = resolution.committed_at;
  return out;
}

result<void> batch_planner::add_resolution(queued_resolution const& resolution,
                                           map_id map,
                                           attempt which) {
  DW_TRY(auto const compiled, context_.maps.get(context_.views(), map));
  DW_TRY(auto const mine, to_map_resolution(resolution, map, *compiled));
  auto made = planned(resolution, map);
  made.which = which;
  made.plan = plan_resolution(planning(*compiled), mine, which);
  keep(std::move(made), *compiled, true);
  return {};
}

// Of a record of the other direction. The winner of a conflict was made on the side that it is sent
// to, unless somebody chose it.
value_origin batch_planner::origin_of(sequence at) const {
  auto const item = read_item(context_.log.log(), at);
  auto const* record = item ? std::get_if<queued_record>(&*item) : nullptr;
  if (record != nullptr) return {target_of(way_), record->committed_at, at};
  auto const* resolution = item ? std::get_if<queued_resolution>(&*item) : nullptr;
  if (resolution == nullptr) return {source_of(way_), {}, at};
  auto const made_on = resolution->crosses ? target_of(way_) : source_of(way_);
  return {made_on, resolution->committed_at, resolution->winner};
}

void batch_planner::show(conflict_found& conflict,
                         queued_record const& record,
                         compiled_map const& compiled) {
  conflict.record_image = record.after;
  conflict.record_schema = record.schema;
  conflict.agreed_image = record.before;
  auto const item = read_item(context_.log.log(), conflict.other);
  auto const* other = item ? std::get_if<queued_record>(&*item) : nullptr;
  if (other == nullptr || other->after.empty()) return;
  // Of a copy the first record stands for all of its chunk.
  auto const row = row_of_now(other->after, other->schema, compiled);
  auto const of = context_.views().status.schemas.at(other->schema).app == context_.app(side::left)
                      ? side::left
                      : side::right;
  auto const key = row ? compiled.key_of(of, *row) : result<std::string>(row.error());
  if (!key || *key != conflict.key) return;
  conflict.other_image = other->after;
  conflict.other_schema = other->schema;
}

}  // namespace dualwrite::engine
