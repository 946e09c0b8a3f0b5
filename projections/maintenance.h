// Planned times in which maps rest: what is planned, and what is under way.
#pragma once

#include <map>
#include <set>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

struct plan_row {
  link_id link;
  maintenance_terms terms;
  definition_owner owner = definition_owner::hand;
  instant announced;      // the begin of the time that people were told of last
  instant begun;          // the begin of the last time that came
  sequence open;          // its MaintenanceBegun; none between times
  instant ends;           // when that one is over
  std::set<map_id> held;  // maps that it paused and that nobody resumed since
  DW_FIELDS(link, terms, owner, announced, begun, open, ends, held);
};

// Fed by the plans' events, and by what becomes of the maps that they paused.
struct maintenance {
  static constexpr std::string_view name = "maintenance";
  static constexpr int version = 1;

  std::map<plan_id, plan_row> plans;
  DW_FIELDS(plans);

  void fold(event_view const& event);
};

}  // namespace dualwrite::projections
