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

namespace dualwrite::engine {

// What they put into an app to capture it is named by `log`.
//
// Lifetime: outlives whoever uses its ports; `pool` is joined before it ends.
// Threads: the engine strand.
class app_shelf {
 public:
  app_shelf(boost::asio::any_io_executor strand,
            boost::asio::thread_pool& pool,
            server_config const& config,
            log_id log);
  ~app_shelf();

  std::map<std::string, app_ports> const& ports() const { return ports_; }

 private:
  std::vector<std::unique_ptr<source_app>> apps_;
  std::map<std::string, app_ports> ports_;
};

}  // namespace dualwrite::engine
