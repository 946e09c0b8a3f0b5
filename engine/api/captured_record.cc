#include "engine/api/captured_record.h"

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "engine/api/json_forms.h"
#include "events/row_image.h"
#include "events/table_schema.h"

namespace dualwrite::engine {
namespace {

// Columns that the source did not send, or that no map reads, are left out.
boost::json::object image_json(table_schema const& schema, std::string_view image) {
  boost::json::object json;
  if (image.empty()) return json;
  auto const row = decode_row(image);
  if (!row) return json;
  for (std::size_t i = 0; i < row->size() && i < schema.columns.size(); ++i) {
    if ((*row)[i].is_unchanged()) continue;
    bool const hidden = schema.columns[i].sensitive;
    json[utf8(schema.columns[i].name)] =
        hidden ? boost::json::value("(sensitive)") : json_of((*row)[i]);
  }
  return json;
}

std::string_view operation_name(operation op) {
  switch (op) {
    case operation::insert:
      return "insert";
    case operation::update:
      return "update";
    case operation::remove:
      return "delete";
  }
  return "unknown";
}

table_schema schema_named(projections::views const& state, schema_id id) {
  auto const found = state.status.schemas.find(id);
  if (found == state.status.schemas.end()) return {};
  auto schema = decode_schema(found->second.schema);
  return schema ? std::move(*schema) : table_schema{};
}

boost::json::object resolution_json(projections::views const& state,
                                    event_view const& event,
                                    ConflictResolved const& resolved) {
  auto const schema = schema_named(state, resolved.schema);
  boost::json::object json;
  json["id"] = json_of(event.at);
  json["side"] = name_of(source_of(resolved.way));
  json["table"] = schema.table;
  json["operation"] = resolved.undoes ? "undo" : resolved.removes ? "delete" : "update";
  json["committed_at"] = json_of(resolved.committed_at);
  json["before"] = boost::json::object{};
  json["after"] = image_json(schema, resolved.image.bytes);
  json[resolved.undoes ? "undoes" : "resolves_conflict_for"] = json_of(resolved.winner);
  return json;
}

}  // namespace

boost::json::object record_of_json(projections::views const& state,
                               event_view const& event,
                               RecordsCaptured const& captured,
                               sync_record const& record) {
  boost::json::object json;
  json["id"] = json_of(event.at + record.index);
  auto const schema = schema_named(
      state,
      record.table < captured.tables.size() ? captured.tables[record.table].schema : schema_id{});
  json["side"] = name_of(captured.of);
  json["table"] = schema.table;
  json["operation"] = operation_name(record.op);
  json["committed_at"] = json_of(captured.committed_at);
  json["before"] = image_json(schema, record.before);
  json["after"] = image_json(schema, record.after);
  if (record.cause) json["derived_from"] = json_of(record.cause);
  return json;
}

result<boost::json::object> record_json(event_log const& log,
                                        projections::views const& state,
                                        sequence record) {
  auto const events = log.read({record, false, {}});
  DW_TRY(auto const stored, events->next());
  if (!stored) return error{error_code::sequence_not_found, {}, record};
  DW_TRY(auto const event, decode(*stored));
  if (auto const* resolved = event.as<ConflictResolved>())
    return resolution_json(state, event, *resolved);
  auto const* captured = event.as<RecordsCaptured>();
  if (captured == nullptr)
    return error{error_code::sequence_not_found, "It is no sync record.", record};
  record_reader records(captured->records.bytes);
  while (true) {
    DW_TRY(auto const next, records.next());
    if (!next) return error{error_code::sequence_not_found, {}, record};
    if (event.at + next->index == record) return record_of_json(state, event, *captured, *next);
  }
}

result<boost::json::value> records_json(projections::views const& state,
                                        event_view const& event,
                                        std::size_t limit) {
  boost::json::array rows;
  auto const* captured = event.as<RecordsCaptured>();
  if (captured == nullptr) return boost::json::value(nullptr);
  record_reader records(captured->records.bytes);
  while (rows.size() < limit) {
    DW_TRY(auto const next, records.next());
    if (!next) break;
    rows.push_back(record_of_json(state, event, *captured, *next));
  }
  return boost::json::value(std::move(rows));
}

boost::json::object key_json(map_definition const& definition, side of, std::string_view key) {
  boost::json::object json;
  auto const values = decode_key(key);
  if (!values) return json;
  for (std::size_t i = 0; i < values->size() && i < definition.key.size(); ++i) {
    auto const& pair = definition.key[i];
    json[utf8(of == side::left ? pair.left : pair.right)] = json_of((*values)[i]);
  }
  return json;
}

}  // namespace dualwrite::engine
