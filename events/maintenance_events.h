// Planned times in which maps rest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/event_types.h"
#include "events/fields.h"
#include "events/ids.h"
#include "events/instant.h"

namespace dualwrite {

// What a maintenance plan says; Text as in basic_alert_terms. The two times are of the place: what
// its clocks show, counted as if it were UTC.
template <class Text>
struct basic_maintenance_terms {
  Text name{};
  instant pause_at, resume_at;
  Text zone{};  // of the time zone database: "Europe/Berlin"
  repetition repeat = repetition::once;
  std::vector<map_id> maps{};  // none: all of the link
  Text notify{};
  Text webhooks{};
  std::uint64_t announce_us = 0;  // so long before people are told; zero: they are not
  DW_FIELDS(name, pause_at, resume_at, zone, repeat, maps, notify, webhooks, announce_us);

  friend bool operator==(basic_maintenance_terms const&, basic_maintenance_terms const&) = default;
};

using maintenance_terms = basic_maintenance_terms<std::string>;
using maintenance_terms_view = basic_maintenance_terms<std::string_view>;

template <class To, class From>
[[nodiscard]] basic_maintenance_terms<To> terms_as(basic_maintenance_terms<From> const& from) {
  return {To(from.name),
          from.pause_at,
          from.resume_at,
          To(from.zone),
          from.repeat,
          from.maps,
          To(from.notify),
          To(from.webhooks),
          from.announce_us};
}

struct MaintenancePlanned : maintenance_terms_view {
  link_id link;
  definition_owner owner = definition_owner::hand;
  DW_FIELDS(
      link, name, pause_at, resume_at, zone, repeat, maps, notify, webhooks, announce_us, owner);
};
struct MaintenanceChanged : maintenance_terms_view {
  plan_id plan;
  DW_FIELDS(plan, name, pause_at, resume_at, zone, repeat, maps, notify, webhooks, announce_us);
};
struct MaintenanceDeleted {
  plan_id plan;
  DW_FIELDS(plan);
};

// One of its times comes.
struct MaintenanceAnnounced {
  plan_id plan;
  instant begins, ends;
  DW_FIELDS(plan, begins, ends);
};
// The maps at work are asked to pause in the same commit.
struct MaintenanceBegun {
  plan_id plan;
  instant begins, ends;
  DW_FIELDS(plan, begins, ends);
};
// The maps that it paused, and that still are, are asked to resume in the same commit.
struct MaintenanceEnded {
  plan_id plan;
  sequence begun;
  DW_FIELDS(plan, begun);
};

}  // namespace dualwrite
