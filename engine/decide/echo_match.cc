// How a change that came back is told from what our batch wrote: it is the same, or rules of the
// app made it of that.
#include <algorithm>

#include "engine/decide/key_ledger.h"
#include "engine/mapping/json_text.h"
#include "events/assert.h"
#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

// Whether the change leaves the row as the write wanted it. A column that the source does not send
// did not change.
bool repeats(target_write const& shape,
             std::string_view values,
             key_ledger::captured_change const& change) {
  if (shape.kind == write_kind::remove) return change.op == operation::remove;
  if (change.op == operation::remove) return false;
  auto const wanted = decode_row(values);
  DW_ASSERT(wanted && wanted->size() == shape.columns.size());
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    auto const column = shape.columns[i];
    if (column >= change.after.size()) return false;
    auto const& captured = change.after[column];
    if (!captured.is_unchanged() && !is_same_document(captured, (*wanted)[i])) return false;
  }
  return true;
}

// By the columns of its table, which has so many.
key_ledger::written_row unpack_row(target_write const& shape,
                                   std::string_view values,
                                   std::size_t columns) {
  auto const decoded = decode_row(values);
  DW_ASSERT(decoded && decoded->size() == shape.columns.size());
  key_ledger::written_row out{row_values(columns, value::unchanged()), std::vector<bool>(columns)};
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    if (shape.columns[i] >= columns) continue;
    out.values[shape.columns[i]] = (*decoded)[i];
    out.wrote[shape.columns[i]] = true;
  }
  return out;
}

// What the write left alone is as it was before, as far as that is told.
std::size_t count_differences(target_write const& shape,
                              std::string_view values,
                              key_ledger::captured_change const& change) {
  auto const written = unpack_row(shape, values, change.after.size());
  std::size_t out = 0;
  for (std::size_t column = 0; column < change.after.size(); ++column) {
    auto const& now = change.after[column];
    bool const is_kept = !written.wrote[column] && column < change.before.size();
    auto const& was = is_kept ? change.before[column] : written.values[column];
    if (!now.is_unchanged() && !is_same_document(was, now)) ++out;
  }
  return out;
}

}  // namespace

key_ledger::kept_write* key_ledger::nearest(handed_batch& batch, captured_change const& change) {
  bool const removes = change.op == operation::remove;
  auto const all = writes_to(batch, change.table, removes ? change.before : change.after);
  std::size_t widest = 0;
  for (auto const& one : batch.shapes) {
    if (one.table == change.table) widest = std::max(widest, one.columns.size());
  }
  kept_write *out = nullptr, *last_told = nullptr;
  std::size_t least = 0;
  bool is_exact = false;
  auto const look = [&](kept_write& kept) {
    auto const& its = batch.shapes[kept.shape];
    // What only fills a gap has left a row alone that was there.
    bool const is_left = its.kind == write_kind::insert_if_absent &&
                         change.op == operation::update && !repeats(its, kept.values, change);
    if ((its.kind == write_kind::remove) != removes || is_left) return;
    bool const is_one = removes || all.size() == 1;
    auto const differences = is_one ? 0 : count_differences(its, kept.values, change);
    if (out != nullptr && differences >= least) return;
    out = &kept;
    least = differences;
    // No other can tell more: a row may have been written a thousand times.
    is_exact = !is_one && its.columns.size() == widest && repeats(its, kept.values, change);
  };
  for (auto const at : all) {
    if (is_exact) return out;
    auto& kept = batch.writes[at];
    if (kept.matched || kept.altered)
      last_told = &kept;
    else
      look(kept);
  }
  if (last_told != nullptr && !is_exact) look(*last_told);
  return out;
}

std::optional<key_ledger::repeated_write> key_ledger::match_echo(batch_id id,
                                                                 epoch session,
                                                                 captured_change const& change) {
  auto const found = batches_.find(id);
  if (found == batches_.end() || found->second.session != session) return std::nullopt;
  auto& batch = found->second;
  auto* kept = nearest(batch, change);
  if (kept == nullptr || kept->matched) return std::nullopt;
  auto const& its = batch.shapes[kept->shape];
  if (!repeats(its, kept->values, change)) return std::nullopt;
  kept->matched = true;
  batch.last_matched = kept - batch.writes.data();
  return repeated_write{kept->map, &its};
}

std::optional<key_ledger::written_row> key_ledger::match_altered(batch_id id,
                                                                 captured_change const& change) {
  auto const found = batches_.find(id);
  auto* kept = found == batches_.end() ? nullptr : nearest(found->second, change);
  if (kept == nullptr) return std::nullopt;
  kept->altered = true;
  found->second.last_matched = kept - found->second.writes.data();
  return unpack_row(found->second.shapes[kept->shape], kept->values, change.after.size());
}

}  // namespace dualwrite::engine
