#include "engine/decide/map_decider.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/decide/amendment.h"
#include "engine/decide/map_transitions.h"
#include "engine/decide/nothing_matched.h"
#include "engine/mapping/compiled_map.h"
#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {
namespace {

constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

struct command_decider {
  projections::views const& state;
  origin const& from;

  result<projections::map_row const*> allowed(map_id map, map_action action) const {
    auto const* row = state.status.find(map);
    if (row == nullptr) return error{error_code::unknown_map, fmt::format("id {}", map.value)};
    if (is_allowed(*row, action)) return row;
    if (action == map_action::retry && row->state == projections::map_state::paused) {
      return error{error_code::retry_while_paused, row->name};
    }
    return error{error_code::illegal_transition,
                 fmt::format("{} is {}; {} is not possible.",
                             row->name,
                             projections::status_name(row->state),
                             name_of(action))};
  }

  template <class Event>
  drafts one(stream_id stream, link_id link, Event const& event) const {
    drafts out;
    out.push_back(draft(stream, link, event, from));
    return out;
  }
  template <class Event>
  drafts of_map(map_id map, projections::map_row const& row, Event const& event) const {
    return one({stream_kind::map, map.value}, row.link, event);
  }

  template <class Event>
  drafts of_link(link_id link, Event const& event) const {
    return one({stream_kind::link, link.value}, link, event);
  }

  result<void> is_free_app(std::string const& name, app_id except = {}) const {
    for (auto const& [id, one] : state.status.apps) {
      if (one == name && id != except)
        return error{error_code::name_taken, fmt::format("app {}", name)};
    }
    return {};
  }
  result<void> is_free_link(std::string const& name, link_id except = {}) const {
    for (auto const& [id, one] : state.status.links) {
      if (one.name == name && id != except)
        return error{error_code::name_taken, fmt::format("link {}", name)};
    }
    return {};
  }
  // An app is captured once: what one link has read of it no other one gets.
  result<void> is_in_no_link(app_id app) const {
    for (auto const& [id, one] : state.status.links) {
      if (one.left != app && one.right != app) continue;
      auto const name = state.status.apps.find(app);
      return error{error_code::still_used,
                   fmt::format("The app {} is in the link {}, and an app is in one link only: "
                               "register its database as another app, under another name.",
                               name == state.status.apps.end() ? std::string() : name->second,
                               one.name)};
    }
    return {};
  }
  result<void> is_free_map(link_id link, std::string const& name, map_id except = {}) const {
    for (auto const& [id, one] : state.status.maps) {
      bool const same = one.link == link && one.name == name;
      if (same && id != except) return error{error_code::name_taken, fmt::format("map {}", name)};
    }
    return {};
  }
  result<drafts> operator()(register_app const& wish) const {
    DW_CHECK(is_free_app(wish.name));
    return one({}, {}, AppRegistered{wish.name, wish.connector});
  }
  result<drafts> operator()(rename_app const& wish) const {
    if (!state.status.apps.contains(wish.app)) return error{error_code::unknown_app};
    DW_CHECK(is_free_app(wish.name, wish.app));
    return one({}, {}, AppRenamed{wish.app, wish.name});
  }
  result<drafts> operator()(create_link const& wish) const {
    DW_CHECK(is_free_link(wish.name));
    for (auto const app : {wish.left, wish.right}) DW_CHECK(is_in_no_link(app));
    return one(
        {stream_kind::link, 0}, {}, LinkCreated{wish.name, wish.left, wish.right, wish.owner});
  }
  result<drafts> operator()(rename_link const& wish) const {
    if (!state.status.links.contains(wish.link)) return error{error_code::unknown_link};
    DW_CHECK(is_free_link(wish.name, wish.link));
    return of_link(wish.link, LinkRenamed{wish.link, wish.name});
  }
  result<drafts> operator()(delete_link const& wish) const {
    auto const link = state.status.links.find(wish.link);
    if (link == state.status.links.end()) return error{error_code::unknown_link};
    for (auto const& [id, map] : state.status.maps) {
      if (map.link == wish.link) {
        return error{error_code::still_used,
                     fmt::format("{} has the map {}.", link->second.name, map.name)};
      }
    }
    for (auto const& [id, rule] : state.alerts.rules) {
      if (rule.link == wish.link) {
        return error{error_code::still_used,
                     fmt::format("{} has the rule {}.", link->second.name, rule.terms.name)};
      }
    }
    for (auto const& [id, plan] : state.maintenance.plans) {
      if (plan.link == wish.link) {
        return error{error_code::still_used,
                     fmt::format("{} has the maintenance {}.", link->second.name, plan.terms.name)};
      }
    }
    return of_link(wish.link, LinkDeleted{wish.link});
  }
  result<drafts> operator()(create_map const& wish) const {
    DW_CHECK(is_free_map(wish.link, wish.name));
    return one({stream_kind::map, 0},
               wish.link,
               MapCreated{wish.link, wish.name, wish.definition, wish.owner});
  }
  // A map at work goes on by its new definition with the next record, so that one has to be whole
  // now; what names its rows cannot change under records that are on their way.
  result<void> fits_map_at_work(projections::map_row const& row, map_definition const& wish) const {
    DW_TRY(auto const now, parse_definition(row.definition));
    bool const same_rows = now.left.table == wish.left.table &&
                           now.right.table == wish.right.table && now.key == wish.key;
    if (!same_rows) {
      return error{error_code::illegal_transition,
                   fmt::format("{} is {}; its tables and its key change only while it is stopped.",
                               row.name,
                               projections::status_name(row.state))};
    }
    auto const& link = state.status.links.at(row.link);
    auto const left = state.status.schema_of(link.left, wish.left.table);
    auto const right = state.status.schema_of(link.right, wish.right.table);
    if (!left || !right) return {};
    DW_TRY(auto const left_schema, decode_schema(state.status.schemas.at(left).schema));
    DW_TRY(auto const right_schema, decode_schema(state.status.schemas.at(right).schema));
    DW_CHECK(compile(wish, left_schema, right_schema));
    return {};
  }

