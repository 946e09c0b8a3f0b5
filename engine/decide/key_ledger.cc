#include "engine/decide/key_ledger.h"

#include <algorithm>
#include <utility>

#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

std::string row_name(std::string const& table, row_values const& key) {
  auto name = table;
  name.push_back('\0');
  return name + encode_row(key);
}

row_values pick(row_values const& row, std::vector<std::size_t> const& columns) {
  row_values values;
  for (auto const column : columns) {
    if (column < row.size()) values.push_back(row[column]);
  }
  return values;
}

// Whether the change leaves the row as the write wanted it. A column that the source does not send
// did not change.
bool repeats(target_write const& write, key_ledger::captured_change const& change) {
  if (write.kind == write_kind::remove) return change.op == operation::remove;
  if (change.op == operation::remove) return false;
  for (std::size_t i = 0; i < write.columns.size(); ++i) {
    auto const column = write.columns[i];
    if (column >= change.after.size()) return false;
    auto const& captured = change.after[column];
    if (!captured.is_unchanged() && captured != write.values[i]) return false;
  }
  return true;
}

}  // namespace

void key_ledger::hand(batch_id id, epoch session, std::vector<handed_write> writes) {
  auto const [found, fresh] = batches_.try_emplace(id);
  if (!fresh) unindex(id, found->second, std::nullopt);
  auto& batch = found->second;
  count_out(id, batch);
  batch = {};
  batch.session = session;
  batch.writes = std::move(writes);
  batch.matched.assign(batch.writes.size(), false);
  for (std::size_t i = 0; i < batch.writes.size(); ++i) {
    if (batch.writes[i].write == nullptr) continue;
    auto const& write = *batch.writes[i].write;
    batch.by_row.emplace(row_name(write.table, write.key), i);
    batch.row_keys[write.table].insert(write.key_columns);
  }
  batch.awaited = batch.writes.size();
  auto& count = loads_[static_cast<std::size_t>(id.way)];
  count.awaited += batch.awaited;
  count.not_back += batch.awaited;
  index(id, batch);
}

void key_ledger::count_out(batch_id id, handed_batch const& batch) {
  auto& count = loads_[static_cast<std::size_t>(id.way)];
  count.awaited -= batch.awaited;
  if (!batch.echo) count.not_back -= batch.awaited;
}

void key_ledger::index(batch_id id, handed_batch const& batch) {
  for (std::size_t i = 0; i < batch.writes.size(); ++i) {
    auto const& one = batch.writes[i];
    if (!one.by_key) continue;
    auto& keys = keys_[{one.map, id.way}];
    keys[one.key].push_back({id, i});
    if (!one.old_key.empty()) keys[one.old_key].push_back({id, i});
  }
}

void key_ledger::unindex(batch_id id, handed_batch const& batch, std::optional<map_id> map) {
  for (auto const& one : batch.writes) {
    if (!one.by_key || (map && one.map != *map)) continue;
    auto const keys = keys_.find({one.map, id.way});
    if (keys == keys_.end()) continue;
    for (auto const* key : {&one.key, &one.old_key}) {
      auto const places = keys->second.find(*key);
      if (places == keys->second.end()) continue;
      std::erase_if(places->second, [&](place const& at) { return at.batch == id; });
      if (places->second.empty()) keys->second.erase(places);
    }
  }
}

// Once it came back and no key of it can conflict any more there is nothing left to ask about it.
void key_ledger::erase_if_over(std::map<batch_id, handed_batch>::iterator batch) {
  auto const& writes = batch->second.writes;
  if (!batch->second.echo) return;
  if (std::any_of(writes.begin(), writes.end(), [](auto const& write) { return write.by_key; }))
    return;
  count_out(batch->first, batch->second);
  batches_.erase(batch);
}

void key_ledger::take_back(batch_id id) {
  auto const found = batches_.find(id);
  if (found == batches_.end()) return;
  unindex(id, found->second, std::nullopt);
  count_out(id, found->second);
  batches_.erase(found);
}

