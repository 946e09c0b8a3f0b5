// The apps of a configuration, each behind the connector that it names.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/config/server_config.h"
#include "engine/flow/engine.h"
#include "events/store/event_log.h"
#include "projections/views.h"

namespace dualwrite::engine {

// The names under which the log came to know apps that the configuration calls otherwise by now.
using first_names = std::map<std::string, std::string>;
// Errors: those of reading the log.
[[nodiscard]] result<first_names> first_names_of(event_log const& log,
                                                 projections::views const& state,
                                                 server_config const& config);

// What they put into an app to capture it is named by `log` and the app's first name.
//
// Lifetime: outlives whoever uses its ports; `pool` is joined before it ends.
// Threads: the engine strand.
class app_shelf {
 public:
  app_shelf(boost::asio::any_io_executor strand,
            boost::asio::thread_pool& pool,
            server_config const& config,
            log_id log,
            first_names const& names);
  ~app_shelf();

  std::map<std::string, app_ports> const& ports() const { return ports_; }

 private:
  std::vector<std::unique_ptr<source_app>> apps_;
  std::map<std::string, app_ports> ports_;
};

}  // namespace dualwrite::engine
