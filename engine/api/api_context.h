// What every route works on.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <string>
#include <vector>

#include "engine/api/api_request.h"
#include "engine/config/server_config.h"
#include "engine/flow/engine.h"
#include "events/store/head_key.h"
#include "events/store/log_backup.h"

namespace dualwrite::engine {

// Lifetime: outlives the server.
// Threads: the engine strand; `verify` also from the pool.
struct api_context {
  engine& core;
  event_log const& log;
  clock& time;
  time_zones const& zones;
  boost::asio::thread_pool& pool;
  head_key const& signing;
  std::function<result<backup_report>(std::string const& folder)> back_up;
  // Says which of the views were in another state.
  std::function<async<projections::view_set>(projections::view_set which)> rebuild;
  std::string config_path{};  // of the file that the server was started with
  instant started{};
  bool sends_mail = false;
  std::vector<std::string> webhooks{};  // that the file names

  projections::views const& views() const { return core.views(); }
};

}  // namespace dualwrite::engine
