#include "engine/decide/part_of_row.h"

#include <algorithm>
#include <utility>

#include "engine/mapping/json_text.h"

namespace dualwrite::engine {
namespace {

// What the other side has already, where an app's rules changed a row that we wrote: in the order
// of the columns that are written. A newer change that waits there must not be lost to it.
row_values values_before_rules(compiled_map const& map, map_record const& record) {
  bool const is_one = record.is_of_rules && record.op == operation::update;
  if (!is_one || record.before.empty()) return {};
  auto before = map.to_target(record.way, record.before);
  if (!before) return {};
  return std::move(before->values);
}

}  // namespace

std::set<std::size_t> columns_lost(compiled_map const& map,
                                   map_record const& record,
                                   std::vector<std::string> const& lost) {
  if (lost.empty() && record.given_up.empty()) return {};
  projections::part_row all;
  all.columns = lost;
  for (auto const column : record.given_up)
    all.columns.push_back(map.schema(source_of(record.way)).columns[column].name);
  auto const columns = columns_left_out(map, record.way, all);
  return {columns.begin(), columns.end()};
}

value const& said_of(map_record const& record, std::size_t column) {
  static value const nothing = value::unchanged();
  if (column >= record.after.size()) return nothing;
  bool const was_known = record.is_of_rules && record.op == operation::update &&
                         column < record.before.size() && !record.before[column].is_unchanged();
  bool const is_kept = was_known && is_same_document(record.before[column], record.after[column]);
  auto const& lost = record.given_up;
  bool const is_lost = std::find(lost.begin(), lost.end(), column) != lost.end();
  return is_kept || is_lost ? nothing : record.after[column];
}

std::vector<std::size_t> columns_carried(compiled_map const& map,
                                         map_record const& record,
                                         std::vector<std::string> const& lost) {
  auto const from = source_of(record.way);
  std::vector<std::size_t> out;
  for (auto const column : map.columns_sent(record.way)) {
    auto const& name = map.schema(from).columns[column].name;
    bool const is_lost = std::find(lost.begin(), lost.end(), name) != lost.end();
    if (map.is_shared(from, column) && !is_lost && !said_of(record, column).is_unchanged())
      out.push_back(column);
  }
  return out;
}

write_result unmappable(error const& why) {
  write_result out;
  out.effect = write_effect::refused;
  out.kind = fault_class::mapping;
  out.code = std::string(name_of(why.code));
  out.text = why.detail;
  return out;
}

std::vector<std::size_t> columns_left_out(compiled_map const& map,
                                          direction way,
                                          projections::part_row const& lost) {
  std::vector<std::size_t> out;
  auto const& target = map.schema(target_of(way));
  auto const add = [&](std::string const& name) {
    if (auto const column = target.column_named(name)) out.push_back(*column);
  };
  for (auto const& name : lost.of_target) add(name);
  for (auto const& name : lost.columns) {
    for (auto const& pair : map.definition().columns) {
      bool const from_left = source_of(way) == side::left;
      if (!pair.only && (from_left ? pair.left : pair.right) == name)
        add(from_left ? pair.right : pair.left);
    }
  }
  return out;
}

bool says_of_its_own(compiled_map const& map, map_record const& record) {
  auto const& sent = map.columns_sent(record.way);
  return std::any_of(sent.begin(), sent.end(), [&](std::size_t column) {
    return !map.is_shared(source_of(record.way), column) && !said_of(record, column).is_unchanged();
  });
}

std::shared_ptr<target_write> its_own(compiled_map const& map,
                                      direction way,
                                      target_write const& whole) {
  auto part = std::make_shared<target_write>(whole);
  part->kind = write_kind::update;
  part->columns.clear();
  part->values.clear();
  auto const& written = map.columns_written(way);
  for (std::size_t i = 0; i < whole.columns.size(); ++i) {
    auto const column = whole.columns[i];
    bool const is_own = std::find(written.begin(), written.end(), column) != written.end() &&
                        !map.is_shared(target_of(way), column);
    if (!is_own || map.is_key(target_of(way), column)) continue;
    part->columns.push_back(column);
    part->values.push_back(whole.values[i]);
  }
  return part->columns.empty() ? nullptr : part;
}

void leave_out_unsaid(compiled_map const& map,
                      map_record const& record,
                      std::vector<std::string> const& lost,
                      target_row& mapped) {
  auto const out = columns_lost(map, record, lost);
  auto const had = values_before_rules(map, record);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < mapped.columns.size(); ++i) {
    auto const column = mapped.columns[i];
    bool const is_kept = i < had.size() && is_same_document(had[i], mapped.values[i]);
    bool const is_there = is_kept && !map.is_key(target_of(record.way), column);
    if (is_there || mapped.values[i].is_unchanged() || out.contains(column)) continue;
    mapped.columns[kept] = column;
    if (kept != i) mapped.values[kept] = std::move(mapped.values[i]);
    ++kept;
  }
  mapped.columns.resize(kept);
  mapped.values.resize(kept);
}

}  // namespace dualwrite::engine
