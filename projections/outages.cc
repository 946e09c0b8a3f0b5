#include "projections/outages.h"

#include "projections/delivery.h"

namespace dualwrite::projections {
namespace {

struct outages_fold {
  outages& view;
  event_view const& event;

  template <class Failure>
  void note(Failure const& e, outage_row& row) {
    if (row.attempts++ == 0) row.since = event.recorded_at;
    row.app = e.app;
    row.last = event.recorded_at;
    row.kind = e.kind;
    row.code = e.code;
    row.text = e.text;
  }
  void operator()(AttemptFailed const& e) {
    note(e,
         e.lane == no_lane ? view.read[{e.link, source_of(e.way)}]
                           : view.written[{e.link, target_of(e.way)}]);
    auto const away = view.away.find(e.app);
    if (away != view.away.end()) note(e, away->second.outage);
  }
  void operator()(AppUnreachable const& e) {
    auto& row = view.away[e.app];
    row.link = e.link;
    row.way = e.way;
    row.lane = e.lane;
    note(e, row.outage);
  }
  void operator()(AppRecovered const& e) {
    view.away.erase(e.app);
    auto const is_its = [&](auto const& one) { return one.second.app == e.app; };
    std::erase_if(view.read, is_its);
    std::erase_if(view.written, is_its);
  }
  void operator()(LinkDeleted const& e) {
    std::erase_if(view.away, [&](auto const& one) { return one.second.link == e.link; });
  }
  void operator()(CaptureStarted const& e) { view.read.erase({e.link, e.of}); }
  void operator()(LaneOpened const& e) { view.written.erase({e.link, target_of(e.way)}); }
  void operator()(RecordsApplied const& e) { view.written.erase({e.link, target_of(e.way)}); }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

void outages::fold(event_view const& event) {
  std::visit(outages_fold{*this, event}, event.body);
}

}  // namespace dualwrite::projections
