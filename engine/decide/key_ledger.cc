#include "engine/decide/key_ledger.h"

#include <algorithm>
#include <utility>

#include "events/assert.h"
#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

std::size_t hash_of(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

std::size_t hash_of_row(std::string const& table, std::string_view key) {
  return hash_of(table) * 31 + hash_of(key);
}

row_values pick(row_values const& row, std::vector<std::size_t> const& columns) {
  row_values values;
  for (auto const column : columns) {
    if (column < row.size()) values.push_back(row[column]);
  }
  return values;
}

// What a row is found by: 1.50 and 1.5 are one key.
std::string name_by(row_values key) {
  for (auto& one : key) {
    if (one.type() == value_type::decimal) one = value::of_decimal(one.as_decimal().normalized());
  }
  return encode_row(key);
}

}  // namespace

void key_ledger::hand(batch_id id, epoch session, std::vector<handed_write> const& writes) {
  take_back(id);
  auto& batch = batches_[id];
  batch.session = session;
  add(id, batch, writes);
}

void key_ledger::hand_more(batch_id id, std::vector<handed_write> const& writes) {
  if (auto const found = batches_.find(id); found != batches_.end()) add(id, found->second, writes);
}

void key_ledger::hand_over(batch_id id, epoch session) {
  if (knows_batch(id)) batches_.at(id).session = session;
}

void key_ledger::add(batch_id id, handed_batch& batch, std::vector<handed_write> const& writes) {
  std::size_t bytes = 0;
  for (auto const& one : writes) {
    auto const at = static_cast<std::uint32_t>(batch.writes.size());
    auto const& kept = batch.writes.emplace_back(keep(batch, one));
    bytes += size_of(kept);
    if (kept.shape != parked)
      batch.by_row.emplace(hash_of_row(batch.shapes[kept.shape].table, kept.target_key), at);
    if (!kept.by_key) continue;
    auto& keys = keys_[{kept.map, id.way}];
    keys.emplace(hash_of(kept.key), place{id, at});
    if (!kept.old_key.empty()) keys.emplace(hash_of(kept.old_key), place{id, at});
  }
  auto const more = writes.size();
  batch.awaited += more;
  auto& count = loads_[static_cast<std::size_t>(id.way)];
  count.awaited += more;
  batch.bytes += bytes;
  if (batch.echo) return;
  count.not_back += more;
  count.bytes_not_back += bytes;
}

std::size_t key_ledger::size_of(kept_write const& write) {
  return write.key.size() + write.old_key.size() + write.target_key.size() + write.values.size();
}

std::uint32_t key_ledger::shape_of(handed_batch& batch, target_write const& write) {
  auto const same = std::find_if(batch.shapes.begin(), batch.shapes.end(), [&](shape const& one) {
    return one.kind == write.kind && one.table == write.table && one.columns == write.columns &&
           one.key_columns == write.key_columns;
  });
  if (same != batch.shapes.end()) return static_cast<std::uint32_t>(same - batch.shapes.begin());
  shape fresh;
  fresh.kind = write.kind;
  fresh.table = write.table;
  fresh.columns = write.columns;
  fresh.key_columns = write.key_columns;
  batch.shapes.push_back(std::move(fresh));
  return static_cast<std::uint32_t>(batch.shapes.size() - 1);
}

key_ledger::kept_write key_ledger::keep(handed_batch& batch, handed_write const& write) {
  kept_write out{write.map, write.record, write.committed_at, write.depth, parked, write.made_on};
  out.by_key = write.by_key;
  out.forgotten = write.forgotten;
  out.key = write.key;
  out.old_key = write.old_key;
  if (write.write == nullptr) return out;
  out.shape = shape_of(batch, *write.write);
  out.target_key = name_by(write.write->key);
  out.values = encode_row(write.write->values);
  return out;
}

handed_write key_ledger::unpack(handed_batch const& batch, kept_write const& kept) {
  handed_write out;
  out.map = kept.map;
  out.key = kept.key;
  out.old_key = kept.old_key;
  out.record = kept.record;
  out.made_on = kept.made_on;
  out.committed_at = kept.committed_at;
  out.depth = kept.depth;
  out.by_key = kept.by_key;
  out.forgotten = kept.forgotten;
  if (kept.shape == parked || kept.refused) return out;
  auto write = std::make_shared<target_write>(batch.shapes[kept.shape]);
  auto key = decode_row(kept.target_key);
  auto values = decode_row(kept.values);
  DW_ASSERT(key && values);
  write->key = std::move(*key);
  write->values = std::move(*values);
  out.write = std::move(write);
  return out;
}

void key_ledger::count_out(batch_id id, handed_batch const& batch) {
  auto& count = loads_[static_cast<std::size_t>(id.way)];
  count.awaited -= batch.awaited;
  if (batch.echo) return;
  count.not_back -= batch.awaited;
  count.bytes_not_back -= batch.bytes;
}

