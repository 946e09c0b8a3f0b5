// The log on disk behind the engine's port: one thread encodes, another writes what is encoded, so
// that a group is built while the one before it is on its way to the disk.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>

#include "engine/ports/durable_log.h"
#include "events/store/rocks_event_log.h"

namespace dualwrite::engine {

// Errors, guarantees: those of durable_log.
// Lifetime: outlived by the log. Its end waits for the appends at work.
// Threads: the engine strand, and two inside.
class commit_thread final : public durable_log {
 public:
  explicit commit_thread(rocks_event_log& log);
  ~commit_thread() override;
  [[nodiscard]] async<log_head> append(shared_events events,
                                       instant recorded_at,
                                       sequence expected) override;
  [[nodiscard]] event_log const& log() const override { return log_; }

 private:
  rocks_event_log& log_;
  std::atomic<int> unwritten_ = 0;  // groups that are encoded
  boost::asio::thread_pool encoding_;
  boost::asio::thread_pool writing_;
};

}  // namespace dualwrite::engine
