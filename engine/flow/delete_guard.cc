#include "engine/flow/delete_guard.h"

#include "engine/decide/delete_decider.h"

namespace dualwrite::engine {

std::map<map_id, delete_guard::share> delete_guard::deletes_in(planned_batch const& batch) const {
  auto const& decided = context_.views().mass_deletes;
  std::map<map_id, share> out;
  for (auto const& record : batch.records) {
    auto const& plan = record.plan;
    bool const removes = plan.what == fate::write && record.which == attempt::first &&
                         (plan.marks_removal || plan.write->kind == write_kind::remove);
    if (!removes || decided.choice_for({record.map, way_}, record.at) != delete_choice::none)
      continue;
    auto& mine = out[record.map];
    if (mine.deletes++ == 0) mine.first = record.at;
    mine.last = record.at;
  }
  return out;
}

std::uint64_t delete_guard::written_within(map_id map, duration span) {
  auto const found = written_.find(map);
  if (found == written_.end()) return 0;
  auto& before = found->second;
  while (!before.empty() && before.front().first + span <= context_.time.now()) before.pop_front();
  std::uint64_t sum = 0;
  for (auto const& [when, deletes] : before) sum += deletes;
  return sum;
}

async<bool> delete_guard::lets_pass(planned_batch const& batch) {
  std::vector<MassDeleteFound> found;
  auto const shares = deletes_in(batch);
  for (auto const& [map, mine] : shares) {
    DW_CO_TRY(auto one, co_await judge(map, mine));
    if (one) found.push_back(*one);
  }
  if (found.empty()) co_return true;
  decision told = [found](projections::views const& state) -> result<drafts> {
    return decide_mass_deletes(state, found);
  };
  DW_CO_CHECK(co_await context_.log.decide(std::move(told)));
  for (auto const& one : found) {
    written_.erase(one.map);
    sizes_.erase(one.map);
  }
  co_return false;
}

async<std::optional<MassDeleteFound>> delete_guard::judge(map_id map, share batch) {
  DW_CO_TRY(auto const compiled, context_.maps.get(context_.views(), map));
  auto const& limits = compiled->definition().delete_guard;
  if (!limits.any()) co_return std::optional<MassDeleteFound>{};
  auto const before = written_within(map, limits.within);
  auto const deletes = before + batch.deletes;
  std::optional<std::uint64_t> rows;
  auto limit = limit_passed(limits, deletes, rows);
  if (!limit && limits.share != 0) {
    auto const known = sizes_.find(map);
    bool const is_fresh =
        known != sizes_.end() && context_.time.now() < known->second.at + limits.within;
    if (is_fresh) rows = known->second.rows;
    if (!is_fresh || limit_passed(limits, deletes, rows)) {
      auto table = compiled->table(target_of(way_));
      auto& target = context_.source(target_of(way_));
      DW_CO_TRY(auto const now, co_await target.count_rows(std::move(table)));
      rows = now + before;
      sizes_[map] = {context_.time.now(), *rows};
    }
    limit = limit_passed(limits, deletes, rows);
  }
  if (!limit) co_return std::optional<MassDeleteFound>{};
  MassDeleteFound const found{
      map, way_, deletes, rows.value_or(0), *limit, batch.first, batch.last};
  co_return std::optional(found);
}

void delete_guard::wrote(planned_batch const& batch) {
  for (auto const& [map, mine] : deletes_in(batch))
    written_[map].emplace_back(context_.time.now(), mine.deletes);
}

}  // namespace dualwrite::engine
