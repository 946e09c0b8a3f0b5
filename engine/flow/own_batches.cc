// Batches of ours as they come back through the capture of their target.
#include "engine/flow/capture_runner.h"
#include "events/row_image.h"

namespace dualwrite::engine {

// A row that our batch did not write, or that is not as it wrote it, is a change by the app's own
// rules; unless the same transaction then writes the row as we wanted it: only how it is left
// counts.
result<void> capture_runner::take_ours(captured_row row, batch_id batch) {
  auto const table = tables_.find(row.table);
  if (table == tables_.end()) return {};
  auto const& its = table->second;
  DW_TRY(auto const before,
         row.before.empty() ? result<row_values>(row_values{}) : decode_row(row.before));
  DW_TRY(auto const after,
         row.after.empty() ? result<row_values>(row_values{}) : decode_row(row.after));
  auto name = name_of_row(row.table, its.key, row.op == operation::remove ? before : after);
  auto& ledger = context_.ledger;
  auto& derived = open_->derived;
  bool const has_one_map = its.maps.size() == 1;
  bool is_change = true;
  key_ledger::captured_change const change{row.table, row.op, before, after};
  if (auto const echoed = ledger.match_echo(batch, ledger.session_of(batch), change)) {
    ++open_->echoed;
    auto const again = derived.drop(name);
    if (!has_one_map) tell_other_maps(row, before, after, *echoed, ledger.last_matched(batch));
    auto const& written = echoed->shape->columns;
    is_change = has_one_map && row.op != operation::remove && written.size() < its.read.size() &&
                take_what_was_added(row, before, after, written, again, its);
  } else if (row.op != operation::remove) {
    // To several maps each change says all of the row.
    auto written = has_one_map ? ledger.match_altered(batch, change) : std::nullopt;
    if (!written) {
      if (row.op == operation::update) forget_before(row, before, keys_of(its));
    } else {
      auto const again = derived.drop(name);
      is_change = take_what_rules_changed(row, before, after, std::move(*written), again, its);
      if (!is_change) ++open_->echoed;
    }
  }
  if (is_change) derived.add(std::move(name), std::move(row), ledger.last_matched(batch));
  return {};
}

// What one map wrote is news for those that lead to other tables; to the same table the change it
// came from led them as well.
void capture_runner::tell_other_maps(captured_row const& row,
                                     row_values const& before,
                                     row_values const& after,
                                     key_ledger::repeated_write const& echoed,
                                     sequence cause) {
  auto const writer = context_.maps.fitting(context_.views(), echoed.map);
  for (auto const map : tables_.at(row.table).maps) {
    auto const other = context_.maps.fitting(context_.views(), map);
    if (map == echoed.map || !writer || !other) continue;
    if (other->table(opposite(side_)) == writer->table(opposite(side_))) continue;
    auto const& key = other->key_columns(side_);
    add(part_written(row, before, after, echoed.shape->columns, key), cause, map);
  }
}

// Of all its maps.
std::set<std::size_t> capture_runner::keys_of(wanted_table const& table) const {
  std::set<std::size_t> out(table.key.begin(), table.key.end());
  for (auto const map : table.maps) {
    auto const compiled = context_.maps.fitting(context_.views(), map);
    if (!compiled) continue;
    auto const& key = compiled->key_columns(side_);
    out.insert(key.begin(), key.end());
  }
  return out;
}

}  // namespace dualwrite::engine
