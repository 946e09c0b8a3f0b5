#include "projections/maintenance.h"

namespace dualwrite::projections {
namespace {

struct maintenance_fold {
  maintenance& view;
  event_view const& event;

  template <class Change>
  void change(plan_id id, Change const& apply) {
    auto const found = view.plans.find(id);
    if (found != view.plans.end()) apply(found->second);
  }
  void let_go(map_id map) {
    for (auto& [id, row] : view.plans) row.held.erase(map);
  }

  void operator()(MaintenancePlanned const& e) {
    auto& row = view.plans[plan_id{event.at.value}];
    row.link = e.link;
    row.terms = terms_as<std::string>(e);
    row.owner = e.owner;
  }
  // Other times are announced anew.
  void operator()(MaintenanceChanged const& e) {
    change(e.plan, [&](plan_row& row) {
      row.terms = terms_as<std::string>(e);
      row.announced = {};
    });
  }
  void operator()(OwnerChanged const& e) {
    change(e.plan, [&](plan_row& row) { row.owner = e.owner; });
  }
  void operator()(MaintenanceDeleted const& e) { view.plans.erase(e.plan); }
  void operator()(MaintenanceAnnounced const& e) {
    change(e.plan, [&](plan_row& row) { row.announced = e.begins; });
  }
  void operator()(MaintenanceBegun const& e) {
    change(e.plan, [&](plan_row& row) {
      row.begun = e.begins;
      row.ends = e.ends;
      row.open = event.at;
    });
  }
  void operator()(MaintenanceEnded const& e) {
    change(e.plan, [&](plan_row& row) {
      row.open = {};
      row.held.clear();
    });
  }
  void operator()(PauseRequested const& e) {
    for (auto& [id, row] : view.plans) {
      if (row.open && row.open == event.from.cause) row.held.insert(e.map);
    }
  }
  void operator()(MapResumed const& e) { let_go(e.map); }
  void operator()(MapStopped const& e) { let_go(e.map); }
  template <class Other>
  void operator()(Other const&) {}
};

}  // namespace

void maintenance::fold(event_view const& event) {
  std::visit(maintenance_fold{*this, event}, event.body);
}

}  // namespace dualwrite::projections
