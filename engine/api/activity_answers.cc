#include <algorithm>
#include <boost/json/array.hpp>
#include <optional>
#include <set>

#include "engine/api/answers.h"
#include "engine/api/event_json.h"
#include "engine/api/event_wish.h"
#include "engine/api/find_named.h"
#include "engine/api/history_json.h"
#include "engine/api/json_forms.h"
#include "engine/api/page.h"
#include "engine/api/row_search.h"
#include "engine/config/definition_difference.h"

namespace dualwrite::engine {
namespace {

struct placed_activity {
  map_id map;
  projections::activity_row const* row = nullptr;
};

// How many events one entry shows of those that belong to it; its log has them all.
constexpr std::size_t events_shown_max = 200;

constexpr searched_field searched[] = {
    {"id", value_type::int64},
    {"at", value_type::timestamp_tz},
    {"map", value_type::text},
    {"link", value_type::text},
    {"type", value_type::text},
    {"text", value_type::text},
    {"actor", value_type::text},
    {"count", value_type::int64},
    {"until", value_type::timestamp_tz},
};

// Which entries a request asks for: of any selection of maps, by time, kind and author, by what
// they say, and by a condition.
class activity_wish {
 public:
  static result<activity_wish> from(api_context const& context, api_request const& request) {
    activity_wish wish;
    auto const& state = context.views();
    for (auto names = request.asked("map"); !names.empty();) {
      auto const end = std::min(names.find(','), names.size());
      DW_TRY(auto const map, map_called(state, names.substr(0, end)));
      wish.maps_.insert(map);
      names.remove_prefix(std::min(end + 1, names.size()));
    }
    if (auto const name = request.asked("link"); !name.empty()) {
      DW_TRY(wish.link_, link_called(state, name));
    }
    auto const now = context.time.now();
    if (auto const text = request.asked("since"); !text.empty()) {
      DW_TRY(wish.since_, parse_when(text, now));
    }
    if (auto const text = request.asked("until"); !text.empty()) {
      DW_TRY(wish.until_, parse_when(text, now));
    }
    wish.type_ = request.asked("type");
    wish.actor_ = request.asked("actor");
    wish.text_ = request.asked("text");
    if (auto const sql = std::string(request.asked("filter")); !sql.empty()) {
      DW_TRY(wish.search_, row_search::prepare(sql, searched));
    }
    return wish;
  }

  // The newest first.
  result<std::vector<placed_activity>> matching(projections::views const& state) const {
    std::vector<placed_activity> found;
    for (auto const& [map, rows] : state.activity.rows) {
      if (!maps_.empty() && !maps_.contains(map)) continue;
      auto const* status = state.status.find(map);
      if (link_ && (status == nullptr || status->link != link_)) continue;
      for (auto const& row : rows) {
        DW_TRY(bool const is_meant, passes(state, {map, &row}));
        if (is_meant) found.push_back({map, &row});
      }
    }
    std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) {
      return a.row->at > b.row->at;
    });
    return found;
  }

 private:
  result<bool> passes(projections::views const& state, placed_activity const& one) const {
    auto const& row = *one.row;
    if (since_ && row.until < *since_) return false;
    if (until_ && row.since > *until_) return false;
    if (!type_.empty() && type_ != dualwrite::name_of(row.type)) return false;
    if (!actor_.empty() && actor_ != shown_actor(row)) return false;
    if (!text_.empty() && row.text.find(text_) == std::string::npos) return false;
    return search_ == nullptr ? true : search_->holds(searched_row(state, one));
  }
  static row_values searched_row(projections::views const& state, placed_activity const& one) {
    auto const& row = *one.row;
    auto const* map = state.status.find(one.map);
    auto const text = [](std::string_view chars) { return value::of_text(std::string(chars)); };
    return {value::of_int64(static_cast<std::int64_t>(row.at.value)),
            value::of_timestamp_tz(row.since.us),
            text(map == nullptr ? std::string_view() : map->name),
            text(map == nullptr ? std::string() : link_name(state, map->link)),
            text(dualwrite::name_of(row.type)),
            text(row.text),
            text(shown_actor(row)),
            value::of_int64(row.count),
            value::of_timestamp_tz(row.until.us)};
  }

