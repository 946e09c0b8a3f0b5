// How long a map has been running: time that stands still while it does not.
#pragma once

#include "events/fields.h"
#include "events/instant.h"

namespace dualwrite::projections {

struct run_clock {
  std::int64_t ran_us = 0;  // before `since`
  instant since;
  bool runs = false;
  DW_FIELDS(ran_us, since, runs);

  std::int64_t at(instant now) const { return ran_us + (runs ? (now - since).count() : 0); }
  // When it will have come that far, if it goes on running.
  instant when(std::int64_t wanted_us) const { return since + duration(wanted_us - ran_us); }

  void start(instant now) {
    if (runs) return;
    since = now;
    runs = true;
  }
  void halt(instant now) {
    ran_us = at(now);
    runs = false;
  }
};

}  // namespace dualwrite::projections
