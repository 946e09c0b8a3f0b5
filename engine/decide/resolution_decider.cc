// The winner of a conflict on its way back to its own side.
#include <algorithm>
#include <utility>

#include "engine/decide/delivery_decider.h"
#include "engine/decide/part_of_row.h"
#include "engine/decide/row_removal.h"

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
  return {};
}

// What it has given up.
void leave_out(map_resolution& resolution) {
  for (auto const column : resolution.given_up) {
    if (column < resolution.image.size()) resolution.image[column] = value::unchanged();
  }
}

// What is left of a resolution where later changes of its winner's side say a part of it.
struct remainder {
  delivery_context const& context;
  map_resolution& resolution;
  sequence by{};  // the last of them

  // That change where nothing is left; zero where something is.
  sequence find() {
    projections::map_way const of{resolution.map, resolution.way};
    if (auto const* before = context.views.conflicts.part(of, resolution.at)) give(*before);
    auto const in_batch = context.parts_in_batch.find(resolution.winner);
    if (in_batch != context.parts_in_batch.end()) give(in_batch->second);
    bool const is_all = !resolution.crosses && give_later();
    return by && (is_all || resolution.removes || is_empty()) ? by : sequence{};
  }

 private:
  bool give_later() {
    auto const back = opposite(resolution.way);
    for (auto const& other : context.ledger.handed(resolution.map, back, resolution.key)) {
      bool const is_later = other.made_on == source_of(back) && other.record > resolution.winner;
      if (!is_later) continue;
      auto const write =
          other.write == nullptr ? context.write_of(resolution.map, other.record) : other.write;
      if (give(write.get(), other.record)) return true;
    }
    auto const* parked = context.views.parked.chain({resolution.map, back}, resolution.key);
    for (auto const other : parked == nullptr ? std::set<sequence>{} : *parked) {
      if (other <= resolution.winner) continue;
      if (give(context.write_of(resolution.map, other).get(), other)) return true;
    }
    return false;
  }
  // Whether it says all of it.
  bool give(target_write const* other, sequence record) {
    by = record;
    auto const of = source_of(resolution.way);
    if (other == nullptr || is_removal(*other, context.map, of)) return true;
    projections::part_row part;
    part.by = record;
    for (auto const column : other->columns)
      part.columns.push_back(context.map.schema(of).columns[column].name);
    give(part);
    return false;
  }
  void give(projections::part_row const& part) {
    by = part.by;
    auto const columns = columns_left_out(context.map, resolution.way, part);
    resolution.given_up.insert(resolution.given_up.end(), columns.begin(), columns.end());
    leave_out(resolution);
  }
  bool is_empty() const {
    for (std::size_t column = 0; column < resolution.image.size(); ++column) {
      bool const is_key = context.map.is_key(target_of(resolution.way), column);
      if (!is_key && !resolution.image[column].is_unchanged()) return false;
    }
    return true;
  }
};

delivery_plan plan_write(delivery_context const& context, map_resolution const& resolution) {
  delivery_plan plan;
  plan.key = resolution.key;
  auto write = std::make_shared<target_write>();
  auto const target = target_of(resolution.way);
  write->table = context.map.table(target);
  write->key_columns = context.map.key_columns(target);
  auto const key_values = context.map.key_values(target, resolution.key);
  if (!key_values) {
    // The definition was changed since then.
    plan.what = fate::park;
    plan.fault = unmappable(key_values.error());
    return plan;
  }
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
    plan.whole_row = write->columns == context.map.columns_written(resolution.way);
    // A part makes no row; of what crosses the rest can be read.
    plan.may_miss = !plan.whole_row && !resolution.crosses;
    if (!plan.whole_row) write->kind = write_kind::update;
    clear_mark(*write, context.map, target);
  }
  plan.write = std::move(write);
  return plan;
}

// What is left of it goes to the row that is there; where there is none, it makes one.
delivery_plan write_left(delivery_context const& context,
                         map_resolution const& resolution,
                         map_resolution const& left) {
  auto plan = plan_write(context, left);
  if (!plan.whole_row && !resolution.crosses) {
    auto whole = plan_write(context, resolution);
    if (whole.whole_row) {
      whole.beside = std::exchange(plan.write, nullptr);
      whole.write->kind = write_kind::insert_if_absent;
      plan = std::move(whole);
    }
  }
  plan.left_out = left.given_up;
  return plan;
}

}  // namespace

delivery_plan plan_rewritten(delivery_context const& context, map_resolution const& resolution) {
  auto left = resolution;
  leave_out(left);
  return write_left(context, resolution, left);
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
  auto left = resolution;
  if (auto const by = remainder{context, left}.find()) {
    delivery_plan plan;
    plan.key = resolution.key;
    plan.what = fate::skip;
    plan.by = by;
    return plan;
  }
  auto plan = write_left(context, resolution, left);
  if (plan.what == fate::write && which == attempt::first &&
      context.views.parked.chain({resolution.map, resolution.way}, resolution.key) != nullptr) {
    bool const whole = plan.whole_row || plan.write->kind == write_kind::remove;
    plan.what = fate::park;
    plan.state = whole ? park_state::due : park_state::waiting;
  }
  return plan;
}

}  // namespace dualwrite::engine
