// How an application in memory writes the rows of a batch.
#include <utility>

#include "engine/connectors/memory/memory_app.h"
#include "engine/connectors/memory/memory_rules.h"

namespace dualwrite::engine {
namespace {

write_result refused(refusal why) {
  write_result out;
  out.effect = write_effect::refused;
  out.kind = fault_class::application;
  out.code = std::move(why.code);
  out.text = std::move(why.text);
  out.column = std::move(why.column);
  out.references = std::move(why.references);
  return out;
}

}  // namespace

write_result memory_app::write(target_write const& wish,
                               std::vector<captured_row>& changes,
                               undo_log& undo) {
  write_result out;
  auto& table = tables_.at(wish.table);
  auto const* there = wish.old_key ? find_row(table, wish.key_columns, *wish.old_key) : nullptr;
  if (there == nullptr) there = find_row(table, wish.key_columns, wish.key);
  auto const undo_mark = undo.size();
  auto const change_mark = changes.size();
  auto const finish = [&](std::optional<refusal> why, write_effect effect) {
    out.effect = effect;
    if (!why) return out;
    roll_back(undo, undo_mark);
    changes.resize(change_mark);
    auto const twin = why->twin;
    bool const is_foreign_key = why->code == "foreign_key";
    out = refused(std::move(*why));
    if (is_foreign_key && !out.references && may_be_referred_to(wish))
      out.kind = fault_class::dependency;
    if (twin)
      out.taken_by = referenced_row{wish.table, wish.key_columns, pick(*twin, wish.key_columns)};
    return out;
  };
  if (wish.kind == write_kind::remove) {
    if (there == nullptr) return out;
    auto const key = pick(*there, table.schema.key);
    return finish(drop(table, key, changes, undo), write_effect::removed);
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
  auto const effect = there == nullptr ? write_effect::inserted : write_effect::updated;
  auto const old_key =
      there == nullptr ? std::nullopt : std::optional(pick(*there, table.schema.key));
  return finish(put(table, old_key, std::move(row), changes, undo), effect);
}

// Nothing where a group was refused as a whole: all is to be taken back and tried without it.
std::optional<std::vector<write_result>> memory_app::try_all(target_batch const& batch,
                                                             known_results& known,
                                                             std::vector<captured_row>& changes,
                                                             undo_log& undo) {
  std::vector<write_result> results;
  for (std::size_t i = 0; i < batch.writes.size(); ++i) {
    auto const& wish = batch.writes[i];
    if (auto const found = known.find(i); found != known.end()) {
      results.push_back(found->second);
      continue;
    }
    if (wish.behind && holds_back(batch.writes[*wish.behind], results[*wish.behind])) {
      results.emplace_back().effect = write_effect::held;
      continue;
    }
    auto one = write(wish, changes, undo);
    if (one.effect == write_effect::refused && wish.whole_group) {
      for (std::size_t other = 0; other < batch.writes.size(); ++other) {
        if (batch.writes[other].group != wish.group) continue;
        known[other] = refused(
            {"transaction", "another row of the same source transaction was refused: " + one.text});
        known[other].for_group = true;
      }
      known[i] = std::move(one);
      return std::nullopt;
    }
    results.push_back(std::move(one));
  }
  return results;
}

std::vector<write_result> memory_app::write_all(target_batch const& batch,
                                                std::vector<captured_row>& changes,
                                                undo_log& undo) {
  known_results known;
  auto const undo_mark = undo.size();
  auto const change_mark = changes.size();
  while (true) {
    if (auto results = try_all(batch, known, changes, undo)) return std::move(*results);
    roll_back(undo, undo_mark);
    changes.resize(change_mark);
  }
}

}  // namespace dualwrite::engine
