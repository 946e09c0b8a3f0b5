#include "engine/connectors/memory/memory_app.h"

#include <algorithm>

#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

row_values pick(row_values const& row, std::vector<std::size_t> const& columns) {
  row_values out;
  for (auto const column : columns) out.push_back(row[column]);
  return out;
}

}  // namespace

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
    change.before = encode_row(before->second);
    undo.push_back({table.schema.table, from, before->second});
    table.rows.erase(before);
  }
  auto const there = table.rows.find(key);
  undo.push_back({table.schema.table, key, there == table.rows.end() ? std::nullopt : std::optional(there->second)});
  if (there != table.rows.end()) return refusal{"unique", "duplicate key"};
  table.rows[key] = std::move(row);
  changes.push_back(std::move(change));
  return std::nullopt;
}

void memory_app::drop(memory_table& table,
                      row_values const& key,
                      std::vector<captured_row>& changes,
                      undo_log& undo) {
  auto const found = table.rows.find(key);
  if (found == table.rows.end()) return;
  changes.push_back({table.schema.table, operation::remove, encode_row(found->second), {}});
  undo.push_back({table.schema.table, key, found->second});
  table.rows.erase(found);
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
  captured_transaction transaction;
  undo_log undo;
  for (auto const& change : changes) {
    auto& table = tables_.at(change.table);
    if (change.op == operation::remove) {
      drop(table, pick(change.row, table.schema.key), transaction.rows, undo);
      continue;
    }
    if (auto const why = put(table, change.key, change.row, transaction.rows, undo)) {
      roll_back(undo, 0);
      return error{error_code::row_refused, why->text};
    }
  }
  transaction.position = {1, log_.size() + 1};
  transaction.committed_at = time_.now();
  log_.push_back(std::move(transaction));
  return log_.back().position;
}

async<table_schema> memory_app::describe(std::string table) {
  auto const found = tables_.find(table);
  if (found == tables_.end()) co_return error{error_code::table_missing, table};
  co_return found->second.schema;
}

async<source_position> memory_app::open_capture(std::vector<std::string>, std::optional<source_position> after) {
  auto const at = after ? after->commit : log_.size();
  if (at > log_.size()) co_return error{error_code::source_rewound};
  read_ = at;
  co_return source_position{1, at};
}

async<std::vector<captured_transaction>> memory_app::next(std::size_t limit, duration patience) {
  if (read_ == log_.size()) {
    auto const until = time_.now() + patience;
    DW_CO_CHECK(co_await time_.sleep_until(until));
  }
  auto const end = std::min(log_.size(), read_ + limit);
  std::vector<captured_transaction> out(log_.begin() + static_cast<std::ptrdiff_t>(read_),
                                        log_.begin() + static_cast<std::ptrdiff_t>(end));
  read_ = end;
  co_return out;
}

async<void> memory_app::acknowledge(source_position) { co_return result<void>{}; }

async<source_position> memory_app::head() { co_return source_position{1, log_.size()}; }

async<chunk> memory_app::read_chunk(chunk_request request) {
  auto const found = tables_.find(request.table);
  if (found == tables_.end()) co_return error{error_code::table_missing, request.table};
  chunk out;
  out.snapshot = {1, log_.size()};
  std::map<row_values, row_values const*> ordered;
  for (auto const& [key, row] : found->second.rows) ordered[pick(row, request.key)] = &row;
  for (auto const& [key, row] : ordered) {
    if (out.rows.size() == request.limit) break;
    if ((request.after && key <= *request.after) || (request.only && key != *request.only)) continue;
    out.rows.push_back(*row);
  }
  co_return out;
}

async<lane_row> memory_app::open_lane(lane_key lane, epoch known) {
  auto& row = lanes_[lane];
  row.session = epoch{std::max(row.session, known).value + 1};
  auto out = row;
  for (auto const& [map, place] : places_[{lane.log, lane.link, lane.way}]) out.places.push_back(place);
  co_return out;
}

row_values const* memory_app::find(memory_table const& table,
                                   std::vector<std::size_t> const& columns,
                                   row_values const& key) const {
  if (columns == table.schema.key) {
    auto const found = table.rows.find(key);
    return found == table.rows.end() ? nullptr : &found->second;
  }
  for (auto const& [own_key, row] : table.rows) {
    if (pick(row, columns) == key) return &row;
  }
  return nullptr;
}

write_result memory_app::write(target_write const& wish, std::vector<captured_row>& changes, undo_log& undo) {
  write_result out;
  auto& table = tables_.at(wish.table);
  auto const* there = wish.old_key ? find(table, wish.key_columns, *wish.old_key) : nullptr;
  if (there == nullptr) there = find(table, wish.key_columns, wish.key);
  if (wish.kind == write_kind::remove) {
    if (there == nullptr) return out;
    auto const key = pick(*there, table.schema.key);
    drop(table, key, changes, undo);
    out.effect = write_effect::removed;
    return out;
  }
  if (there == nullptr && wish.kind == write_kind::update) {
    out.effect = write_effect::missing;
    return out;
  }
  auto row = there == nullptr ? row_values(table.schema.columns.size()) : *there;
  for (std::size_t i = 0; i < wish.columns.size(); ++i) row[wish.columns[i]] = wish.values[i];
  if (there != nullptr && row == *there) return out;
  if (there != nullptr && wish.kind == write_kind::insert_if_absent) {
    out.effect = write_effect::kept;
    return out;
  }
  out.effect = there == nullptr ? write_effect::inserted : write_effect::updated;
  auto const old_key = there == nullptr ? std::nullopt : std::optional(pick(*there, table.schema.key));
  auto const mark = undo.size();
  if (auto const why = put(table, old_key, std::move(row), changes, undo)) {
    roll_back(undo, mark);
    out.effect = write_effect::refused;
    out.kind = fault_class::application;
    out.code = why->code;
    out.text = why->text;
  }
  return out;
}

async<std::vector<write_result>> memory_app::apply(target_batch const& batch) {
  auto& lane = lanes_[batch.lane];
  if (lane.session != batch.session || lane.batch != batch.previous) co_return error{error_code::lane_fenced};
  captured_transaction transaction;
  std::vector<write_result> results;
  undo_log undo;
  for (auto const& wish : batch.writes) {
    if (wish.behind) {
      auto const before = results[*wish.behind].effect;
      if (before == write_effect::refused || before == write_effect::held) {
        results.emplace_back().effect = write_effect::held;
        continue;
      }
    }
    results.push_back(write(wish, transaction.rows, undo));
  }
  lane.batch = batch.batch;
  lane.position = batch.position;
  lane.outcome = batch.outcome(results);
  auto& places = places_[{batch.lane.log, batch.lane.link, batch.lane.way}];
  for (auto const& place : batch.places) places[place.map] = place;
  transaction.mark = batch_mark{batch.lane, batch.session, batch.batch};
  transaction.position = {1, log_.size() + 1};
  transaction.committed_at = time_.now();
  log_.push_back(std::move(transaction));
  co_return results;
}

}  // namespace dualwrite::engine
