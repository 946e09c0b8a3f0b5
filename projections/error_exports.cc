#include "projections/error_exports.h"

namespace dualwrite::projections {
namespace {

struct error_exports_fold {
  error_exports& view;
  event_view const& event;

  void operator()(ErrorExportFailed const& e) {
    view.failed[e.map] = {std::string(e.file), std::string(e.detail), event.recorded_at};
  }
  void operator()(ParkedPurged const& e) { view.failed.erase(e.map); }
  void operator()(MapChanged const& e) { view.failed.erase(e.map); }
  void operator()(MapStopped const& e) { view.failed.erase(e.map); }
  void operator()(MapDeleted const& e) { view.failed.erase(e.map); }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

void error_exports::fold(event_view const& event) {
  std::visit(error_exports_fold{*this, event}, event.body);
}

}  // namespace dualwrite::projections
