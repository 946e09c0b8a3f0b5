#include "engine/api/history_json.h"

#include <boost/json/array.hpp>

#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"

namespace dualwrite::engine {
namespace {

std::string_view state_name(projections::execution_row const& row) {
  if (row.open) return "running";
  switch (row.state) {
    case end_state::succeeded:
      return "succeeded";
    case end_state::failed:
      return "failed";
    case end_state::interrupted:
      return "interrupted";
    case end_state::completed:
      return "completed";
  }
  return "unknown";
}

std::string_view which_rows(run_mode mode) {
  if (mode == run_mode::without_errors) return "without_errors";
  return mode == run_mode::errored_only ? "errored_only" : "all";
}

void put_counts(boost::json::object& json, projections::copy_counts const& counts) {
  json["inserted"] = json_of(counts.inserted);
  json["updated"] = json_of(counts.updated);
  json["unchanged"] = json_of(counts.equal);
  json["filtered"] = json_of(counts.filtered);
  json["kept"] = json_of(counts.kept);
  json["failed"] = json_of(counts.failed);
  json["waiting"] = json_of(counts.waiting);
}

boost::json::object leg_json(api_context const& context, projections::leg_row const& leg) {
  boost::json::object json;
  json["direction"] = name_of(leg.way);
  json["state"] = leg.done ? "completed" : leg.started.us != 0 ? "running" : "waiting";
  json["started"] = json_of(leg.started);
  json["finished"] = json_of(leg.finished);
  json["rows"] = json_of(leg.rows);
  json["expected_rows"] = json_of(leg.expected_rows);
  std::uint64_t copied = 0;
  for (auto const& chunk : leg.chunks) copied += chunk.copied ? chunk.count : 0;
  json["chunks"] = json_of(std::uint64_t{leg.chunks.size()});
  json["rows_copied"] = json_of(copied);
  auto const until = leg.done ? leg.finished : context.time.now();
  auto const took_us = leg.started.us == 0 ? 0 : (until - leg.started).count();
  auto const rows_per_second =
      took_us <= 0 ? 0 : leg.rows * 1'000'000 / static_cast<std::uint64_t>(took_us);
  json["rows_per_second"] = json_of(std::uint64_t{rows_per_second});
  auto const rest = leg.expected_rows > leg.rows ? leg.expected_rows - leg.rows : 0;
  bool const is_known = !leg.done && rows_per_second > 0 && rest > 0;
  json["eta_seconds"] = is_known ? json_of(std::uint64_t{rest / rows_per_second + 1}) : nullptr;
  put_counts(json, leg.counts);
  return json;
}

}  // namespace

std::string_view shown_actor(projections::activity_row const& row) {
  return row.actor.empty() ? std::string_view("engine") : std::string_view(row.actor);
}

boost::json::object activity_json(projections::views const& state,
                                  map_id map,
                                  projections::activity_row const& row) {
  boost::json::object json;
  json["id"] = json_of(row.at);
  json["at"] = json_of(row.since);
  auto const* found = state.status.find(map);
  json["map"] = found == nullptr ? "" : found->name;
  json["link"] = found == nullptr ? "" : link_name(state, found->link);
  json["type"] = dualwrite::name_of(row.type);
  json["text"] = utf8(row.text);
  json["actor"] = utf8(shown_actor(row));
  json["count"] = row.count;
  json["last"] = json_of(row.last);
  json["until"] = json_of(row.until);
  json["correlation"] = row.correlation ? json_of(row.correlation) : boost::json::value(nullptr);
  return json;
}

boost::json::object chunk_json(projections::leg_row const& leg, std::size_t number) {
  auto const& chunk = leg.chunks[number];
  boost::json::object json;
  json["direction"] = name_of(leg.way);
  json["chunk"] = json_of(std::uint64_t{number});
  json["state"] = chunk.copied ? "copied" : "read";
  json["rows"] = json_of(std::uint64_t{chunk.count});
  json["first_record"] = chunk.records ? json_of(chunk.records) : boost::json::value(nullptr);
  put_counts(json, chunk.counts);
  return json;
}

std::uint64_t open_errors_of(projections::views const& state, execution_id execution) {
  auto const& row = state.progress.executions.at(execution);
  std::uint64_t open = 0;
  for (auto const& leg : row.legs) {
    auto const parked = state.parked.rows.find({row.map, leg.way});
    if (parked == state.parked.rows.end()) continue;
    for (auto one = parked->second.lower_bound(sequence{execution.value});
         one != parked->second.end();
         ++one) {
      bool const failed =
          one->second.state == park_state::failed || one->second.state == park_state::pending;
      if (one->second.copied && failed &&
          state.progress.execution_of(row.map, one->first) == execution)
        ++open;
    }
  }
  return open;
}

boost::json::object execution_json(api_context const& context, execution_id execution) {
  auto const& state = context.views();
  auto const& row = state.progress.executions.at(execution);
  auto const* map = state.status.find(row.map);
  boost::json::object json;
  json["id"] = json_of(execution);
  json["map"] = map == nullptr ? "" : map->name;
  json["link"] = map == nullptr ? "" : link_name(state, map->link);
  json["state"] = state_name(row);
  json["master"] = name_of(row.master);
  json["started"] = json_of(row.started);
  json["finished"] = json_of(row.finished);
  json["which"] = which_rows(row.mode);
  json["completes"] = row.before ? json_of(row.before) : boost::json::value(nullptr);
  std::uint64_t rows = 0;
  projections::copy_counts counts;
  boost::json::array legs;
  for (auto const& leg : row.legs) {
    rows += leg.rows;
    counts += leg.counts;
    legs.push_back(leg_json(context, leg));
  }
  json["rows"] = json_of(rows);
  put_counts(json, counts);
  json["errors_open"] = json_of(open_errors_of(state, execution));
  json["legs"] = std::move(legs);
  return json;
}

}  // namespace dualwrite::engine
