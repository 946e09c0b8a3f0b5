// What a batch knows of conflicts: what the two sides had, what rules of the apps made, and the
// winners on their way to the side where they were overwritten.
#include <algorithm>

#include "engine/flow/batch_planner.h"
#include "events/row_image.h"

namespace dualwrite::engine {

using replay::queued_record;
using replay::queued_resolution;

result<map_resolution> batch_planner::to_map_resolution(queued_resolution const& resolution,
                                                        map_id map,
                                                        compiled_map const& compiled,
                                                        direction way) {
  map_resolution out;
  out.map = map;
  out.way = way;
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
  DW_TRY(auto const mine, to_map_record(*record, into.map, compiled, into.way));
  auto const of = source_of(into.way);
  into.removes = mine.op == operation::remove || compiled.is_marked_removed(of, mine.after);
  if (into.removes) return {};
  DW_TRY(auto const row, compiled.to_target(into.way, mine.after));
  into.image.assign(compiled.schema(target_of(into.way)).columns.size(), value::unchanged());
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
  DW_TRY(auto const mine, to_map_resolution(resolution, map, *compiled, way_));
  auto made = planned(resolution, map);
  made.which = which;
  made.plan = plan_resolution(planning(*compiled), mine, which);
  keep(std::move(made), *compiled, true);
  return {};
}

void batch_planner::write_beside() {
  for (auto& record : batch_.plan->records) {
    bool const is_due = record.write && !record.first_write && record.plan.beside != nullptr;
    if (!is_due) continue;
    record.first_write = batch_.writes.size();
    batch_.writes.add(record.plan.beside);
  }
}

// How many rewrites by the apps' rules led to a record. The chain is short: it is cut where it
// grows.
std::uint32_t batch_planner::depth_of(sequence cause) {
  std::uint32_t depth = 0;
  for (auto at = cause; at && depth < 8; ++depth) {
    auto const item = read_item(context_.log.log(), at);
    auto const* record = item ? std::get_if<queued_record>(&*item) : nullptr;
    at = record == nullptr ? sequence{} : record->cause;
    if (!at) return depth;
  }
  return depth;
}

// Whether this is a resolution that wrote what rules of the app itself had made.
bool batch_planner::was_made_by_rules(sequence resolution) {
  auto const item = read_item(context_.log.log(), resolution);
  auto const* mine = item ? std::get_if<queued_resolution>(&*item) : nullptr;
  auto const winner = mine != nullptr ? read_item(context_.log.log(), mine->winner)
                                      : result<replay::queued_item>(error{});
  auto const* record = winner ? std::get_if<queued_record>(&*winner) : nullptr;
  return record != nullptr && record->cause && !record->map;
}

// Of a record of the other direction. The winner of a conflict was made on the side that it is sent
// to, unless somebody chose it.
value_origin batch_planner::origin_of(sequence at) const {
  auto const item = read_item(context_.log.log(), at);
  auto const* record = item ? std::get_if<queued_record>(&*item) : nullptr;
  bool const copied = record != nullptr && record->kind == capture_kind::initial;
  if (record != nullptr) return {target_of(way_), record->committed_at, at, copied};
  auto const* resolution = item ? std::get_if<queued_resolution>(&*item) : nullptr;
  if (resolution == nullptr) return {source_of(way_), {}, at};
  auto const made_on = resolution->crosses ? target_of(way_) : source_of(way_);
  return {made_on, resolution->committed_at, resolution->winner};
}

std::shared_ptr<target_write const> batch_planner::write_of(sequence at,
                                                            compiled_map const& map,
                                                            map_id of) {
  auto const item = read_item(context_.log.log(), at);
  auto const back = opposite(way_);
  if (auto const* record = item ? std::get_if<queued_record>(&*item) : nullptr) {
    auto const mine = to_map_record(*record, of, map, back);
    return mine ? plan_rewritten(planning(map), *mine).write : nullptr;
  }
  if (auto const* resolution = item ? std::get_if<queued_resolution>(&*item) : nullptr) {
    auto const mine = to_map_resolution(*resolution, of, map, back);
    return mine ? plan_rewritten(planning(map), *mine).write : nullptr;
  }
  return nullptr;
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

void batch_planner::share(conflict_found const& conflict, sequence with) {
  auto& part = parts_[conflict.other];
  for (auto const& column : conflict.columns) {
    if (column.record_wins) part.columns.push_back(column.name);
  }
  part.by = with;
}

// A later change of the same side stands there already, or owes itself what an earlier one owed its
// key. What it does not say is left to the earlier one.
void batch_planner::take_over_resolutions(planned_record const& record) {
  auto const& plan = record.plan;
  bool const is_part = !plan.is_whole();
  for (auto const* key : {&plan.key, &plan.old_key}) {
    if (owes_.empty()) break;
    auto const owes = owes_.find({record.map, *key});
    if (owes == owes_.end()) continue;
    for (auto const earlier : owes->second) {
      std::erase_if(batch_.plan->records[earlier].plan.resolutions,
                    [&](resolution_owed const& owed) {
                      return owed.key == *key && (owed.removes || !is_part);
                    });
    }
    if (!is_part) owes_.erase(owes);
  }
  for (auto const& owed : plan.resolutions)
    owes_[{record.map, owed.key}].push_back(batch_.plan->records.size());
}

}  // namespace dualwrite::engine
