#include <boost/json/array.hpp>

#include "engine/api/answers.h"
#include "engine/api/captured_record.h"
#include "engine/api/find_named.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"
#include "engine/decide/conflict_inbox.h"

namespace dualwrite::engine {
namespace {

// The row as this side's changes leave it; null where they remove it or nothing is known of it.
boost::json::value row_json(api_context const& context, std::vector<sequence> const& changes) {
  boost::json::object row;
  bool removed = true;
  for (auto const one : changes) {
    auto const record = record_json(context.log, context.views(), one);
    if (!record) continue;
    removed = record->at("operation") == "delete";
    if (removed) row.clear();
    for (auto const& [name, value] : record->at("after").as_object()) row[name] = value;
  }
  return removed ? boost::json::value(nullptr) : boost::json::value(std::move(row));
}

// The row before this side's first change; null where that made it.
boost::json::value row_before(api_context const& context, std::vector<sequence> const& changes) {
  if (changes.empty()) return nullptr;
  auto const first = record_json(context.log, context.views(), changes.front());
  if (!first || first->at("before").as_object().empty()) return nullptr;
  return first->at("before");
}

// A side whose changes are not held has what the other side's stand against, in both apps.
boost::json::object side_json(api_context const& context,
                              map_definition const* definition,
                              open_conflict const& conflict,
                              side which) {
  auto const& mine = conflict.of(which);
  auto const standing = conflict.of(which == side::left ? side::right : side::left).against;
  auto changes = mine.records;
  if (changes.empty() && standing) changes.push_back(standing);
  boost::json::object json;
  json["state"] = !mine.records.empty() ? "held" : standing ? "stands" : "unknown";
  boost::json::array ids;
  for (auto const one : changes) ids.push_back(json_of(one));
  json["records"] = std::move(ids);
  auto const last = changes.empty() ? result<boost::json::object>(error{error_code::unknown_record})
                                    : record_json(context.log, context.views(), changes.back());
  json["operation"] = last ? last->at("operation") : boost::json::value(nullptr);
  json["committed_at"] = last ? last->at("committed_at") : boost::json::value(nullptr);
  json["row"] = row_json(context, changes);
  json["before"] = row_before(context, changes);
  auto const* parked = mine.records.empty()
                           ? nullptr
                           : context.views().parked.find({conflict.map, direction_from(which)},
                                                         mine.records.front());
  auto const& key = parked == nullptr ? conflict.key : parked->key;
  json["key"] =
      definition == nullptr ? boost::json::object{} : key_json(*definition, side::left, key);
  return json;
}

boost::json::value value_in(boost::json::value const& row, std::string const& column) {
  auto const* fields = row.if_object();
  auto const* found = fields == nullptr ? nullptr : fields->if_contains(column);
  return found == nullptr ? boost::json::value(nullptr) : *found;
}

// The pairs that are written both ways, side by side.
boost::json::array columns_json(map_definition const& definition,
                                boost::json::object const& conflict) {
  boost::json::array out;
  for (auto const& pair : definition.columns) {
    if (pair.only) continue;
    boost::json::object one;
    one["left"] = pair.left;
    one["right"] = pair.right;
    one["left_value"] = value_in(conflict.at("left").at("row"), pair.left);
    one["right_value"] = value_in(conflict.at("right").at("row"), pair.right);
    out.push_back(std::move(one));
  }
  return out;
}

boost::json::object conflict_json(api_context const& context, open_conflict const& conflict) {
  auto const& state = context.views();
  auto const& map = *state.status.find(conflict.map);
  auto const made_on = conflict.of(side::left).records.empty() ||
                               conflict.of(side::left).records.front() != conflict.id
                           ? side::right
                           : side::left;
  boost::json::object json;
  json["id"] = json_of(conflict.id);
  json["map"] = map.name;
  json["link"] = link_name(state, map.link);
  auto const definition = parse_definition(map.definition);
  json["key"] =
      definition ? key_json(*definition, side::left, conflict.key) : boost::json::object{};
  auto const* first = state.parked.find({conflict.map, direction_from(made_on)}, conflict.id);
  json["since"] = first == nullptr ? nullptr : json_of(first->first_failed);
  json["newest"] = json_of(conflict.newest);
  json["kind"] = conflict.is_of_value ? "value" : "row";
  auto const* of = definition ? &*definition : nullptr;
  json["left"] = side_json(context, of, conflict, side::left);
  json["right"] = side_json(context, of, conflict, side::right);
  auto const record = record_json(context.log, state, conflict.id);
  bool const had_row = record && !record->at("before").as_object().empty();
  boost::json::object agreed;
  agreed["side"] = name_of(made_on);
  agreed["row"] = had_row ? record->at("before") : boost::json::value(nullptr);
  json["agreed"] = std::move(agreed);
  json["columns"] = definition ? columns_json(*definition, json) : boost::json::array{};
  return json;
}

result<side> side_in(boost::json::object const& body) {
  auto const* keep = body.if_contains("keep");
  if (keep != nullptr && *keep == "left") return side::left;
  if (keep != nullptr && *keep == "right") return side::right;
  return error{error_code::request_invalid, "'keep' has to be left or right."};
}

}  // namespace

async<api_reply> list_conflicts(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  auto const& state = context.views();
  map_id map;
  link_id link;
  if (auto const name = request.asked("map"); !name.empty()) {
    DW_CO_TRY(map, map_called(state, name));
  }
  if (auto const name = request.asked("link"); !name.empty()) {
    DW_CO_TRY(link, link_called(state, name));
  }
  boost::json::array items;
  std::uint64_t next = 0;
  for (auto const& one : open_conflicts(state)) {
    bool const is_meant =
        (!map || one.map == map) && (!link || state.status.find(one.map)->link == link);
    if (!is_meant || one.id.value <= page.behind) continue;
    if (items.size() == page.limit) co_return page_reply(std::move(items), next);
    next = one.id.value;
    items.push_back(conflict_json(context, one));
  }
  co_return page_reply(std::move(items), 0);
}

async<api_reply> show_conflict(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, parse_number(request.parts["id"]));
  DW_CO_TRY(auto const found, find_conflict(context.views(), sequence{id}));
  co_return json_reply(conflict_json(context, found));
}

async<api_reply> decide_conflict(api_context& context, api_request request) {
  DW_CO_TRY(auto const id, parse_number(request.parts["id"]));
  DW_CO_TRY(auto const body, request.json());
  DW_CO_TRY(auto const keep, side_in(body));
  std::uint64_t seen = 0;
  if (auto const* said = body.if_contains("seen")) {
    if (!said->is_string())
      co_return error{error_code::request_invalid, "'seen' has to be a text: 'newest' as shown."};
    DW_CO_TRY(seen, parse_number(std::string_view(said->as_string())));
  }
  command wish = resolve_conflict{sequence{id}, keep, sequence{seen}};
  auto actor = request.actor;
  auto command_id = request.command_id;
  DW_CO_TRY(auto const at,
            co_await context.core.submit(std::move(wish), std::move(actor), std::move(command_id)));
  boost::json::object reply;
  reply["conflict"] = json_of(sequence{id});
  reply["kept"] = name_of(keep);
  reply["decided_by"] = json_of(at);
  co_return json_reply(reply, 202);
}

}  // namespace dualwrite::engine
