// The winner of a conflict on its way back to its own side.
#include "engine/decide/delivery_decider.h"
#include "engine/decide/row_removal.h"
#include "events/assert.h"

namespace dualwrite::engine {
namespace {

// The later change that a resolution must not be written over; zero where there is none.
sequence beaten_by(delivery_context const& context, map_resolution const& resolution) {
  auto const known = context.views.conflicts.resolutions.find(resolution.at);
  if (known != context.views.conflicts.resolutions.end() && known->second.beaten_by)
    return known->second.beaten_by;
  projections::map_way const of{resolution.map, resolution.way};
  if (auto const* before = context.views.conflicts.decision(of, resolution.at)) return before->by;
  auto const in_batch = context.beaten_in_batch.find(resolution.winner);
  if (in_batch != context.beaten_in_batch.end()) return in_batch->second;
  if (resolution.crosses) {
    // Changes of the side that it goes to have met it; of its own side a later one may be parked.
    auto const* own = context.views.parked.chain(of, resolution.key);
    for (auto const other : own == nullptr ? std::set<sequence>{} : *own) {
      if (other > resolution.winner && other != resolution.at) return other;
    }
    return {};
  }
  auto const back = opposite(resolution.way);
  for (auto const& other : context.ledger.handed(resolution.map, back, resolution.key)) {
    if (other.made_on == source_of(back) && other.record > resolution.winner) return other.record;
  }
  auto const* parked = context.views.parked.chain({resolution.map, back}, resolution.key);
  if (parked != nullptr && *parked->rbegin() > resolution.winner) return *parked->rbegin();
  return {};
}

}  // namespace

delivery_plan plan_rewritten(delivery_context const& context, map_resolution const& resolution) {
  delivery_plan plan;
  plan.key = resolution.key;
  auto write = std::make_shared<target_write>();
  auto const target = target_of(resolution.way);
  write->table = context.map.table(target);
  write->key_columns = context.map.key_columns(target);
  auto const key_values = context.map.key_values(target, resolution.key);
  DW_ASSERT(key_values.has_value());
  write->key = *key_values;
  write->kind = write_kind::upsert;
  if (resolution.removes) {
    plan_removal(plan, *write, context.map, target);
  } else {
    for (auto const column : context.map.columns_written(resolution.way)) {
      if (column >= resolution.image.size() || resolution.image[column].is_unchanged()) continue;
      write->columns.push_back(column);
      write->values.push_back(resolution.image[column]);
    }
    clear_mark(*write, context.map, target);
  }
  plan.write = std::move(write);
  return plan;
}

delivery_plan plan_resolution(delivery_context const& context,
                              map_resolution const& resolution,
                              attempt which) {
  projections::map_way const of{resolution.map, resolution.way};
  if (context.views.drift.was_given_up(of, resolution.at)) {
    delivery_plan plan;
    plan.key = resolution.key;
    plan.what = fate::forgotten;
    return plan;
  }
  if (auto const by = beaten_by(context, resolution)) {
    delivery_plan plan;
    plan.key = resolution.key;
    plan.what = fate::skip;
    plan.by = by;
    return plan;
  }
  if (resolution.is_unknown) {
    delivery_plan plan;
    plan.key = resolution.key;
    plan.what = fate::park;
    plan.fault.effect = write_effect::refused;
    plan.fault.kind = fault_class::conflict;
    plan.fault.code = "undo_unknown";
    plan.fault.text = "The row as it was before the change that lost is not known.";
    return plan;
  }
  auto plan = plan_rewritten(context, resolution);
  if (which == attempt::first &&
      context.views.parked.chain({resolution.map, resolution.way}, resolution.key) != nullptr) {
    plan.what = fate::park;
    plan.state = park_state::due;
  }
  return plan;
}

}  // namespace dualwrite::engine
