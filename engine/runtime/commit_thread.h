// The log on disk behind the engine's port: appends are made by a thread of their own.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "engine/ports/durable_log.h"

namespace dualwrite::engine {

// Errors, guarantees: those of durable_log.
// Lifetime: outlived by the log. Its end waits for the append at work.
// Threads: the engine strand, and one inside.
class commit_thread final : public durable_log {
 public:
  explicit commit_thread(event_log& log);
  ~commit_thread() override;
  [[nodiscard]] async<log_head> append(std::vector<encoded_event> events,
                                       instant recorded_at,
                                       sequence expected) override;
  [[nodiscard]] event_log const& log() const override { return log_; }

 private:
  event_log& log_;
  boost::asio::thread_pool thread_;
};

}  // namespace dualwrite::engine