void key_ledger::unindex(batch_id id, handed_batch const& batch, std::optional<map_id> map) {
  for (auto const& one : batch.writes) {
    if (!one.by_key || (map && one.map != *map)) continue;
    auto const keys = keys_.find({one.map, id.way});
    if (keys == keys_.end()) continue;
    for (auto const* key : {&one.key, &one.old_key}) {
      auto const [first, last] = keys->second.equal_range(hash_of(*key));
      for (auto at = first; at != last;)
        at = at->second.batch == id ? keys->second.erase(at) : std::next(at);
    }
  }
}

// Once it came back and no key of it can conflict any more there is nothing left to ask about it.
void key_ledger::erase_if_over(std::map<batch_id, handed_batch>::iterator batch) {
  auto const& writes = batch->second.writes;
  auto const may_meet = [](kept_write const& write) { return write.by_key; };
  if (!batch->second.echo || std::any_of(writes.begin(), writes.end(), may_meet)) return;
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

void key_ledger::refuse(batch_id id, records const& refused) {
  auto const found = batches_.find(id);
  if (found == batches_.end() || refused.empty()) return;
  for (auto& write : found->second.writes)
    write.refused = write.refused || refused.contains({write.map, write.record});
}

void key_ledger::came_back(batch_id id, source_position at) {
  auto const found = batches_.find(id);
  if (found == batches_.end()) return;
  auto& count = loads_[static_cast<std::size_t>(id.way)];
  if (!found->second.echo) {
    count.not_back -= found->second.awaited;
    count.bytes_not_back -= found->second.bytes;
  }
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
    std::size_t over = 0, bytes = 0;
    for (auto& write : handed.writes) {
      if (write.map != map || std::exchange(write.forgotten, true)) continue;
      ++over;
      bytes += size_of(write);
    }
    auto& count = loads_[static_cast<std::size_t>(id.way)];
    count.awaited -= over;
    if (!handed.echo) {
      count.not_back -= over;
      count.bytes_not_back -= bytes;
    }
    handed.awaited -= over;
    handed.bytes -= bytes;
    passed(id, map);
    batch = next;
  }
}

std::vector<std::uint32_t> key_ledger::writes_to(handed_batch const& batch,
                                                 std::string const& table,
                                                 row_values const& row) {
  std::vector<std::uint32_t> out;
  std::vector<std::vector<std::size_t> const*> tried;
  for (auto const& one : batch.shapes) {
    auto const is_tried = [&](auto const* columns) { return *columns == one.key_columns; };
    if (one.table != table || std::any_of(tried.begin(), tried.end(), is_tried)) continue;
    tried.push_back(&one.key_columns);
    auto const key = name_by(pick(row, one.key_columns));
    auto const [first, last] = batch.by_row.equal_range(hash_of_row(table, key));
    for (auto at = first; at != last; ++at) {
      auto const& kept = batch.writes[at->second];
      bool const is_its = batch.shapes[kept.shape].table == table && kept.target_key == key;
      if (is_its && !kept.refused) out.push_back(at->second);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

sequence key_ledger::last_matched(batch_id id) const {
  auto const found = batches_.find(id);
  bool const is_any = found != batches_.end() && !found->second.writes.empty();
  return is_any ? found->second.writes[found->second.last_matched.value_or(0)].record : sequence{};
}

bool key_ledger::knows(batch_id id, epoch session) const {
  return knows_batch(id) && session_of(id) == session;
}

epoch key_ledger::session_of(batch_id id) const {
  auto const found = batches_.find(id);
  return found == batches_.end() ? epoch{} : found->second.session;
}

// In the order of their records.
std::vector<key_ledger::found_write> key_ledger::find(map_id map,
                                                      direction way,
                                                      std::string const& key) const {
  std::vector<found_write> out;
  auto const keys = keys_.find({map, way});
  if (keys == keys_.end()) return out;
  auto const [first, last] = keys->second.equal_range(hash_of(key));
  for (auto at = first; at != last; ++at) {
    auto const& batch = batches_.at(at->second.batch);
    auto const& kept = batch.writes[at->second.index];
    if (kept.key == key || kept.old_key == key) out.push_back({&batch, &kept});
  }
  std::stable_sort(out.begin(), out.end(), [](auto const& a, auto const& b) {
    return a.write->record < b.write->record;
  });
  return out;
}

std::vector<handed_write> key_ledger::handed(map_id map,
                                             direction way,
                                             std::string const& key) const {
  std::vector<handed_write> out;
  for (auto const& [batch, write] : find(map, way, key)) out.push_back(unpack(*batch, *write));
  return out;
}

std::vector<handed_write> key_ledger::unseen(map_id map,
                                             direction way,
                                             std::string const& key,
                                             source_position at,
                                             choice const& is_wanted) const {
  std::vector<handed_write> out;
  auto const found = find(map, way, key);
  for (auto one = found.rbegin(); one != found.rend(); ++one) {
    auto const& [batch, write] = *one;
    bool const seen = batch->echo && batch->echo->incarnation == at.incarnation &&
                      batch->echo->commit <= at.commit;
    if (seen) continue;
    bool const is_none = write->shape == parked || write->refused;
    auto const* common = is_none ? nullptr : &batch->shapes[write->shape];
    if (is_wanted({write->record, write->made_on, !write->old_key.empty(), common}))
      out.push_back(unpack(*batch, *write));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace dualwrite::engine
