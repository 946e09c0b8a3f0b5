#include "projections/queue_levels.h"

namespace dualwrite::projections {
namespace {

struct queue_levels_fold {
  queue_levels& view;

  void operator()(QueueLevelChanged const& e) {
    if (e.percent == 0) {
      view.percent.erase(e.map);
    } else {
      view.percent[e.map] = e.percent;
    }
  }
  void operator()(MapStopped const& e) { view.percent.erase(e.map); }
  void operator()(MapDeleted const& e) { view.percent.erase(e.map); }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

void queue_levels::fold(event_view const& event) {
  std::visit(queue_levels_fold{*this}, event.body);
}

std::uint32_t queue_levels::of(map_id map) const {
  auto const found = percent.find(map);
  return found == percent.end() ? 0 : found->second;
}

}  // namespace dualwrite::projections
