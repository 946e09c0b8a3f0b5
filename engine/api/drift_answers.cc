#include <boost/json/array.hpp>
#include <map>

#include "engine/api/answers.h"
#include "engine/api/captured_record.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

// Lines are in the order of their first record; those that begin with the same one are few, and
// keep their order: a cursor counts them.
constexpr std::uint64_t lines_of_a_record_max = 256;

// A key, or a part of the log up to `to`.
struct drift_line {
  direction way = direction::left_to_right;
  std::string_view what{};
  std::string const* key = nullptr;
  sequence to{};
};
using drift_lines = std::multimap<sequence, drift_line>;

// A stop gives up everything that was not settled: that is told as a part of the log, whose records
// `event show` has.
void add(direction way, projections::drift_row const& row, drift_lines& into) {
  for (auto const& [key, one] : row.keys)
    into.emplace(one.record, drift_line{way, "given up", &key});
  auto const add_ranges = [&](auto const& ranges, std::string_view what) {
    for (auto const& range : ranges) {
      auto const first = range.behind + 1;
      if (range.to > first) into.emplace(first, drift_line{way, what, nullptr, range.to});
    }
  };
  add_ranges(row.ranges, "discarded by a stop");
  add_ranges(row.discarded, "discarded with the queue");
}

boost::json::object line_json(map_definition const& definition,
                              sequence record,
                              drift_line const& line) {
  boost::json::object json;
  json["direction"] = name_of(line.way);
  json["what"] = line.what;
  json["key"] = nullptr;
  if (line.key != nullptr) json["key"] = key_json(definition, source_of(line.way), *line.key);
  json["record"] = json_of(record);
  json["to"] = line.to ? json_of(line.to) : boost::json::value(nullptr);
  return json;
}

}  // namespace

// The keys of a map that its sides may differ in: their last record was given up.
async<api_reply> list_drift(api_context& context, api_request request) {
  auto const& state = context.views();
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const map, map_called(state, request.parts["map"]));
  DW_CO_TRY(auto const definition, parse_definition(state.status.find(map)->definition));
  drift_lines lines;
  for (auto const way : both_ways) {
    auto const row = state.drift.rows.find({map, way});
    if (row != state.drift.rows.end()) add(way, row->second, lines);
  }
  boost::json::array items;
  std::uint64_t next = 0;
  sequence of;
  std::uint64_t ordinal = 0;
  for (auto const& [record, line] : lines) {
    ordinal = record == of ? ordinal + 1 : 0;
    of = record;
    auto const position = record.value * lines_of_a_record_max + ordinal;
    if (position <= page.behind) continue;
    if (items.size() == page.limit) co_return page_reply(std::move(items), next);
    next = position;
    items.push_back(line_json(definition, record, line));
  }
  co_return page_reply(std::move(items), 0);
}

}  // namespace dualwrite::engine
