#include "engine/api/map_json.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/decide/map_transitions.h"
#include "engine/decide/queue_decider.h"
#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

projections::sums_row sums_of(projections::views const& state, projections::map_way of) {
  auto const found = state.conservation.sums.find(of);
  return found == state.conservation.sums.end() ? projections::sums_row{} : found->second;
}

// How long the oldest record that is not settled has been waiting.
std::int64_t lag_seconds(api_context const& context, map_id map, direction way) {
  auto const now = context.time.now();
  auto const behind = context.views().delivery.position(map, way);
  auto const since = sums_of(context.views(), {map, way}).waits_since(behind, now);
  return std::max<std::int64_t>(0, (now - since).count() / 1'000'000);
}

boost::json::value mass_delete_json(projections::views const& state, projections::map_way of) {
  auto const* held = state.mass_deletes.of(of);
  if (held == nullptr) return nullptr;
  boost::json::object json;
  json["deletes"] = json_of(held->deletes);
  json["rows"] = held->rows == 0 ? boost::json::value(nullptr) : json_of(held->rows);
  json["limit"] = json_of(held->limit);
  json["first"] = json_of(held->first);
  json["last"] = json_of(held->last);
  json["found_at"] = json_of(held->at);
  return json;
}

boost::json::object way_json(api_context const& context, map_id map, direction way) {
  auto const& state = context.views();
  auto const sums = sums_of(state, {map, way});
  auto const waiting = queued_of(state, projections::map_way{map, way});
  boost::json::object json;
  json["direction"] = name_of(way);
  json["captured"] = json_of(sums.captured);
  json["applied"] = json_of(sums.inserted + sums.updated + sums.removed);
  json["inserted"] = json_of(sums.inserted);
  json["updated"] = json_of(sums.updated);
  json["removed"] = json_of(sums.removed);
  json["equal"] = json_of(sums.equal);
  json["filtered"] = json_of(sums.filtered);
  json["superseded"] = json_of(sums.superseded);
  json["conflict_lost"] = json_of(sums.conflict_lost);
  json["kept"] = json_of(sums.kept);
  json["deleted"] = json_of(sums.deleted);
  json["discarded"] = json_of(sums.discarded);
  json["parked"] = json_of(sums.parked);
  json["lag_records"] = json_of(waiting);
  json["lag_seconds"] = waiting == 0 ? std::int64_t{0} : lag_seconds(context, map, way);
  json["last_captured"] = json_of(sums.last_captured);
  json["last_settled"] = json_of(sums.last_settled);
  json["mass_delete"] = mass_delete_json(state, {map, way});
  return json;
}

std::vector<projections::outage_row const*> outages_of(projections::views const& state,
                                                       link_id link) {
  std::vector<projections::outage_row const*> out;
  for (auto const* rows : {&state.outages.read, &state.outages.written}) {
    for (auto const& [of, row] : *rows) {
      if (of.first == link) out.push_back(&row);
    }
  }
  return out;
}

boost::json::object outage_json(projections::views const& state,
                                projections::outage_row const& row) {
  boost::json::object json;
  json["app"] = app_name(state, row.app);
  json["since"] = json_of(row.since);
  json["at"] = json_of(row.last);
  json["attempts"] = json_of(row.attempts);
  json["class"] = dualwrite::name_of(row.kind);
  json["code"] = utf8(row.code);
  json["text"] = utf8(row.text);
  return json;
}

using newest_parked = std::pair<sequence, projections::parked_row const*>;

newest_parked last_parked(projections::views const& state, map_id map) {
  newest_parked newest{{}, nullptr};
  for (auto const way : both_ways) {
    auto const rows = state.parked.rows.find({map, way});
    if (rows == state.parked.rows.end()) continue;
    for (auto const& [record, row] : rows->second) {
      if (row.kind == fault_class::none) continue;
      if (newest.second == nullptr || row.last_failed >= newest.second->last_failed)
        newest = {record, &row};
    }
  }
  return newest;
}

// What is wrong with the map now, the newest first: an app that does not answer, or a record that
// was refused.
boost::json::value last_error_json(projections::views const& state, map_id map) {
  auto const away = outages_of(state, state.status.find(map)->link);
  auto const last_outage =
      std::max_element(away.begin(), away.end(), [](auto const* one, auto const* other) {
        return one->last < other->last;
      });
  auto const [record, parked] = last_parked(state, map);
  bool const is_away = last_outage != away.end();
  if (is_away && (parked == nullptr || parked->last_failed < (*last_outage)->last))
    return outage_json(state, **last_outage);
  if (parked == nullptr) return nullptr;
  boost::json::object json;
  json["id"] = json_of(record);
  json["at"] = json_of(parked->last_failed);
  json["class"] = dualwrite::name_of(parked->kind);
  json["code"] = utf8(parked->code);
  json["text"] = utf8(parked->text);
  json["column"] = utf8(parked->column);
  return json;
}

