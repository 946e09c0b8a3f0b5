// What each table map is: its definition, its status, and the action that is at work on it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

// The status that people see is `status_name`; `idle` and `holding` are both Not running. Never
// renumber.
enum class map_state : std::uint8_t {
  idle = 0,          // nothing is captured
  holding = 1,       // after an initial sync with errors, or without them: capture goes on
  initializing = 2,  // initial sync runs, then what was captured meanwhile is applied
  running = 3,
  paused = 4,
  resuming = 5,
};
[[nodiscard]] std::string_view status_name(map_state state);

struct map_row {
  link_id link;
  std::string name;
  std::string definition;
  sequence defined_at;  // the event that the definition came with
  std::uint32_t version = 1;
  definition_owner owner = definition_owner::hand;
  map_state state = map_state::idle;
  instant since;

  // The request at work, if any; and the last one that was answered.
  sequence pending;
  event_type pending_kind = event_type::none;
  run_mode pending_mode = run_mode::automatic;
  resume_mode pending_resume = resume_mode::in_order;
  sequence answered;
  std::uint16_t answered_code = 0;
  std::string answered_detail;

  // The last initial sync; it is open until it has completed or the map is stopped.
  execution_id execution;
  bool execution_open = false;
  bool initial_sync_done = false;  // since the last stop, so that Run may go on from where it was
  side master = side::left;
  sequence park_until;  // what was captured up to here is parked, not delivered

  rule_id paused_by;
  std::string reason;

  DW_FIELDS(link,
            name,
            definition,
            defined_at,
            version,
            owner,
            state,
            since,
            pending,
            pending_kind,
            pending_mode,
            pending_resume,
            answered,
            answered_code,
            answered_detail,
            execution,
            execution_open,
            initial_sync_done,
            master,
            park_until,
            paused_by,
            reason);

  bool captures() const { return state != map_state::idle; }
};

struct link_row {
  std::string name;
  app_id left, right;
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(name, left, right, owner);

  app_id app(side of) const { return of == side::left ? left : right; }
};

// A table as an app described it; record images refer to it.
struct schema_row {
  app_id app;
  std::string table;
  std::string schema;
  DW_FIELDS(app, table, schema);
};

// Fed by the definitions' and the life cycle's events. One row a map, a link, an app.
struct map_status {
  static constexpr std::string_view name = "map_status";
  static constexpr int version = 5;

  std::map<map_id, map_row> maps;
  std::map<link_id, link_row> links;
  std::map<app_id, std::string> apps;
  std::map<app_id, std::string> connectors;
  std::map<schema_id, schema_row> schemas;
  std::map<app_id, std::map<std::string, schema_id, std::less<>>> newest_schemas;  // by table
  DW_FIELDS(maps, links, apps, connectors, schemas, newest_schemas);

  void fold(event_view const& event);
  map_row const* find(map_id map) const;
  // The newest schema of a table; zero where none was observed.
  schema_id schema_of(app_id app, std::string_view table) const;
};

}  // namespace dualwrite::projections
