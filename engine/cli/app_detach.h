// Takes out of an app what this log has put into it.
#pragma once

#include <string>
#include <vector>

#include "engine/config/server_config.h"
#include "engine/ports/lane.h"
#include "events/store/rocks_event_log.h"
#include "projections/views.h"

namespace dualwrite::engine {

// An app that nothing is done with: of a server that does not run, and none of its maps does.
//
// Lifetime: holds the log's lock until its end; outlived by the configuration.
// Threads: run() blocks its own until the app has answered.
class app_detach {
 public:
  // Errors: `unknown_app`; `still_used` with the maps that have to be stopped first; those of
  // opening the log, `log_locked` while a server has it.
  [[nodiscard]] static result<app_detach> prepare(server_config const& config,
                                                  std::string const& app);

  // Nothing is known in the log then of what the app holds (AppDetached), and a map that is run
  // again begins with an initial sync.
  // Errors: those of the app; what it holds may be taken out in part then: run it again.
  [[nodiscard]] result<void> run();

 private:
  app_detach(server_config const& config, std::string app, opened<rocks_event_log> log);
  [[nodiscard]] std::string maps_in_use() const;
  [[nodiscard]] std::vector<link_way> lanes_elsewhere() const;
  [[nodiscard]] result<void> ask_app() const;
  [[nodiscard]] result<void> tell_log();

  server_config const* config_;
  std::string name_;
  opened<rocks_event_log> log_;
  projections::views state_;
  app_id app_;  // zero where the log does not know it
};

}  // namespace dualwrite::engine
