#include "projections/outages.h"

#include "projections/delivery.h"

namespace dualwrite::projections {
namespace {

struct outages_fold {
  outages& view;
  event_view const& event;

  void operator()(AttemptFailed const& e) {
    auto& row = e.lane == no_lane ? view.read[{e.link, source_of(e.way)}]
                                  : view.written[{e.link, target_of(e.way)}];
    if (row.attempts++ == 0) row.since = event.recorded_at;
    row.app = e.app;
    row.last = event.recorded_at;
    row.kind = e.kind;
    row.code = e.code;
    row.text = e.text;
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