  std::set<map_id> maps_{};
  link_id link_{};
  std::optional<instant> since_{}, until_{};
  std::string type_{}, actor_{}, text_{};
  std::shared_ptr<row_search const> search_{};
};

result<placed_activity> entry_called(projections::views const& state, std::string const& name) {
  DW_TRY(auto const id, parse_number(name));
  for (auto const& [map, rows] : state.activity.rows) {
    for (auto const& row : rows)
      if (row.at.value == id) return placed_activity{map, &row};
  }
  return error{error_code::unknown_entry, {}, sequence{id}};
}

// The events of an entry behind `behind`; `more` where there are more of them than `limit`.
struct entry_log {
  boost::json::array events{};
  std::uint64_t last = 0;
  bool more = false;
};
result<entry_log> read_log(api_context const& context,
                           placed_activity const& entry,
                           std::uint64_t behind,
                           std::size_t limit) {
  entry_log out;
  auto const from = std::max(entry.row->at, sequence{behind + 1});
  stream_id const stream{stream_kind::map, entry.map.value};
  auto const cursor = context.log.read({from, false, stream});
  while (true) {
    DW_TRY(auto const stored, cursor->next());
    if (!stored || stored->at > entry.row->last) return out;
    if (out.events.size() == limit) {
      out.more = true;
      return out;
    }
    DW_TRY(auto const event, decode(*stored));
    out.events.push_back(event_json(event));
    out.last = stored->last().value;
  }
}

std::string_view definition_in(event_view const& event) {
  if (auto const* made = event.as<MapCreated>()) return made->definition;
  if (auto const* changed = event.as<MapChanged>()) return changed->definition;
  if (auto const* renamed = event.as<MapRenamed>()) return renamed->definition;
  return {};
}

// What a change of the definition changed, from the definition before it.
result<boost::json::array> changes_by(api_context const& context, placed_activity const& entry) {
  boost::json::array changes;
  if (entry.row->type != event_type::MapChanged) return changes;
  std::string before;
  stream_id const stream{stream_kind::map, entry.map.value};
  auto const cursor = context.log.read({sequence{entry.map.value}, false, stream});
  while (true) {
    DW_TRY(auto const stored, cursor->next());
    if (!stored || stored->at > entry.row->at) return changes;
    DW_TRY(auto const event, decode(*stored));
    auto const now = definition_in(event);
    if (now.empty()) continue;
    if (stored->at == entry.row->at) {
      DW_TRY(auto const wanted, parse_definition(now));
      for (auto const& place : difference(before, wanted)) changes.emplace_back(utf8(place));
    }
    before = now;
  }
}

}  // namespace

async<api_reply> list_activity(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const wish, activity_wish::from(context, request));
  DW_CO_TRY(auto const found, wish.matching(context.views()));
  boost::json::array items;
  std::uint64_t next = 0;
  bool more = false;
  for (auto const& [map, row] : found) {
    if (page.behind != 0 && row->at.value >= page.behind) continue;
    if (items.size() >= page.limit) {
      more = true;
      break;
    }
    items.push_back(activity_json(context.views(), map, *row));
    next = row->at.value;
  }
  co_return page_reply(std::move(items), more ? next : 0);
}

async<api_reply> show_activity(api_context& context, api_request request) {
  DW_CO_TRY(auto const entry, entry_called(context.views(), request.parts["id"]));
  auto json = activity_json(context.views(), entry.map, *entry.row);
  DW_CO_TRY(auto changes, changes_by(context, entry));
  if (!changes.empty()) json["changes"] = std::move(changes);
  DW_CO_TRY(auto log, read_log(context, entry, 0, events_shown_max));
  json["events"] = std::move(log.events);
  json["more_events"] = log.more;
  co_return json_reply(json);
}

async<api_reply> list_activity_log(api_context& context, api_request request) {
  DW_CO_TRY(auto const page, page_wish::from(request));
  DW_CO_TRY(auto const entry, entry_called(context.views(), request.parts["id"]));
  DW_CO_TRY(auto log, read_log(context, entry, page.behind, page.limit));
  co_return page_reply(std::move(log.events), log.more ? log.last : 0);
}

}  // namespace dualwrite::engine
