#include "engine/flow/circle_batch.h"

#include <algorithm>

#include "engine/flow/second_pass.h"

namespace dualwrite::engine {
namespace {

// The records of a circle stand in the batch one after another; they are given their writes anew.
result<void> arrange(link_context& context,
                     direction way,
                     reference_circle const& circle,
                     std::uint32_t group,
                     std::span<planned_record> records,
                     std::vector<target_write>& writes) {
  std::vector<std::shared_ptr<compiled_map const>> maps;
  std::vector<circle_row> rows;
  for (std::size_t i = 0; i < circle.size(); ++i) {
    DW_TRY(auto const compiled, context.maps.get(context.views(), circle[i].map));
    circle_row row{*records[i].plan.write, &compiled->schema(target_of(way)), {}};
    row.write.behind.reset();
    for (std::size_t other = 0; other < circle.size(); ++other) {
      if (circle[i].refers_to.contains(circle[other].record)) row.refers_to.insert(other);
    }
    rows.push_back(std::move(row));
    maps.push_back(compiled);
  }
  auto const places = write_circle(rows, group, writes);
  for (std::size_t i = 0; i < circle.size(); ++i) {
    auto& record = records[i];
    record.write = places[i].last;
    record.first_write = places[i].first;
    auto const& now = *context.views().parked.find({record.map, way}, record.at);
    record.waits_for = now.waits_for;
    auto& fault = record.plan.fault;
    fault.kind = now.kind;
    fault.code = now.code;
    fault.text = now.text;
    fault.column = now.column;
  }
  return {};
}

void write_alone(std::span<planned_record> records,
                 std::uint32_t group,
                 std::vector<target_write>& writes) {
  for (auto& record : records) {
    if (record.plan.what != fate::write) continue;
    auto const add = [&](target_write one) {
      one.group = group;
      one.behind.reset();
      writes.push_back(std::move(one));
      return writes.size() - 1;
    };
    if (record.plan.beside != nullptr) record.first_write = add(*record.plan.beside);
    record.write = add(*record.plan.write);
  }
}

}  // namespace

// Of all rows that wait, however many, only those are looked at that others wait for in their turn.
std::vector<reference_circle> untried_circles(link_context const& context, direction way) {
  auto const& state = context.views();
  auto const& circles = context.circles_of(way);
  std::vector<map_id> maps;
  for (auto const& [map, row] : state.status.maps) {
    bool const is_tried = row.link == context.link && tries_parked(state, map, way);
    if (is_tried && context.maps.fitting(state, map)) maps.push_back(map);
  }
  std::vector<waiting_row> rows;
  auto const add = [&](sequence record) {
    for (auto const map : maps) {
      auto const* parked = state.parked.find({map, way}, record);
      bool const waits = parked != nullptr && parked->state == park_state::dependency &&
                         parked->waits_for && is_tried_now(state, map, way, *parked);
      if (waits) rows.push_back({map, record, parked->waits_for});
    }
  };
  for (auto const& [awaited, waiting] : state.parked.dependants()) {
    if (!waiting.empty()) add(awaited);
  }
  for (auto const record : circles.members_tried()) add(record);
  return circles.untried(rows);
}

std::vector<reference_circle> free_circles(link_context const& context, direction way) {
  std::vector<reference_circle> out;
  std::size_t records = 0;
  for (auto& circle : untried_circles(context, way)) {
    bool const is_free = std::none_of(circle.begin(), circle.end(), [&](auto const& member) {
      return context.at_work.contains({member.map, way});
    });
    if (!is_free) continue;
    if (records != 0 && records + circle.size() > context.options.batch_records_max) break;
    records += circle.size();
    out.push_back(std::move(circle));
  }
  return out;
}

result<ready_batch> plan_circles(link_context& context,
                                 direction way,
                                 std::vector<reference_circle> const& circles) {
  batch_planner planner(context, way);
  item_reader items(context.log.log());
  for (auto const& circle : circles) {
    for (auto const& member : circle) {
      DW_TRY(auto const item, items.read(member.record));
      DW_CHECK(planner.add_item(item, member.map, attempt::retry));
    }
  }
  auto batch = planner.take();
  std::vector<target_write> writes;
  std::size_t first = 0;
  std::uint32_t group = 0;
  for (auto const& circle : circles) {
    std::span<planned_record> const records(&batch.plan->records[first], circle.size());
    bool const is_whole = std::all_of(records.begin(), records.end(), [](auto const& record) {
      return record.plan.what == fate::write;
    });
    if (is_whole) {
      DW_CHECK(arrange(context, way, circle, group, records, writes));
    } else {
      write_alone(records, group, writes);
    }
    first += circle.size();
    ++group;
  }
  batch.writes = std::move(writes);
  return batch;
}

void remember_tried(link_context& context,
                    direction way,
                    std::vector<reference_circle> const& circles) {
  for (auto const& circle : circles) {
    if (context.views().parked.holds(circle.front().record)) context.circles_of(way).tried(circle);
  }
}

}  // namespace dualwrite::engine