boost::json::value failed_export_json(projections::views const& state, map_id map) {
  auto const found = state.error_exports.failed.find(map);
  if (found == state.error_exports.failed.end()) return nullptr;
  boost::json::object json;
  json["folder"] = utf8(found->second.file);
  json["reason"] = utf8(found->second.detail);
  json["since"] = json_of(found->second.at);
  return json;
}

boost::json::object queue_json(api_context const& context, map_id map) {
  auto const size = queue_of(context.views(), map, context.time.now());
  boost::json::object json;
  json["records"] = json_of(size.records);
  json["bytes"] = json_of(size.bytes);
  json["oldest"] = size.oldest ? json_of(*size.oldest) : boost::json::value(nullptr);
  json["percent_of_limit"] = context.views().queue_levels.of(map);
  return json;
}

std::string_view request_name(event_type kind) {
  switch (kind) {
    case event_type::RunRequested:
      return "run";
    case event_type::PauseRequested:
      return "pause";
    case event_type::ResumeRequested:
      return "resume";
    case event_type::StopRequested:
      return "stop";
    default:
      return "";
  }
}

boost::json::value action_json(projections::map_row const& row) {
  boost::json::object json;
  if (row.pending) {
    json["id"] = json_of(row.pending);
    json["action"] = request_name(row.pending_kind);
    json["state"] = "waiting";
    return json;
  }
  if (!row.answered) return nullptr;
  json["id"] = json_of(row.answered);
  json["state"] = row.answered_code == 0 ? "completed" : "failed";
  if (row.answered_code != 0) {
    json["code"] = dualwrite::name_of(static_cast<error_code>(row.answered_code));
    json["detail"] = utf8(row.answered_detail);
  }
  return json;
}

// An app and its table.
boost::json::object side_json(projections::views const& state,
                              projections::map_row const& row,
                              side of) {
  auto const definition = parse_definition(row.definition);
  boost::json::object json;
  json["app"] = app_name(state, state.status.links.at(row.link).app(of));
  json["table"] = definition ? boost::json::value(utf8(definition->of(of).table)) : nullptr;
  return json;
}

}  // namespace

std::string_view shown_status(projections::views const& state, map_id map) {
  auto const now = state.status.find(map)->state;
  bool const retries = std::any_of(std::begin(both_ways), std::end(both_ways), [&](direction way) {
    return !state.parked.due({map, way}).empty();
  });
  return projections::status_name(now == projections::map_state::holding && retries
                                      ? projections::map_state::initializing
                                      : now);
}

std::uint64_t queued_of(projections::views const& state, projections::map_way of) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, sums_of(state, of).queued()));
}

std::uint64_t queued_of(projections::views const& state, map_id map) {
  return queued_of(state, {map, direction::left_to_right}) +
         queued_of(state, {map, direction::right_to_left});
}

std::uint64_t parked_of(projections::views const& state, map_id map) {
  return state.parked.count({map, direction::left_to_right}) +
         state.parked.count({map, direction::right_to_left});
}

// Records that wait until somebody has decided; of two that clash in a value one is counted.
std::uint64_t undecided_of(projections::views const& state, map_id map) {
  auto const untold = state.parked.untold_clashes().find(map);
  auto const hidden = untold == state.parked.untold_clashes().end() ? 0 : untold->second.size();
  return state.parked.in_conflict({map, direction::left_to_right}).size() +
         state.parked.in_conflict({map, direction::right_to_left}).size() +
         state.parked.clashes(map).size() - hidden;
}

boost::json::object map_json(api_context const& context, map_id map) {
  auto const& state = context.views();
  auto const& row = *state.status.find(map);
  boost::json::object json;
  json["id"] = json_of(map);
  json["name"] = row.name;
  json["link"] = link_name(state, row.link);
  json["left"] = side_json(state, row, side::left);
  json["right"] = side_json(state, row, side::right);
  json["status"] = shown_status(state, map);
  json["holding"] = row.state == projections::map_state::holding;
  // An initial sync has ended, and the map can be run without another.
  json["completed"] = row.initial_sync_done;
  json["since"] = json_of(row.since);
  boost::json::array actions;
  for (auto const action : allowed_actions(row))
    actions.push_back(boost::json::value(name_of(action)));
  json["allowed_actions"] = std::move(actions);
  json["version"] = row.version;
  json["queued"] = json_of(queued_of(state, map));
  json["queue"] = queue_json(context, map);
  json["parked"] = json_of(parked_of(state, map));
  auto const conflicts = state.conflicts.counts.find(map);
  json["conflicts"] = json_of(conflicts == state.conflicts.counts.end() ? 0 : conflicts->second);
  json["undecided"] = json_of(undecided_of(state, map));
  instant moved;
  for (auto const way : both_ways) {
    auto const sums = sums_of(state, {map, way});
    moved = std::max({moved, sums.last_captured, sums.last_settled});
  }
  json["last_movement"] = json_of(moved);
  json["last_error"] = last_error_json(state, map);
  json["failed_export"] = failed_export_json(state, map);
  json["reason"] = utf8(row.reason);
  json["last_action"] = action_json(row);
  json["execution"] = row.execution ? json_of(row.execution) : boost::json::value(nullptr);
  boost::json::array ways;
  for (auto const way : both_ways) ways.push_back(way_json(context, map, way));
  json["directions"] = std::move(ways);
  return json;
}

