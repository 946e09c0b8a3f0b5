#include "engine/flow/batch_planner.h"

#include <algorithm>
#include <iterator>

#include "engine/decide/part_of_row.h"
#include "events/row_image.h"

namespace dualwrite::engine {

using replay::queued_item;
using replay::queued_record;
using replay::queued_resolution;

namespace {

// Of the records of one batch, as they were captured.
constexpr std::size_t batch_bytes_max = 4U << 20U;
// Some 100 MB of keys, with chunks as they are by default.
constexpr std::size_t chunks_known_max = 256;

// What a record lost, in columns of its own table.
std::vector<std::size_t> columns_of_source(compiled_map const& map,
                                           direction way,
                                           projections::part_row const& lost) {
  projections::part_row const turned{lost.of_target, lost.columns, {}, false};
  return columns_left_out(map, opposite(way), turned);
}

}  // namespace

batch_planner::batch_planner(link_context& context, direction way) : context_(context), way_(way) {
  batch_.plan->link = context.link;
  batch_.plan->way = way;
}

bool batch_planner::concerns(queued_item const& item, map_id map) const {
  if (auto const* resolution = std::get_if<queued_resolution>(&item)) return resolution->map == map;
  auto const* found = std::get_if<queued_record>(&item);
  if (found == nullptr) return false;
  return found->map ? found->map == map : delivers(found->schema, map);
}

bool batch_planner::delivers(schema_id schema, map_id map) const {
  auto const& status = context_.views().status;
  auto const seen = status.schemas.find(schema);
  if (seen == status.schemas.end()) return false;
  auto const compiled = context_.maps.get(context_.views(), map);
  return compiled && (*compiled)->writes(way_) &&
         (*compiled)->table(source_of(way_)) == seen->second.table;
}

// Asked once a batch: there may be hundreds of maps, and a table has one or two.
std::vector<map_id> const& batch_planner::takers(schema_id schema,
                                                 std::vector<map_id> const& members) {
  auto const [found, fresh] = takers_.try_emplace(schema);
  if (!fresh) return found->second;
  std::copy_if(members.begin(), members.end(), std::back_inserter(found->second), [&](map_id map) {
    return delivers(schema, map);
  });
  return found->second;
}

result<void> batch_planner::add(queued_item const& item, std::vector<map_id> const& members) {
  if (auto const* echo = std::get_if<replay::passed_echo>(&item)) {
    batch_.echoes_passed.push_back({opposite(way_), echo->lane, echo->batch});
    return {};
  }
  auto const at = std::visit([](auto const& one) { return one.at; }, item);
  auto const* of_table = std::get_if<queued_record>(&item);
  bool const is_for_all = of_table != nullptr && !of_table->map;
  for (auto const map : is_for_all ? takers(of_table->schema, members) : members) {
    // A map that joined the main lane may be ahead of it.
    auto const place = context_.views().delivery.places.find({map, way_});
    if (place == context_.views().delivery.places.end() || at <= place->second.position) continue;
    if (!is_for_all && !concerns(item, map)) continue;
    DW_CHECK(add_item(item, map, attempt::first));
  }
  return {};
}

result<void> batch_planner::add_item(queued_item const& item, map_id map, attempt which) {
  if (auto const* record = std::get_if<queued_record>(&item))
    return add_record(*record, map, which);
  if (auto const* resolution = std::get_if<queued_resolution>(&item))
    return add_resolution(*resolution, map, which);
  return {};
}

result<void> batch_planner::add_copy(queued_record const& record, map_id map) {
  return add_record(record, map, attempt::first);
}

result<row_values> batch_planner::row_of_now(std::string_view image,
                                             schema_id was,
                                             compiled_map const& compiled) {
  auto found = alignments_.find({&compiled, was});
  if (found == alignments_.end()) {
    auto const& seen = context_.views().status.schemas.at(was);
    DW_TRY(auto const schema, decode_schema(seen.schema));
    auto const of = seen.app == context_.app(side::left) ? side::left : side::right;
    row_alignment alignment(schema, compiled.schema(of));
    found = alignments_.emplace(std::pair{&compiled, was}, std::move(alignment)).first;
  }
  DW_TRY(auto row, decode_row(image));
  return found->second(std::move(row));
}

result<map_record> batch_planner::to_map_record(queued_record const& record,
                                                map_id map,
                                                compiled_map const& compiled,
                                                direction way) {
  map_record out;
  out.map = map;
  out.way = way;
  out.at = record.at;
  out.kind = record.kind;
  out.op = record.op;
  if (!record.before.empty()) {
    DW_TRY(out.before, row_of_now(record.before, record.schema, compiled));
  }
  if (!record.after.empty()) {
    DW_TRY(out.after, row_of_now(record.after, record.schema, compiled));
  }
  // What the source did not send is as it was before, where that is known.
  for (std::size_t i = 0; i < out.after.size() && i < out.before.size(); ++i) {
    if (out.after[i].is_unchanged()) out.after[i] = out.before[i];
  }
  auto const* part = context_.views().conflicts.part({map, way}, record.at);
  if (part != nullptr) out.given_up = columns_of_source(compiled, way, *part);
  out.lacks_columns = lacks_columns(record, out, compiled);
  out.cause = record.cause;
  out.is_of_rules = record.cause && !record.map;
  out.depth = record.cause ? depth_of(record.cause) + 1 : 0;
  out.is_made_anew = out.is_of_rules && was_made_by_rules(record.cause);
  out.position = record.position;
  out.committed_at = record.committed_at;
  out.group = record.group;
  return out;
}

// An insert says all that was captured of its row. Of an update it may not be told whether a column
// did not change, or was not captured because no map read it then.
bool batch_planner::lacks_columns(queued_record const& record,
                                  map_record const& mine,
                                  compiled_map const& compiled) const {
  if (record.kind != capture_kind::live || mine.after.empty()) return false;
  auto const& columns = compiled.reads(source_of(mine.way));
  bool const is_whole = std::none_of(columns.begin(), columns.end(), [&](std::size_t column) {
    return mine.after[column].is_unchanged();
  });
  if (is_whole) return false;
  return mine.op == operation::insert ||
         alignments_.at({&compiled, record.schema}).lacks(columns) || is_from_before_capture(mine);
}

// A capture begins anew with each definition, and what came before lacks what only the definition
// reads. The first one was there before anything was captured.
bool batch_planner::is_from_before_capture(map_record const& mine) const {
  auto const& captures = context_.views().delivery.captures;
  auto const capture = captures.find({context_.link, source_of(mine.way)});
  auto const& row = *context_.views().status.find(mine.map);
  if (row.version == 1 || capture == captures.end()) return false;
  return mine.at < capture->second.started_at || capture->second.started_at < row.defined_at;
}

delivery_context batch_planner::planning(compiled_map const& map) {
  auto holds = [this, &map](projections::chunk_row const& chunk, std::string const& key) {
    auto& known = context_.chunk_keys;
    if (known.size() >= chunks_known_max && !known.contains(chunk.records))
      known.erase(known.begin());
    auto const [keys, fresh] = known.try_emplace(chunk.records);
    if (fresh) {
      auto const records = read_records(context_.log.log(), chunk.records);
      for (auto const& record : records ? *records : std::vector<queued_record>{}) {
        auto const row = row_of_now(record.after, record.schema, map);
        auto const& schema = context_.views().status.schemas.at(record.schema);
        auto const of = schema.app == context_.app(side::left) ? side::left : side::right;
        auto const row_key = row ? map.key_of(of, *row) : result<std::string>(row.error());
        if (row_key) keys->second.insert(*row_key);
      }
    }
    return keys->second.contains(key);
  };
  auto origin = [this](sequence at) { return origin_of(at); };
  auto write = [this, &map](map_id id, sequence at) { return write_of(at, map, id); };
  return {context_.views(),
          context_.ledger,
          map,
          std::move(holds),
          std::move(origin),
          std::move(write),
          beaten_,
          parts_,
          held_keys_,
          context_.faults.delivery};
}

planned_record batch_planner::planned(queued_record const& record,
                                      map_record const& mine,
                                      map_id map) const {
  planned_record out;
  out.map = map;
  out.version = context_.views().status.find(map)->version;
  out.at = record.at;
  out.copied = record.kind != capture_kind::live;
  out.made_on = source_of(way_);
  out.committed_at = record.committed_at;
  out.depth = mine.depth;
  return out;
}

// Whether the other side's changes of its key are to find it. Of a copy the chunk tells, but not of
// a row of it that is written later than the others.
bool batch_planner::is_contested(compiled_map const& map,
                                 queued_record const& record,
                                 attempt which) {
  if (record.kind == capture_kind::initial && which == attempt::first) return false;
  return map.writes(direction::left_to_right) && map.writes(direction::right_to_left);
}

result<std::shared_ptr<compiled_map const>> batch_planner::compiled(map_id map) {
  auto& known = compiled_[map];
  if (!known) {
    DW_TRY(known, context_.maps.get(context_.views(), map));
  }
  return known;
}

result<void> batch_planner::add_record(queued_record const& record, map_id map, attempt which) {
  DW_TRY(auto const compiled, this->compiled(map));
  DW_TRY(auto const mine, to_map_record(record, map, *compiled, way_));
  bytes_ += record.before.size() + record.after.size();
  auto made = planned(record, mine, map);
  made.which = which;
  made.plan = plan_delivery(planning(*compiled), mine, which);
  auto const left_out = columns_lost(*compiled, mine, {});
  made.plan.left_out = {left_out.begin(), left_out.end()};
  for (auto& conflict : made.plan.conflicts) show(conflict, record, *compiled);
  keep(std::move(made), *compiled, is_contested(*compiled, record, which));
  return {};
}

result<void> batch_planner::add_rewritten(queued_item const& item,
                                          map_id map,
                                          attempt which,
                                          record_losses const& lost) {
  auto const found = context_.maps.get(context_.views(), map);
  // A map that does not fit its tables any more has paused.
  if (!found) return {};
  auto const& compiled = *found;
  projections::part_row const before{{}, lost.before, {}, false};
  if (auto const* resolution = std::get_if<queued_resolution>(&item)) {
    DW_TRY(auto mine, to_map_resolution(*resolution, map, *compiled, way_));
    mine.given_up = columns_left_out(*compiled, way_, before);
    auto made = planned(*resolution, map);
    made.plan = plan_rewritten(planning(*compiled), mine);
    keep(std::move(made), *compiled, true);
    return {};
  }
  auto const* record = std::get_if<queued_record>(&item);
  if (record == nullptr) return {};
  DW_TRY(auto mine, to_map_record(*record, map, *compiled, way_));
  mine.lost_columns = lost.in_batch;
  mine.given_up = columns_of_source(*compiled, way_, before);
  auto made = planned(*record, mine, map);
  made.plan = plan_rewritten(planning(*compiled), mine);
  keep(std::move(made), *compiled, is_contested(*compiled, *record, which));
  return {};
}

void batch_planner::keep(planned_record&& record, compiled_map const& map, bool by_key) {
  auto& plan = record.plan;
  auto const name = [&] { return std::pair{record.map, plan.key}; };
  bool const whole = plan.write == nullptr || plan.is_whole();
  bool const follows_parked = !parked_keys_.empty() && parked_keys_.contains(name());
  if (plan.what == fate::write && record.which == attempt::first && !whole && follows_parked) {
    plan.what = fate::park;
    plan.state = park_state::waiting;
  }
  if (plan.what == fate::park) parked_keys_.insert(name());
  // It takes their place; if it is refused, what follows stands behind itself.
  if (plan.what == fate::write && whole && follows_parked) parked_keys_.erase(name());
  if (plan.what == fate::park && plan.state == park_state::conflict) {
    held_keys_.insert(name());
    if (!plan.old_key.empty()) held_keys_.insert({record.map, plan.old_key});
  }
  for (auto const& conflict : plan.conflicts) {
    if (!conflict.record_wins) continue;
    if (!conflict.columns.empty()) {
      share(conflict, record.at);
      continue;
    }
    beaten_[conflict.other] = record.at;
    for (auto const other : conflict.beats_too) beaten_[other] = record.at;
  }
  if (record.which == attempt::retry) {
    auto const* chain = context_.views().parked.chain({record.map, way_}, plan.key);
    if (chain != nullptr) record.earlier.assign(chain->begin(), chain->lower_bound(record.at));
  }
  if (plan.what == fate::write) {
    for (auto const* key : {&plan.key, &plan.old_key}) {
      if (context_.views().drift.was_given_up_before({record.map, way_}, *key, record.at))
        record.drifted.push_back(*key);
    }
    take_over_resolutions(record);
    auto const target = target_of(way_);
    for (auto const column : plan.left_out)
      record.left_out.push_back(map.schema(target).columns[column].name);
    bool const is_copy = record.copied && record.which == attempt::first;
    if (plan.beside != nullptr && !is_copy) {
      record.first_write = batch_.writes.size();
      batch_.writes.add(plan.beside);
    }
    has_beside_ = has_beside_ || (plan.beside != nullptr && is_copy);
    record.write = batch_.writes.size();
    if (!whole) plan.write->behind = write_before(record.map, plan.key);
    batch_.writes.add(plan.write);
    batch_.tables.try_emplace(map.table(target), map.fingerprint(target));
  }
  if (plan.what == fate::write || plan.what == fate::park)
    batch_.handed.push_back(to_hand(record, by_key));
  if (plan.what == fate::write && plan.beside != nullptr) {
    batch_.handed.push_back(batch_.handed.back());
    batch_.handed.back().write = plan.beside;
  }
  batch_.plan->records.push_back(std::move(record));
}

std::optional<std::size_t> batch_planner::write_before(map_id map, std::string const& key) {
  for (auto const& records = batch_.plan->records; looked_through_ < records.size();
       ++looked_through_) {
    auto const& earlier = records[looked_through_];
    if (earlier.write) last_write_[earlier.map][earlier.plan.key] = *earlier.write;
  }
  auto const& keys = last_write_[map];
  auto const found = keys.find(key);
  return found == keys.end() ? std::nullopt : std::optional(found->second);
}

handed_write batch_planner::to_hand(planned_record const& record, bool by_key) const {
  handed_write handed;
  handed.map = record.map;
  handed.key = record.plan.key;
  handed.old_key = record.plan.old_key;
  handed.record = record.at;
  handed.made_on = record.made_on;
  handed.committed_at = record.committed_at;
  handed.depth = record.depth;
  handed.by_key = by_key;
  if (record.plan.what == fate::write) handed.write = record.plan.write;
  return handed;
}

bool batch_planner::is_full() const {
  return size() >= context_.options.batch_records_max || bytes_ >= batch_bytes_max;
}

ready_batch batch_planner::take() {
  auto batch = take_part();
  forget();
  return batch;
}

// Until the next one is planned maps may have become others.
ready_batch batch_planner::take_part() {
  if (std::exchange(has_beside_, false)) write_beside();
  auto batch = std::move(batch_);
  batch_ = {};
  // The next one is likely to be as large.
  batch_.plan->records.reserve(batch.plan->records.size());
  batch_.writes.reserve(batch.writes.size());
  batch_.handed.reserve(batch.handed.size());
  batch_.plan->link = context_.link;
  batch_.plan->way = way_;
  bytes_ = 0;
  takers_.clear();
  compiled_.clear();
  alignments_.clear();
  last_write_.clear();
  looked_through_ = 0;
  owes_.clear();
  return batch;
}

void batch_planner::heed(outcome_so_far const& before) {
  for (auto const& [key, records] : before.parked) parked_keys_.insert(key);
}

}  // namespace dualwrite::engine