  result<drafts> operator()(change_map const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::edit));
    DW_TRY(auto definition, parse_definition(wish.definition));
    definition.name = row->name;
    if (row->state != projections::map_state::idle) DW_CHECK(fits_map_at_work(*row, definition));
    auto const text = print_definition(definition);
    return of_map(wish.map, *row, MapChanged{wish.map, row->version + 1, text});
  }
  result<drafts> operator()(rename_map const& wish) const {
    auto const* row = state.status.find(wish.map);
    if (row == nullptr) return error{error_code::unknown_map};
    DW_CHECK(is_free_map(row->link, wish.name, wish.map));
    DW_TRY(auto definition, parse_definition(row->definition));
    definition.name = wish.name;
    auto const text = print_definition(definition);
    return of_map(wish.map, *row, MapRenamed{wish.map, wish.name, text});
  }
  // An idle map owes nothing: nothing of it is queued, parked or on its way.
  result<drafts> operator()(delete_map const& wish) const {
    auto const* row = state.status.find(wish.map);
    if (row == nullptr) return error{error_code::unknown_map};
    if (row->state != projections::map_state::idle || row->pending) {
      return error{error_code::illegal_transition,
                   fmt::format("{} has to be stopped first.", row->name)};
    }
    return of_map(wish.map, *row, MapDeleted{wish.map});
  }
  result<drafts> operator()(change_owner const& wish) const {
    OwnerChanged const event{wish.link, wish.map, wish.rule, wish.owner, wish.plan};
    if (auto const* row = state.status.find(wish.map)) return of_map(wish.map, *row, event);
    if (wish.map) return error{error_code::unknown_map};
    if (wish.rule) {
      auto const rule = state.alerts.rules.find(wish.rule);
      if (rule == state.alerts.rules.end()) return error{error_code::unknown_rule};
      return one({stream_kind::rule, wish.rule.value}, rule->second.link, event);
    }
    if (wish.plan) {
      auto const plan = state.maintenance.plans.find(wish.plan);
      if (plan == state.maintenance.plans.end()) return error{error_code::unknown_plan};
      return one({stream_kind::plan, wish.plan.value}, plan->second.link, event);
    }
    if (!state.status.links.contains(wish.link)) return error{error_code::unknown_link};
    return of_link(wish.link, event);
  }
  result<drafts> operator()(run_map const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::run));
    return of_map(wish.map, *row, RunRequested{wish.map, wish.mode, row->master});
  }
  result<drafts> operator()(rerun_sync const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::rerun));
    return of_map(wish.map, *row, RunRequested{wish.map, wish.which, row->master});
  }
  result<drafts> operator()(pause_map const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::pause));
    return of_map(wish.map, *row, PauseRequested{wish.map, {}, {}});
  }
  result<drafts> operator()(resume_map const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::resume));
    if (wish.mode != resume_mode::in_order && row->execution_open) {
      return error{error_code::illegal_transition,
                   fmt::format("{} has to complete its initial sync first.", row->name)};
    }
    if (wish.mode == resume_mode::discard_queue && wish.reason.empty())
      return error{error_code::reason_missing, row->name};
    DW_CHECK(check_deletes(wish, *row));
    return of_map(
        wish.map, *row, ResumeRequested{wish.map, {}, wish.reason, wish.mode, wish.deletes});
  }
  // What the guard against mass deletes holds is decided by whoever lets the map go on.
  result<void> check_deletes(resume_map const& wish, projections::map_row const& row) const {
    bool const holds = state.mass_deletes.holds(wish.map);
    bool const is_said = wish.deletes != delete_choice::none;
    if (holds && !is_said && wish.mode == resume_mode::in_order)
      return error{error_code::mass_delete_held,
                   fmt::format("{}: resume it with --accept-deletes or --skip-deletes.", row.name)};
    if (is_said && !holds) {
      return error{error_code::illegal_transition,
                   fmt::format("The guard holds no deletes of {}.", row.name)};
    }
    return {};
  }
  result<drafts> operator()(stop_map const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::stop));
    return of_map(wish.map, *row, StopRequested{wish.map, {}, {}});
  }
  result<drafts> operator()(retry_records const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::retry));
    for (auto const record : wish.records) DW_CHECK(parked(wish.map, record));
    return of_map(wish.map, *row, RetryRequested{wish.map, wish.records.empty(), to_retry(wish)});
  }
  // Only what failed and is not being retried already: one request at a time works on a record.
  std::vector<sequence> to_retry(retry_records const& wish) const {
    std::set<sequence> const named(wish.records.begin(), wish.records.end());
    std::vector<sequence> out;
    for (auto const way : both_ways) {
      projections::map_way const of{wish.map, way};
      for (auto const* failed : {&state.parked.failed(of), &state.parked.announced(of)}) {
        for (auto const& [clock, record] : *failed) {
          if (named.empty() || named.contains(record)) out.push_back(record);
        }
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  result<drafts> operator()(cancel_retry const& wish) const {
    auto const found = state.operations.rows.find(wish.request);
    if (found == state.operations.rows.end()) return error{error_code::unknown_operation};
    auto const map = found->second.map;
    auto const* row = state.status.find(map);
    if (row == nullptr) return error{error_code::unknown_map};
    if (found->second.is_finished()) return drafts{};
    return of_map(map, *row, RetryCancelled{map, wish.request});
  }
  result<drafts> operator()(amend_record const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::erase));
    DW_TRY(auto const record, parked(wish.map, wish.record));
    DW_CHECK(check_amendment(state, wish, record.way));
    ParkedAmended event{wish.map, record.way, wish.record, {}};
    for (auto const& value : wish.values)
      event.columns.push_back({value.column, value.text, value.is_null});
    return of_map(wish.map, *row, event);
  }
  result<drafts> operator()(delete_records const& wish) const {
    DW_TRY(auto const* row, allowed(wish.map, map_action::erase));
    ParkedDeleted event{wish.map, {}};
    for (auto const record : wish.records) {
      DW_TRY(auto const given_up, parked(wish.map, record));
      event.records.push_back(given_up);
    }
    return of_map(wish.map, *row, event);
  }
  result<drafts> operator()(retry_in_maps const& wish) const { return each(wish.parts); }
  result<drafts> operator()(delete_in_maps const& wish) const { return each(wish.parts); }
  template <class Part>
  result<drafts> each(std::vector<Part> const& parts) const {
    if (parts.empty()) return nothing_matched();
    drafts out;
    for (auto const& part : parts) {
      DW_TRY(auto events, (*this)(part));
      out.insert(out.end(), events.begin(), events.end());
    }
    return out;
  }
  result<drafts> operator()(resolve_conflict const& wish) const {
    DW_TRY(auto const conflict, find_conflict(state, wish.conflict));
    DW_CHECK(allowed(conflict.map, map_action::erase));
    return decide_resolution(state, wish, from);
  }
  template <class Wish>
  result<drafts> operator()(Wish const& wish) const {
    return decide_alert_command(state, wish, from);
  }

  result<KeyGivenUp> parked(map_id map, sequence record) const {
    for (auto const way : both_ways) {
      if (auto const* row = state.parked.find({map, way}, record)) {
        return KeyGivenUp{way, record, blob{row->key}};
      }
    }
    return error{
        error_code::unknown_record, fmt::format("{} is not parked.", record.value), record};
  }
};