boost::json::object map_detail_json(api_context const& context, map_id map) {
  auto json = map_json(context, map);
  boost::system::error_code failed;
  auto definition = boost::json::parse(context.views().status.find(map)->definition, failed);
  json["definition"] = failed ? boost::json::value(nullptr) : std::move(definition);
  auto const owner = context.views().status.find(map)->owner;
  json["managed_by"] = owner == definition_owner::file ? "file" : "hand";
  return json;
}

boost::json::object link_json(projections::views const& state, link_id link) {
  auto const& row = state.status.links.at(link);
  boost::json::object json;
  json["id"] = json_of(link);
  json["name"] = row.name;
  json["left"] = app_name(state, row.left);
  json["right"] = app_name(state, row.right);
  boost::json::array away;
  for (auto const* one : outages_of(state, link)) away.push_back(outage_json(state, *one));
  json["outages"] = std::move(away);
  boost::json::array maps;
  for (auto const& [id, map] : state.status.maps) {
    if (map.link == link) maps.push_back(boost::json::value(map.name));
  }
  json["maps"] = std::move(maps);
  return json;
}

boost::json::object app_json(projections::views const& state, app_id app) {
  boost::json::object json;
  json["id"] = json_of(app);
  json["name"] = app_name(state, app);
  auto const connector = state.status.connectors.find(app);
  json["connector"] = connector == state.status.connectors.end() ? "" : connector->second;
  auto const away = state.outages.away.find(app);
  json["away"] = nullptr;
  if (away != state.outages.away.end()) json["away"] = outage_json(state, away->second.outage);
  return json;
}

std::int64_t lag_seconds(source_lag const& lag, instant now) {
  if (!lag.reading || *lag.reading > now) return 0;
  return std::chrono::duration_cast<std::chrono::seconds>(now - *lag.reading).count();
}

boost::json::value lag_json(std::optional<source_lag> const& lag, instant now) {
  if (!lag) return nullptr;
  boost::json::object json;
  json["bytes"] = json_of(lag->bytes);
  json["seconds"] = lag_seconds(*lag, now);
  return json;
}

// Those that do not take messages.
boost::json::array channels_json(projections::notifications const& outbox) {
  boost::json::array out;
  for (auto const& [name, row] : outbox.channels) {
    boost::json::object one;
    one["channel"] = name.first == message_channel::mail ? "mail" : "webhook";
    one["name"] = name.second;
    one["failing_since"] = json_of(row.failing_since);
    one["failed"] = row.failed;
    one["code"] = row.code;
    one["reply"] = utf8(row.reply);
    out.push_back(std::move(one));
  }
  return out;
}

boost::json::object status_json(api_context const& context) {
  auto const& state = context.views();
  boost::json::object json;
  json["version"] = "0.1.0";
  json["state"] = context.core.failure().code != error_code::ok ? "failed"
                  : context.core.is_stopping()                  ? "stopping"
                                                                : "running";
  json["started"] = json_of(context.started);
  json["time"] = json_of(context.time.now());
  auto const head = context.log.head();
  json["log"] = json_of(head.log);
  json["head"] = json_of(head.at);
  std::uint64_t queued = 0, parked = 0;
  boost::json::array maps;
  for (auto const& [id, row] : state.status.maps) {
    queued += queued_of(state, id);
    parked += parked_of(state, id);
    maps.push_back(map_json(context, id));
  }
  json["queued"] = json_of(queued);
  json["parked"] = json_of(parked);
  auto const& outbox = state.notifications;
  boost::json::object messages;
  messages["waiting"] = json_of(std::uint64_t{outbox.due.size()});
  messages["sent"] = json_of(outbox.sent);
  messages["given_up"] = json_of(outbox.given_up);
  messages["channels"] = channels_json(outbox);
  json["messages"] = std::move(messages);
  boost::json::array links;
  for (auto const& [id, row] : state.status.links) links.push_back(link_json(state, id));
  json["links"] = std::move(links);
  json["maps"] = std::move(maps);
  return json;
}

}  // namespace dualwrite::engine
