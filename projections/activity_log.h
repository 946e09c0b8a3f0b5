// What happened to each table map, in order, as its admin reads it: one entry for each step of its
// life, and one for each run of errors of the same kind.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

struct activity_row {
  sequence at;    // the (first) event
  sequence last;  // the last event of a run of errors
  instant since, until;
  event_type type = event_type::none;
  std::uint32_t count = 1;
  std::string actor;
  sequence correlation;
  std::string text;
  DW_FIELDS(at, last, since, until, type, count, actor, correlation, text);
};

// Fed by every event of a map's stream that an admin would want to see.
struct activity_log {
  static constexpr std::string_view name = "activity_log";
  static constexpr int version = 2;

  std::map<map_id, std::vector<activity_row>> rows;
  DW_FIELDS(rows);

  void fold(event_view const& event);
};

}  // namespace dualwrite::projections
