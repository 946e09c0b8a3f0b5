// Announces, begins and ends planned maintenance at its times.
#pragma once

#include "engine/decide/maintenance_decider.h"
#include "engine/flow/sequencer.h"
#include "engine/ports/time_zones.h"

namespace dualwrite::engine {

// Guarantees: a time that came while the engine was away begins when it is back, if it is not over
// by then; one that was under way ends then. Nothing is announced or begun twice.
// Errors: run() ends with an error only where the engine must stop.
// Lifetime: outlived by log, clock and zones.
// Threads: the engine strand.
class maintenance_watch {
 public:
  maintenance_watch(boost::asio::any_io_executor executor,
                    sequencer& log,
                    clock& time,
                    time_zones const& zones);
  ~maintenance_watch();
  [[nodiscard]] async<void> run();

 private:
  struct due {
    plan_id plan;
    maintenance_step step;
  };
  std::optional<due> next() const;

  sequencer& log_;
  clock& time_;
  time_zones const& zones_;
  bell wake_;
};

// The first time of a plan that is not over at `now` and begins behind `begun`; none where there
// is no more, or where its zone is not known.
[[nodiscard]] std::optional<maintenance_time> coming_time(maintenance_terms const& terms,
                                                          instant begun,
                                                          instant now,
                                                          time_zones const& zones);

}  // namespace dualwrite::engine
