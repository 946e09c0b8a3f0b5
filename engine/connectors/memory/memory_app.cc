#include "engine/connectors/memory/memory_app.h"

#include <algorithm>
#include <utility>

#include "engine/connectors/memory/memory_chunks.h"
#include "engine/connectors/memory/memory_rules.h"
#include "events/row_image.h"

namespace dualwrite::engine {

memory_table& memory_app::add_table(table_schema schema) {
  auto& table = tables_[schema.table];
  table.schema = std::move(schema);
  return table;
}

std::optional<refusal> memory_app::put(memory_table& table,
                                       std::optional<row_values> old_key,
                                       row_values row,
                                       std::vector<captured_row>& changes,
                                       undo_log& undo) {
  if (table.trigger) table.trigger(row);
  if (table.rule) {
    if (auto why = table.rule(row)) return why;
  }
  auto const key = pick(row, table.schema.key);
  auto const from = old_key.value_or(key);
  auto const before = table.rows.find(from);
  captured_row change{table.schema.table, operation::insert, {}, encode_row(row)};
  if (before != table.rows.end()) {
    change.op = operation::update;
    auto known = before->second;
    auto sent = row;
    for (auto const column : table.large) {
      if (sent[column] == known[column]) sent[column] = value::unchanged();
      known[column] = value::unchanged();
    }
    change.before = encode_row(known);
    change.after = encode_row(sent);
    undo.push_back({table.schema.table, from, before->second});
    table.rows.erase(before);
  }
  auto const there = table.rows.find(key);
  undo.push_back({table.schema.table,
                  key,
                  there == table.rows.end() ? std::nullopt : std::optional(there->second)});
  if (there != table.rows.end()) return refusal{"unique", "duplicate key"};
  auto const& placed = table.rows[key] = std::move(row);
  if (auto why = breach_of(tables_, table, placed)) return why;
  if (change.op == operation::update) {
    if (auto why = breach_without(tables_, table, *undo.rbegin()[1].row)) return why;
  }
  auto const op = change.op;
  changes.push_back(std::move(change));
  if (!table.after) return std::nullopt;
  return change_all(table.after(op, placed), changes, undo);
}

std::optional<refusal> memory_app::drop(memory_table& table,
                                        row_values const& key,
                                        std::vector<captured_row>& changes,
                                        undo_log& undo) {
  auto const found = table.rows.find(key);
  if (found == table.rows.end()) return std::nullopt;
  auto const row = found->second;
  undo.push_back({table.schema.table, key, row});
  table.rows.erase(found);
  if (auto why = breach_without(tables_, table, row)) return why;
  changes.push_back({table.schema.table, operation::remove, encode_row(row), {}});
  if (!table.after) return std::nullopt;
  return change_all(table.after(operation::remove, row), changes, undo);
}

std::optional<refusal> memory_app::change_all(std::vector<row_change> const& wishes,
                                              std::vector<captured_row>& changes,
                                              undo_log& undo) {
  for (auto const& wish : wishes) {
    auto& table = tables_.at(wish.table);
    auto why = wish.op == operation::remove
                   ? drop(table, pick(wish.row, table.schema.key), changes, undo)
                   : put(table, wish.key, wish.row, changes, undo);
    if (why) return why;
  }
  return std::nullopt;
}

void memory_app::roll_back(undo_log& undo, std::size_t to) {
  while (undo.size() > to) {
    auto& step = undo.back();
    auto& rows = tables_.at(step.table).rows;
    if (step.row) {
      rows[step.key] = *step.row;
    } else {
      rows.erase(step.key);
    }
    undo.pop_back();
  }
}

result<source_position> memory_app::commit(std::vector<row_change> const& changes) {
  take_back_open_batch();
  captured_transaction transaction;
  undo_log undo;
  if (auto const why = change_all(changes, transaction.rows, undo)) {
    roll_back(undo, 0);
    return error{error_code::row_refused, why->text};
  }
  past_step step;
  step.rows = std::move(undo);
  append(std::move(transaction), std::move(step));
  return log_.back().position;
}

void memory_app::append(captured_transaction transaction, past_step step) {
  step.commits_before = log_.size();
  transaction.position = {incarnation_, log_.size() + 1};
  transaction.committed_at = time_.now();
  log_.push_back(std::move(transaction));
  remember(std::move(step));
}

void memory_app::remember(past_step step) {
  history_.push_back(std::move(step));
  if (options.synchronous) sync();
}

void memory_app::sync() {
  synced_ = history_.size();
}

// What is lost was given to nobody: its numbers are free again.
std::size_t memory_app::crash() {
  take_back_open_batch();
  auto const lost = unsynced();
  undo_to(synced_);
  close_connections();
  return lost;
}

void memory_app::restore_to(std::uint64_t commit) {
  take_back_open_batch();
  auto steps = history_.size();
  while (steps > 0 && history_[steps - 1].commits_before >= commit) --steps;
  undo_to(steps);
  kept_[incarnation_++] = log_.size();
  for (auto& one : kept_) one.second = std::min<std::uint64_t>(one.second, log_.size());
  for (auto& transaction : log_) transaction.position.incarnation = incarnation_;
  close_connections();
}

void memory_app::close_connections() {
  capturing_ = false;
  writing_ = false;
}

void memory_app::undo_to(std::size_t steps) {
  while (history_.size() > steps) {
    auto& step = history_.back();
    roll_back(step.rows, 0);
    log_.resize(step.commits_before);
    if (step.lane) {
      auto const& lane = *step.lane;
      if (step.lane_before) lanes_[lane] = *step.lane_before;
      if (!step.lane_before) lanes_.erase(lane);
      if (step.places_before) places_[{lane.log, lane.link, lane.way}] = *step.places_before;
    }
    history_.pop_back();
  }
  synced_ = std::min(synced_, history_.size());
}

source_position memory_app::end() const {
  return {incarnation_, log_.size()};
}

std::size_t memory_app::durable_commits() const {
  return synced_ == history_.size() ? log_.size() : history_[synced_].commits_before;
}

async<void> memory_app::check() {
  co_return result<void>{};
}

async<table_schema> memory_app::describe(std::string table) {
  auto const found = tables_.find(table);
  if (found == tables_.end()) co_return error{error_code::table_missing, table};
  co_return found->second.schema;
}

async<std::vector<std::string>> memory_app::referred_tables(std::string table) {
  std::vector<std::string> names;
  auto const found = tables_.find(table);
  if (found == tables_.end()) co_return error{error_code::table_missing, table};
  for (auto const& key : found->second.references) names.push_back(key.table);
  co_return names;
}

async<std::vector<obstacle>> memory_app::find_obstacles(table_use) {
  co_return std::vector<obstacle>{};
}

async<std::uint64_t> memory_app::count_rows(std::string table) {
  auto const found = tables_.find(table);
  if (found == tables_.end()) co_return error{error_code::table_missing, table};
  DW_CO_CHECK(co_await wait_for_open_batch());
  co_return found->second.rows.size();
}

async<source_position> memory_app::open_capture(std::vector<captured_table>,
                                                std::optional<source_progress> known) {
  sync();
  auto const at = known ? known->captured : end();
  if (known && !keeps_) co_return error{error_code::slot_lost, "its capture was ended"};
  kept_[incarnation_] = log_.size();
  auto const kept = kept_.find(at.incarnation);
  auto const had = known ? std::max(at.commit, known->read) : at.commit;
  if (kept == kept_.end() || had > kept->second) co_return error{error_code::source_rewound};
  read_ = at.commit;
  rows_read_ = 0;
  capturing_ = true;
  keeps_ = true;
  co_return source_position{incarnation_, at.commit};
}

async<void> memory_app::end_capture() {
  capturing_ = false;
  keeps_ = false;
  co_return result<void>{};
}

async<void> memory_app::detach(log_id log, std::vector<link_way> staying) {
  auto const goes = [&](log_id of, link_id link, direction way) {
    bool const stays = std::count(staying.begin(), staying.end(), link_way{link, way}) != 0;
    return of == log && !stays;
  };
  std::erase_if(
      lanes_, [&](auto const& one) { return goes(one.first.log, one.first.link, one.first.way); });
  std::erase_if(places_, [&](auto const& one) { return std::apply(goes, one.first); });
  co_return co_await end_capture();
}

async<std::vector<captured_transaction>> memory_app::next(std::size_t limit, duration patience) {
  if (capturing_ && read_ >= durable_commits()) {
    auto const until = time_.now() + patience;
    DW_CO_CHECK(co_await time_.sleep_until(until));
    sync();
  }
  if (!capturing_) co_return error{error_code::app_unreachable, "the connection was closed"};
  std::vector<captured_transaction> out;
  while (out.size() < limit && read_ < durable_commits()) out.push_back(next_part());
  co_return out;
}

captured_transaction memory_app::next_part() {
  auto const& whole = log_[read_];
  auto const count = options.part_rows == 0 ? whole.rows.size() : options.part_rows;
  captured_transaction part{whole.position, whole.committed_at, {}, whole.mark};
  part.begins = rows_read_ == 0;
  while (rows_read_ < whole.rows.size() && part.rows.size() < count)
    part.rows.push_back(whole.rows[rows_read_++]);
  part.ends = rows_read_ == whole.rows.size();
  if (!part.ends) return part;
  ++read_;
  rows_read_ = 0;
  return part;
}

async<void> memory_app::acknowledge(source_position) {
  co_return result<void>{};
}

async<chunk> memory_app::read_chunk(chunk_request request) {
  auto const found = tables_.find(request.table);
  if (found == tables_.end()) co_return error{error_code::table_missing, request.table};
  DW_CO_CHECK(co_await wait_for_open_batch());
  sync();
  auto out = chunk_of(found->second, request);
  out.snapshot = end();
  co_return out;
}

async<std::vector<row_values>> memory_app::split(split_request wish) {
  auto const found = tables_.find(wish.table);
  if (found == tables_.end()) co_return error{error_code::table_missing, wish.table};
  co_return split_keys(found->second, wish);
}

async<std::vector<lane_row>> memory_app::open_lanes(std::vector<lane_opening> lanes) {
  take_back_open_batch();
  writing_ = true;
  std::vector<lane_row> out;
  for (auto const& [lane, known] : lanes) {
    past_step step;
    step.commits_before = log_.size();
    step.lane = lane;
    if (auto const there = lanes_.find(lane); there != lanes_.end())
      step.lane_before = there->second;
    remember(std::move(step));
    auto& row = lanes_[lane];
    row.session = epoch{std::max(row.session, known).value + 1};
    auto& opened = out.emplace_back(row);
    for (auto const& [map, place] : places_[{lane.log, lane.link, lane.way}])
      opened.places.push_back(place);
  }
  co_return out;
}

void memory_app::store_lane(target_batch const& batch,
                            std::span<write_result const> results,
                            past_step& step) {
  auto& lane = lanes_[batch.lane];
  auto& places = places_[{batch.lane.log, batch.lane.link, batch.lane.way}];
  step.lane = batch.lane;
  step.lane_before = lane;
  step.places_before = places;
  lane.batch = batch.batch;
  lane.position = batch.position;
  lane.chain = batch.chain;
  lane.outcome = batch.outcome(results);
  for (auto const& place : batch.places) places[place.map] = place;
}

async<void> memory_app::wait_for_open_batch() {
  while (open_) {
    auto const until = time_.now() + std::chrono::microseconds(100);
    DW_CO_CHECK(co_await time_.sleep_until(until));
  }
  co_return result<void>{};
}

void memory_app::take_back_open_batch() {
  if (!open_) return;
  roll_back(open_->step.rows, 0);
  open_.reset();
}

async<void> memory_app::give_up(lane_key lane) {
  if (open_ && open_->lane == lane) take_back_open_batch();
  co_return result<void>{};
}

result<void> memory_app::check(target_batch const& batch) const {
  if (!writing_) return error{error_code::app_unreachable, "the connection was closed"};
  auto const lane = lanes_.find(batch.lane);
  bool const ours = lane != lanes_.end() && lane->second.session == batch.session &&
                    lane->second.batch == batch.previous;
  if (!ours) return error{error_code::lane_fenced};
  for (auto const& wish : batch.writes) {
    if (!tables_.contains(wish.table)) return error{error_code::table_missing, wish.table};
  }
  for (auto const& form : batch.tables) {
    if (fingerprint(tables_.at(form.table).schema) != form.fingerprint)
      return error{error_code::table_changed, form.table};
  }
  return {};
}

async<std::vector<write_result>> memory_app::apply(target_batch batch) {
  bool const is_next = open_ && open_->lane == batch.lane;
  if (batch.begins) {
    if (is_next) take_back_open_batch();
    DW_CO_CHECK(co_await wait_for_open_batch());
  } else if (!is_next) {
    co_return error{error_code::app_unreachable, "the batch's transaction was taken back"};
  }
  auto const checked = check(batch);
  if (!checked) {
    if (!batch.begins) take_back_open_batch();
    co_return checked.error();
  }
  if (batch.begins) open_.emplace(open_batch{batch.lane});
  auto results = write_all(batch, open_->changes, open_->step.rows);
  bool const ends = batch.ends;
  open_->parts.emplace_back(std::move(batch), results);
  if (!ends) co_return results;

  auto whole = *std::exchange(open_, std::nullopt);
  auto step = std::move(whole.step);
  captured_transaction transaction;
  transaction.rows = std::move(whole.changes);
  if (options.position_outside_transaction) {
    append(std::exchange(transaction, {}), std::exchange(step, {}));
    auto const until = time_.now() + std::chrono::microseconds(200);
    DW_CO_CHECK(co_await time_.sleep_until(until));
  }
  auto const& last = whole.parts.back().first;
  store_lane(last, results, step);
  transaction.mark = batch_mark{last.lane, last.session, last.batch};
  append(std::move(transaction), std::move(step));
  for (auto const& [part, its] : whole.parts) {
    if (written) written(part, its);
  }
  co_return results;
}

}  // namespace dualwrite::engine
