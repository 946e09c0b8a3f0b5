#include "engine/api/error_json.h"

#include "engine/api/captured_record.h"
#include "engine/api/error_advice.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/decide/retention_decider.h"

namespace dualwrite::engine {
namespace {

boost::json::object amended_json(projections::parked_row const& row) {
  boost::json::object json;
  for (auto const& one : row.amended)
    json[utf8(one.name)] = one.is_null ? nullptr : boost::json::value(utf8(one.text));
  return json;
}

boost::json::value id_or_null(sequence id) {
  return id ? json_of(id) : boost::json::value(nullptr);
}

void put_end(boost::json::object& json, listed_error const& one) {
  json["ended"] = one.ended == nullptr ? nullptr : json_of(one.ended->at);
  json["settled_by"] = one.ended == nullptr ? nullptr : id_or_null(one.ended->by);
}

}  // namespace

boost::json::object error_json(api_context const& context, listed_error const& one) {
  auto const& state = context.views();
  auto const& [map_named, way, record] = one.name;
  auto const& row = one.row();
  auto const& map = *state.status.find(map_named);
  boost::json::object json;
  json["id"] = json_of(record);
  json["map"] = map.name;
  json["link"] = link_name(state, map.link);
  json["direction"] = name_of(way);
  auto const definition = parse_definition(map.definition);
  json["key"] = definition ? key_json(*definition, source_of(way), row.key) : boost::json::object{};
  json["state"] = one.state();
  json["class"] = dualwrite::name_of(row.kind);
  json["code"] = utf8(row.code);
  json["text"] = utf8(row.text);
  json["column"] = utf8(row.column);
  auto const advice = advice_for(row);
  json["cause"] = advice.cause;
  json["fix"] = advice.fix;
  json["attempts"] = row.attempts;
  json["waits_for"] = id_or_null(row.waits_for);
  json["clashes_with"] = id_or_null(row.clash);
  json["waiting_behind"] =
      json_of(std::uint64_t{state.parked.waiting_behind({map_named, way}, record)});
  json["operation"] = id_or_null(row.retry);
  json["initial_sync"] = row.copied;
  json["amended"] = amended_json(row);
  json["first_failed"] = json_of(row.first_failed);
  json["last_failed"] = json_of(row.last_failed);
  bool const may_be_purged = one.parked != nullptr && definition;
  auto const purge =
      may_be_purged ? purge_time(state, map_named, row, definition->errors_kept) : std::nullopt;
  json["purged_at"] = purge ? json_of(*purge) : nullptr;
  put_end(json, one);
  return json;
}

boost::json::object error_detail_json(api_context const& context, listed_error const& one) {
  auto json = error_json(context, one);
  auto record = record_json(context.log, context.views(), one.name.record);
  if (record) {
    json["record"] = std::move(*record);
  } else {
    json["record"] = nullptr;
    json["record_problem"] = to_string(record.error());
  }
  return json;
}

}  // namespace dualwrite::engine
