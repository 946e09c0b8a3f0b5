// Two applications, a log and an engine between them, in virtual time. The engine can crash at any
// step; the rest goes on.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/connectors/memory/memory_app.h"
#include "engine/flow/engine.h"
#include "engine/runtime/system_time_zones.h"
#include "events/store/memory_event_log.h"
#include "tests/simulation/faulty_app.h"
#include "tests/simulation/virtual_clock.h"

namespace dualwrite::simulation {

// The log behind the engine's port: an append takes its time, and a crash may fall inside it.
class simulated_log final : public engine::durable_log {
 public:
  simulated_log(virtual_clock& time, std::shared_ptr<memory_event_log> log)
      : time_(time), log_(std::move(log)) {}
  [[nodiscard]] engine::async<log_head> append(engine::shared_events events,
                                               instant recorded_at,
                                               sequence expected) override;
  [[nodiscard]] event_log const& log() const override { return *log_; }

 private:
  virtual_clock& time_;
  std::shared_ptr<memory_event_log> log_;
};

class world {
 public:
  explicit world(engine::engine_settings settings = {});
  ~world();

  virtual_clock time;
  engine::system_time_zones zones;
  engine::memory_app left{time};
  engine::memory_app right{time};
  // What the engine sees of them.
  faulty_app left_port{left, time, 1};
  faulty_app right_port{right, time, 2};
  fault_coverage coverage;

  // Moves everything on until `done`, at most so many steps. False where it was not done by then.
  bool run_until(std::function<bool()> const& done, std::size_t steps_max = 20'000);
  void run(std::size_t steps);
  std::size_t steps() const { return steps_; }

  [[nodiscard]] result<sequence> submit(engine::command wish);
  // The engine's process ends here and now, and is started again on what the disk kept.
  void crash_and_restart(std::size_t unsynced_bytes_kept);
  // What is on the disk if the process ends now.
  memory_disk disk() const { return disk_->crash({}); }
  // The same as a crash, and somebody has exchanged the log when it starts.
  void restart_on(memory_disk disk);
  // A crash, and the newest file of the log is missing when it starts. That must be refused, by
  // the anchor; the file is then found again. Without the check nobody notices.
  void restart_without_newest_block(bool checks_anchor);

  projections::views const& views() const { return engine_->views(); }
  error const& failure() const {
    return spins_.code == error_code::ok ? engine_->failure() : spins_;
  }
  event_log const& log() const { return log_->log(); }
  engine::engine& core() { return *engine_; }
  boost::asio::io_context& io() { return *io_; }

 private:
  void start();
  void kill();
  void step();
  void settle();
  void let_arrive(faulty_app& port);
  void note(fault_site site, std::span<app_call const> met);

  engine::engine_settings settings_;
  std::size_t steps_ = 0;
  error spins_;
  std::unique_ptr<boost::asio::io_context> io_;
  std::shared_ptr<memory_event_log> disk_;
  std::unique_ptr<simulated_log> log_;
  std::unique_ptr<engine::engine> engine_;
};

}  // namespace dualwrite::simulation
