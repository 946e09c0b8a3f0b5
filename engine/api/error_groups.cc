#include <algorithm>
#include <tuple>

#include "engine/api/error_advice.h"
#include "engine/api/error_json.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"

namespace dualwrite::engine {
namespace {

using fingerprint_of_error =
    std::tuple<map_id, direction, fault_class, std::string, std::string, std::string>;

struct error_group {
  listed_error sample;
  std::uint64_t count = 0, failed = 0, waiting_behind = 0;
  instant first, last;
};

void add(projections::views const& state, error_group& group, listed_error const& one) {
  auto const& row = one.row();
  if (group.count == 0) {
    group.sample = one;
    group.first = row.first_failed;
  }
  ++group.count;
  if (one.parked != nullptr && row.state == park_state::failed) ++group.failed;
  group.waiting_behind +=
      state.parked.waiting_behind({one.name.map, one.name.way}, one.name.record);
  group.first = std::min(group.first, row.first_failed);
  group.last = std::max(group.last, row.last_failed);
}

boost::json::object group_json(projections::views const& state,
                               fingerprint_of_error const& kind,
                               error_group const& group) {
  auto const& [map, way, fault, code, column, text] = kind;
  auto const* status = state.status.find(map);
  auto const advice = advice_for(group.sample.row());
  boost::json::object json;
  json["map"] = status == nullptr ? "" : status->name;
  json["link"] = status == nullptr ? "" : link_name(state, status->link);
  json["direction"] = name_of(way);
  json["class"] = dualwrite::name_of(fault);
  json["code"] = utf8(code);
  json["column"] = utf8(column);
  json["text"] = utf8(text);
  json["count"] = json_of(group.count);
  json["failed"] = json_of(group.failed);
  json["waiting_behind"] = json_of(group.waiting_behind);
  json["first"] = json_of(group.first);
  json["last"] = json_of(group.last);
  json["sample"] = json_of(group.sample.name.record);
  json["sample_text"] = utf8(group.sample.row().text);
  json["cause"] = advice.cause;
  json["fix"] = advice.fix;
  return json;
}

}  // namespace

boost::json::array error_groups_json(api_context const& context,
                                     std::vector<listed_error> const& errors) {
  auto const& state = context.views();
  std::map<fingerprint_of_error, error_group> groups;
  for (auto const& one : errors) {
    auto const& row = one.row();
    fingerprint_of_error kind{
        one.name.map, one.name.way, row.kind, row.code, row.column, normalised(row.text)};
    add(state, groups[std::move(kind)], one);
  }
  std::vector<std::pair<fingerprint_of_error const*, error_group const*>> sorted;
  for (auto const& [kind, group] : groups) sorted.emplace_back(&kind, &group);
  std::stable_sort(sorted.begin(), sorted.end(), [](auto const& a, auto const& b) {
    return a.second->count > b.second->count;
  });
  boost::json::array items;
  for (auto const& [kind, group] : sorted) items.push_back(group_json(state, *kind, *group));
  return items;
}

}  // namespace dualwrite::engine