// In the order of the variant.
constexpr std::string_view command_names[] = {
    "register_app",       "create_link",       "create_map",        "run_map",
    "pause_map",          "resume_map",        "stop_map",          "retry_records",
    "delete_records",     "create_alert_rule", "change_map",        "rename_app",
    "rename_link",        "rename_map",        "delete_map",        "delete_link",
    "change_owner",       "change_alert_rule", "delete_alert_rule", "test_alert_rule",
    "mute_alert_rule",    "switch_alert_rule", "plan_maintenance",  "change_maintenance",
    "delete_maintenance", "rerun_sync",        "cancel_retry",      "amend_record",
    "resolve_conflict",   "retry_in_maps",     "delete_in_maps",
};
static_assert(std::size(command_names) == std::variant_size_v<command>);

}  // namespace

std::string_view name_of(command const& wish) {
  return command_names[wish.index()];
}

result<drafts> decide(projections::views const& state, command const& wish, origin const& from) {
  return std::visit(command_decider{state, from}, wish);
}

result<drafts> decide_stopped(projections::views const& state,
                              map_id map,
                              stop_reason reason,
                              std::string_view detail) {
  auto const* row = state.status.find(map);
  if (row == nullptr) return error{error_code::unknown_map};
  // A run that failed has been told so.
  auto const request = reason == stop_reason::run_failed ? sequence{} : row->pending;
  MapStopped event{map, request, reason, 0, detail, {}, {}};
  for (auto const way : both_ways) {
    auto const place = state.delivery.places.find({map, way});
    if (place == state.delivery.places.end()) continue;
    event.places.push_back({map, way, place->second.lane, state.delivery.position(map, way)});
    auto const sums = state.conservation.sums.find({map, way});
    if (sums != state.conservation.sums.end()) {
      event.discarded += sums->second.captured - sums->second.settled();
    }
    auto const parked = state.parked.rows.find({map, way});
    if (parked == state.parked.rows.end()) continue;
    for (auto const& [record, one] : parked->second) {
      event.given_up.push_back({way, record, blob{one.key}});
    }
  }
  origin const cause{{}, row->pending, row->pending, {}};
  drafts out;
  out.push_back(draft({stream_kind::map, map.value}, row->link, event, cause));
  return out;
}

}  // namespace dualwrite::engine
