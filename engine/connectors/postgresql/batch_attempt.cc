#include "engine/connectors/postgresql/batch_attempt.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/connectors/postgresql/refusal.h"
#include "events/row_image.h"

namespace dualwrite::engine::postgresql {
namespace {

// The others of a source transaction that is delivered whole are refused for the sake of one.
void refuse_group(write_list const& writes,
                  std::size_t at,
                  write_result const& one,
                  results_by_place& refused) {
  for (std::size_t other = 0; other < writes.size(); ++other) {
    if (writes[other].group != writes[at].group || other == at) continue;
    auto& with = refused[other];
    with.effect = write_effect::refused;
    with.kind = one.kind;
    with.code = "TRANSACTION";
    with.text = "another row of the same source transaction was refused: " + one.text;
    with.for_group = true;
  }
  refused[at] = one;
}

std::string name_of_row(std::string const& table,
                        std::vector<std::size_t> const& columns,
                        row_values const& values) {
  std::string out = table;
  for (auto const column : columns) out += fmt::format(",{}", column);
  return out + ":" + encode_row(values);
}

}  // namespace

std::optional<write_result> batch_attempt::known(std::size_t at) const {
  if (auto const before = refused.find(at); before != refused.end()) return before->second;
  if (auto const early = ahead.find(at); early != ahead.end()) return early->second;
  auto const& behind = writes[at].behind;
  if (!behind || !holds_back(writes[*behind], results[*behind])) return std::nullopt;
  write_result held;
  held.effect = write_effect::held;
  return held;
}

void batch_attempt::keep(write_result one) {
  auto const at = next();
  if (one.effect == write_effect::refused && writes[at].whole_group && !refused.contains(at)) {
    refuse_group(writes, at, one, refused);
    is_over = true;
  }
  results.push_back(std::move(one));
}

std::size_t batch_attempt::place_of(target_write const& one) const {
  auto const found = std::find_if(
      writes.begin(), writes.end(), [&](target_write const& other) { return &other == &one; });
  return static_cast<std::size_t>(found - writes.begin());
}

std::vector<set_row*> batch_attempt::not_written_ahead(row_set::rows rows) const {
  if (ahead.empty()) return without_results(rows);
  for (auto* row : rows) {
    if (auto const early = ahead.find(place_of(*row->wish)); early != ahead.end())
      row->result = early->second;
  }
  return without_results(rows);
}

std::vector<std::size_t> const& batch_attempt::writes_of(referenced_row const& row) {
  if (by_row_.empty()) {
    for (std::size_t at = 0; at < writes.size(); ++at) {
      auto const& one = writes[at];
      auto const& key = one.old_key ? *one.old_key : one.key;
      by_row_[name_of_row(one.table, one.key_columns, key)].push_back(at);
    }
  }
  return by_row_[name_of_row(row.table, row.columns, row.values)];
}

bool batch_attempt::may_pass_in_its_turn(write_result const& one) {
  if (is_for_its_values(one.code)) return false;
  if (one.code != unique_violation || !one.taken_by) return true;
  auto const& its = writes_of(*one.taken_by);
  return !its.empty() && its.back() >= next();
}

}  // namespace dualwrite::engine::postgresql
