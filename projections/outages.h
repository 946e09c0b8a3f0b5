// Apps that do not answer: since when, how often they were tried, and what came back last.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

struct outage_row {
  app_id app;
  instant since, last;
  std::uint64_t attempts = 0;
  fault_class kind = fault_class::none;
  std::string code, text;
  DW_FIELDS(app, since, last, attempts, kind, code, text);
};

// Fed by AttemptFailed, and by what shows that the app answers again: CaptureStarted where it is
// read, LaneOpened and RecordsApplied where it is written to.
struct outages {
  static constexpr std::string_view name = "outages";
  static constexpr int version = 1;

  std::map<std::pair<link_id, side>, outage_row> read, written;
  DW_FIELDS(read, written);

  void fold(event_view const& event);
};

}  // namespace dualwrite::projections
