#include "tests/simulation/world.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <limits>

#include "events/assert.h"
#include "replay/rebuild.h"

namespace dualwrite::simulation {
namespace {

// More of them at one instant are no work any more.
constexpr std::size_t handlers_max = 500'000;

}  // namespace

engine::async<log_head> simulated_log::append(engine::shared_events events,
                                              instant recorded_at,
                                              sequence expected) {
  auto const begun = log_->begin_append(*events, recorded_at, expected);
  if (!begun) co_return begun.error();
  auto const until = time_.now() + std::chrono::microseconds(300);
  DW_CO_CHECK(co_await time_.sleep_until(until));
  co_return log_->sync_next();
}

world::world(engine::engine_settings settings)
    : settings_(settings), disk_(std::make_shared<memory_event_log>(log_id{7})) {
  left_port.struck = right_port.struck = [this](fault_site site, std::span<app_call const> met) {
    note(site, met);
  };
  start();
}

world::~world() {
  kill();
}

// Ends the engine as a killed process ends: nothing of it runs any more. What waits is unwound
// last, by its executor.
void world::kill() {
  engine_->abandon();
  time.forget();
  engine_.reset();
  io_.reset();
}

void world::start() {
  io_ = std::make_unique<boost::asio::io_context>(1);
  log_ = std::make_unique<simulated_log>(time, disk_);
  auto views = replay::rebuild(*disk_);
  DW_ASSERT(views.has_value());
  std::map<std::string, engine::app_ports> apps{{"left", {&left_port, &left_port}},
                                                {"right", {&right_port, &right_port}}};
  engine_ = std::make_unique<engine::engine>(
      io_->get_executor(), *log_, time, zones, std::move(apps), settings_, std::move(*views));
  engine_->start();
}

void world::crash_and_restart(std::size_t unsynced_bytes_kept) {
  auto met = left_port.under_way();
  for (auto const call : right_port.under_way()) met.push_back(call);
  note(fault_site::engine_crash, met);
  restart_on(disk_->crash({unsynced_bytes_kept, false}));
}

void world::restart_on(memory_disk disk) {
  kill();
  auto reopened = memory_event_log::reopen(std::move(disk));
  DW_ASSERT(reopened.has_value());
  disk_ = std::move(reopened->log);
  start();
}

void world::note(fault_site site, std::span<app_call const> met) {
  for (auto const call : met) coverage.note(site, call);
  for (auto const& [map, row] : views().status.maps) coverage.note(site, row.state);
}

// What a network held back reaches the app, whatever became of its sender.
void world::let_arrive(faulty_app& port) {
  for (auto const& batch : port.arrived()) {
    auto write = [&app = port.app(), batch]() -> boost::asio::awaitable<void> {
      (void)co_await app.apply(*batch);
    };
    boost::asio::co_spawn(*io_, write, boost::asio::detached);
  }
}

void world::restart_without_newest_block(bool checks_anchor) {
  auto const whole = disk_->crash({std::numeric_limits<std::size_t>::max(), false});
  kill();
  auto cut = whole;
  if (!cut.blocks.empty()) cut.blocks.pop_back();
  auto reopened = memory_event_log::reopen(std::move(cut), {checks_anchor});
  if (!reopened) reopened = memory_event_log::reopen(whole);
  DW_ASSERT(reopened.has_value());
  disk_ = std::move(reopened->log);
  start();
}

void world::step() {
  ++steps_;
  let_arrive(left_port);
  let_arrive(right_port);
  settle();
  time.advance();
  settle();
}

// All that can happen without time. What never ends without time would hang a real engine as well.
void world::settle() {
  std::size_t done = 0;
  while (spins_.code == error_code::ok && io_->poll_one() > 0) {
    if (++done > handlers_max)
      spins_ = error{error_code::timed_out, "the engine spins without waiting for anything"};
  }
  io_->restart();
}

void world::run(std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) step();
}

bool world::run_until(std::function<bool()> const& done, std::size_t steps_max) {
  for (std::size_t i = 0; i < steps_max; ++i) {
    if (done()) return true;
    if (failure().code != error_code::ok) return false;
    step();
  }
  return done();
}

result<sequence> world::submit(engine::command wish) {
  auto answer = std::make_shared<std::optional<result<sequence>>>();
  auto ask = [this, wish, answer]() -> boost::asio::awaitable<void> {
    std::string actor = "ann";
    *answer = co_await engine_->submit(wish, actor);
  };
  boost::asio::co_spawn(*io_, ask, boost::asio::detached);
  run_until([&] { return answer->has_value(); });
  return answer->value_or(result<sequence>(error{error_code::stopped}));
}

}  // namespace dualwrite::simulation
