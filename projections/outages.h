// Apps that did not do what they were asked: since when, how often they were tried, and what came
// back last; and which of them do not answer at all.
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

// An app that is asked nothing but whether it answers again.
struct away_row {
  link_id link;
  direction way = direction::left_to_right;  // whose attempt found it out
  lane_id lane;
  outage_row outage;
  DW_FIELDS(link, way, lane, outage);
};

// Fed by AttemptFailed, and by what shows that the app does again what it is asked: CaptureStarted
// where it is read, LaneOpened and RecordsApplied where it is written to; and by AppUnreachable and
// AppRecovered.
struct outages {
  static constexpr std::string_view name = "outages";
  static constexpr int version = 2;

  std::map<std::pair<link_id, side>, outage_row> read, written;
  std::map<app_id, away_row> away;
  DW_FIELDS(read, written, away);

  void fold(event_view const& event);
};

}  // namespace dualwrite::projections