void key_ledger::came_back(batch_id id, source_position at) {
  auto const found = batches_.find(id);
  if (found == batches_.end()) return;
  auto& count = loads_[static_cast<std::size_t>(id.way)];
  if (!found->second.echo) count.not_back -= found->second.awaited;
  found->second.echo = at;
  erase_if_over(found);
}

void key_ledger::passed(batch_id id, map_id map) {
  auto const found = batches_.find(id);
  if (found == batches_.end()) return;
  auto& batch = found->second;
  unindex(id, batch, map);
  for (auto& write : batch.writes) {
    if (write.map == map) write.by_key = false;
  }
  erase_if_over(found);
}

void key_ledger::forget(map_id map) {
  for (auto batch = batches_.begin(); batch != batches_.end();) {
    auto const next = std::next(batch);
    auto& [id, handed] = *batch;
    std::size_t over = 0;
    for (auto& write : handed.writes) {
      if (write.map == map && !std::exchange(write.forgotten, true)) ++over;
    }
    auto& count = loads_[static_cast<std::size_t>(id.way)];
    count.awaited -= over;
    if (!handed.echo) count.not_back -= over;
    handed.awaited -= over;
    passed(id, map);
    batch = next;
  }
}

handed_write const* key_ledger::match_echo(batch_id id,
                                           epoch session,
                                           captured_change const& change) {
  auto const found = batches_.find(id);
  if (found == batches_.end() || found->second.session != session) return nullptr;
  auto& batch = found->second;
  auto const keys = batch.row_keys.find(change.table);
  if (keys == batch.row_keys.end()) return nullptr;
  auto const& row = change.op == operation::remove ? change.before : change.after;
  for (auto const& columns : keys->second) {
    auto const [first, last] = batch.by_row.equal_range(row_name(change.table, pick(row, columns)));
    for (auto at = first; at != last; ++at) {
      auto const i = at->second;
      if (batch.matched[i] || !repeats(*batch.writes[i].write, change)) continue;
      batch.matched[i] = true;
      batch.any_matched = true;
      batch.last_matched = i;
      return &batch.writes[i];
    }
  }
  return nullptr;
}

handed_write const* key_ledger::last_matched(batch_id id) const {
  auto const found = batches_.find(id);
  if (found == batches_.end() || found->second.writes.empty()) return nullptr;
  return &found->second.writes[found->second.any_matched ? found->second.last_matched : 0];
}

bool key_ledger::knows(batch_id id, epoch session) const {
  auto const found = batches_.find(id);
  return found != batches_.end() && found->second.session == session;
}

epoch key_ledger::session_of(batch_id id) const {
  auto const found = batches_.find(id);
  return found == batches_.end() ? epoch{} : found->second.session;
}

std::vector<key_ledger::place> const* key_ledger::places_of(map_id map,
                                                            direction way,
                                                            std::string const& key) const {
  auto const keys = keys_.find({map, way});
  if (keys == keys_.end()) return nullptr;
  auto const places = keys->second.find(key);
  return places == keys->second.end() ? nullptr : &places->second;
}

std::vector<handed_write const*> key_ledger::handed(map_id map,
                                                    direction way,
                                                    std::string const& key) const {
  std::vector<handed_write const*> out;
  auto const* places = places_of(map, way, key);
  if (places == nullptr) return out;
  for (auto const& where : *places) out.push_back(&batches_.at(where.batch).writes[where.index]);
  return out;
}

std::vector<handed_write const*> key_ledger::unseen(map_id map,
                                                    direction way,
                                                    std::string const& key,
                                                    source_position at) const {
  std::vector<handed_write const*> out;
  auto const* places = places_of(map, way, key);
  if (places == nullptr) return out;
  for (auto const& where : *places) {
    auto const& batch = batches_.at(where.batch);
    bool const seen =
        batch.echo && batch.echo->incarnation == at.incarnation && batch.echo->commit <= at.commit;
    if (!seen) out.push_back(&batch.writes[where.index]);
  }
  return out;
}

}  // namespace dualwrite::engine
