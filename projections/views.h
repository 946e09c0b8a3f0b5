// All views together: one step forward for each event, in the order of the log.
#pragma once

#include <string>
#include <tuple>

#include "projections/activity_log.h"
#include "projections/alert_windows.h"
#include "projections/archive.h"
#include "projections/commands.h"
#include "projections/conflicts.h"
#include "projections/conservation.h"
#include "projections/delivery.h"
#include "projections/drift.h"
#include "projections/error_exports.h"
#include "projections/maintenance.h"
#include "projections/map_status.h"
#include "projections/mass_deletes.h"
#include "projections/notifications.h"
#include "projections/operations.h"
#include "projections/outages.h"
#include "projections/parked.h"
#include "projections/progress.h"
#include "projections/queue_levels.h"

namespace dualwrite::projections {

struct views {
  map_status status;
  projections::delivery delivery;
  projections::progress progress;
  projections::parked parked;
  projections::conflicts conflicts;
  projections::conservation conservation;
  projections::drift drift;
  projections::activity_log activity;
  alert_windows alerts;
  projections::commands commands;
  projections::outages outages;
  projections::notifications notifications;
  projections::maintenance maintenance;
  projections::operations operations;
  projections::queue_levels queue_levels;
  projections::mass_deletes mass_deletes;
  projections::error_exports error_exports;
  sequence checkpoint;  // up to which event all of them are true
  DW_FIELDS(status,
            delivery,
            progress,
            parked,
            conflicts,
            conservation,
            drift,
            activity,
            alerts,
            commands,
            outages,
            notifications,
            maintenance,
            operations,
            queue_levels,
            mass_deletes,
            error_exports,
            checkpoint);

  void fold(event_view const& event) {
    alerts.fold(event);
    fold_all_but_alerts(event);
  }
  // For the appender: whether a rule fires is decided before its error is in the log, so it has the
  // alert windows ahead of the other views.
  void fold_all_but_alerts(event_view const& event) {
    auto const step = [&](auto&... view) { (view.fold(event), ...); };
    step(status,
         delivery,
         progress,
         parked,
         conflicts,
         conservation,
         drift,
         activity,
         commands,
         outages,
         notifications,
         maintenance,
         operations,
         queue_levels,
         mass_deletes,
         error_exports);
    checkpoint = event.last();
  }
};

}  // namespace dualwrite::projections
