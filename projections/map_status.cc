#include "projections/map_status.h"

namespace dualwrite::projections {
namespace {

struct status_fold {
  map_status& view;
  event_view const& event;

  template <class Change>
  void change(map_id id, Change const& apply) {
    auto const found = view.maps.find(id);
    if (found != view.maps.end()) apply(found->second);
  }
  void enter(map_row& row, map_state state) {
    row.state = state;
    row.since = event.recorded_at;
  }
  void answer(map_row& row, sequence request) {
    if (request && row.pending == request) {
      row.pending = {};
      row.pending_kind = event_type::none;
    }
    if (request) {
      row.answered = request;
      row.answered_code = 0;
      row.answered_detail.clear();
    }
  }
  void ask(map_id id, event_type kind) {
    change(id, [&](map_row& row) {
      row.pending = event.at;
      row.pending_kind = kind;
    });
  }

  void operator()(AppRegistered const& e) {
    view.apps[app_id{event.at.value}] = e.name;
    view.connectors[app_id{event.at.value}] = e.connector;
  }
  void operator()(AppRenamed const& e) {
    if (view.apps.contains(e.app)) view.apps[e.app] = e.name;
  }
  void operator()(SchemaObserved const& e) {
    schema_id const id{event.at.value};
    view.schemas[id] = {e.app, std::string(e.table), std::string(e.schema.bytes)};
    view.newest_schemas[e.app][std::string(e.table)] = id;
  }
  void operator()(LinkCreated const& e) {
    view.links[link_id{event.at.value}] = {std::string(e.name), e.left, e.right, e.owner};
  }
  void operator()(LinkRenamed const& e) {
    if (view.links.contains(e.link)) view.links[e.link].name = e.name;
  }
  void operator()(LinkDeleted const& e) { view.links.erase(e.link); }
  void operator()(MapCreated const& e) {
    map_row row;
    row.link = e.link;
    row.name = e.name;
    row.definition = e.definition;
    row.defined_at = event.at;
    row.owner = e.owner;
    row.since = event.recorded_at;
    view.maps[map_id{event.at.value}] = std::move(row);
  }
  void operator()(MapChanged const& e) {
    change(e.map, [&](map_row& row) {
      row.version = e.version;
      row.definition = e.definition;
      row.defined_at = event.at;
    });
  }
  void operator()(MapRenamed const& e) {
    change(e.map, [&](map_row& row) {
      row.name = e.name;
      row.definition = e.definition;
    });
  }
  void operator()(MapDeleted const& e) { view.maps.erase(e.map); }
  void operator()(OwnerChanged const& e) {
    change(e.map, [&](map_row& row) { row.owner = e.owner; });
    if (view.links.contains(e.link)) view.links[e.link].owner = e.owner;
  }

  void operator()(RunRequested const& e) {
    ask(e.map, event_type::RunRequested);
    change(e.map, [&](map_row& row) {
      row.pending_mode = e.mode;
      row.master = e.master;
    });
  }
  void operator()(PauseRequested const& e) {
    ask(e.map, event_type::PauseRequested);
    change(e.map, [&](map_row& row) {
      row.paused_by = e.rule;
      row.reason = e.reason;
    });
  }
  void operator()(ResumeRequested const& e) {
    ask(e.map, event_type::ResumeRequested);
    change(e.map, [&](map_row& row) { row.pending_resume = e.mode; });
  }
  void operator()(StopRequested const& e) {
    ask(e.map, event_type::StopRequested);
    change(e.map, [&](map_row& row) { row.reason = e.reason; });
  }
  void operator()(ActionFailed const& e) {
    change(e.map, [&](map_row& row) {
      answer(row, e.request);
      row.answered_code = e.code;
      row.answered_detail = e.detail;
    });
  }

  void operator()(InitialSyncStarted const& e) {
    change(e.map, [&](map_row& row) {
      enter(row, map_state::initializing);
      row.execution = execution_id{event.at.value};
      row.execution_open = true;
      row.master = e.master;
    });
  }
  void operator()(InitialSyncCompleted const& e) {
    change(e.map, [&](map_row& row) {
      row.execution_open = false;
      row.initial_sync_done = e.state == end_state::succeeded || e.state == end_state::completed;
      if (e.state == end_state::succeeded) return;
      // What is asked of a map that holds already is not answered by it.
      if (row.state != map_state::holding) answer(row, row.pending);
      enter(row, map_state::holding);
    });
  }
  void operator()(MapStarted const& e) {
    change(e.map, [&](map_row& row) {
      answer(row, e.request);
      enter(row, map_state::running);
    });
  }
  void operator()(MapPaused const& e) {
    change(e.map, [&](map_row& row) {
      answer(row, e.request);
      enter(row, map_state::paused);
    });
  }
  void operator()(MapResumed const& e) {
    change(e.map, [&](map_row& row) {
      answer(row, e.request);
      enter(row, row.execution_open ? map_state::initializing : map_state::resuming);
      row.park_until = e.mode == resume_mode::park_queue ? event.at : sequence{};
      row.paused_by = {};
      row.reason.clear();
    });
  }
  void operator()(CaughtUp const& e) {
    change(e.map, [&](map_row& row) { enter(row, map_state::running); });
  }
  void operator()(MapStopped const& e) {
    change(e.map, [&](map_row& row) {
      answer(row, e.request);
      answer(row, row.pending);
      enter(row, map_state::idle);
      row.execution_open = false;
      row.initial_sync_done = false;
      row.park_until = {};
      row.paused_by = {};
      row.reason = e.detail;
    });
  }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

std::string_view status_name(map_state state) {
  switch (state) {
    case map_state::idle:
    case map_state::holding:
      return "not_running";
    case map_state::initializing:
      return "initializing";
    case map_state::running:
      return "running";
    case map_state::paused:
      return "paused";
    case map_state::resuming:
      return "resuming";
  }
  return "unknown";
}

void map_status::fold(event_view const& event) {
  std::visit(status_fold{*this, event}, event.body);
}

map_row const* map_status::find(map_id map) const {
  auto const found = maps.find(map);
  return found == maps.end() ? nullptr : &found->second;
}

schema_id map_status::schema_of(app_id app, std::string_view table) const {
  auto const of_app = newest_schemas.find(app);
  if (of_app == newest_schemas.end()) return {};
  auto const found = of_app->second.find(table);
  return found == of_app->second.end() ? schema_id{} : found->second;
}

}  // namespace dualwrite::projections
