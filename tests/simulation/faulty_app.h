// What stands between the engine and an application: a network that loses things, and a machine
// that crashes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/connectors/memory/memory_app.h"
#include "projections/map_status.h"

namespace dualwrite::simulation {

enum class fault_site : std::uint8_t {
#define DW_FAULT(name, text) name,
#include "tests/simulation/faults.def"
#undef DW_FAULT
};
inline constexpr std::size_t fault_sites = 0
#define DW_FAULT(name, text) +1
#include "tests/simulation/faults.def"
#undef DW_FAULT
    ;
[[nodiscard]] std::string_view name_of(fault_site site);

// What the engine asks of an app; `none` where a fault strikes while it asks for nothing.
enum class app_call : std::uint8_t {
  describe,
  count,
  open,
  end,
  next,
  acknowledge,
  chunk,
  lane,
  apply,
  none,
};

// How often each fault struck, by the calls that were under way, and by what each map was doing.
class fault_coverage {
 public:
  void note(fault_site site, projections::map_state doing) { ++by_state_[{site, doing}]; }
  void note(fault_site site, app_call met) { ++by_call_[{site, met}]; }
  void add(fault_coverage const& other);
  std::uint64_t count(fault_site site) const;
  // Two tables of one row a fault: one column a call, one column a state.
  [[nodiscard]] std::string tables() const;

 private:
  std::map<std::pair<fault_site, projections::map_state>, std::uint64_t> by_state_;
  std::map<std::pair<fault_site, app_call>, std::uint64_t> by_call_;
};

// Passes calls on as they are until a fault is asked for; the same seed and calls give the same
// faults.
// Lifetime: outlives the engine; what a crashed engine had asked for may still arrive.
// Threads: one.
class faulty_app final : public engine::source_app, public engine::target_app {
 public:
  faulty_app(engine::memory_app& app, engine::clock& time, std::uint64_t seed);

  // A crash of the engine is not its matter. `restored` happens at once, the others at the next
  // call that they can strike, or the next of that kind.
  void ask_for(fault_site site, std::optional<app_call> at = std::nullopt);
  // It does not answer until then.
  void stay_away_until(instant when) { away_until_ = when; }
  // Nothing more happens; whoever is away is back.
  void heal();
  // Told of each fault with the calls that it met.
  std::function<void(fault_site, std::span<app_call const>)> struck;
  // What the engine waits for just now; never empty: `none` is in it where there is nothing.
  [[nodiscard]] std::vector<app_call> under_way() const;
  // No app is away, and no reply late, for longer.
  duration longest = std::chrono::seconds(2);
  // The most that a request or a reply is on its way, each; nothing: all calls end at once.
  duration latency{};

  // Batches that were given up and arrive now.
  [[nodiscard]] std::vector<std::shared_ptr<engine::target_batch const>> arrived();
  engine::memory_app& app() { return app_; }

  [[nodiscard]] engine::async<void> check() override;
  [[nodiscard]] engine::async<table_schema> describe(std::string table) override;
  [[nodiscard]] engine::async<std::vector<std::string>> referred_tables(std::string table) override;
  [[nodiscard]] engine::async<std::vector<engine::obstacle>> find_obstacles(
      engine::table_use use) override;
  [[nodiscard]] engine::async<std::uint64_t> count_rows(std::string table) override;
  [[nodiscard]] engine::async<source_position> open_capture(
      std::vector<engine::captured_table> tables,
      std::optional<engine::source_progress> known) override;
  [[nodiscard]] engine::async<void> end_capture() override;
  [[nodiscard]] engine::async<std::vector<engine::captured_transaction>> next(
      std::size_t limit, duration patience) override;
  [[nodiscard]] engine::async<void> acknowledge(source_position captured) override;
  [[nodiscard]] engine::async<engine::chunk> read_chunk(engine::chunk_request request) override;
  [[nodiscard]] engine::async<std::vector<row_values>> split(engine::split_request wish) override;
  [[nodiscard]] engine::async<std::vector<engine::lane_row>> open_lanes(
      std::vector<engine::lane_opening> lanes) override;
  [[nodiscard]] engine::async<std::vector<engine::write_result>> apply(
      engine::target_batch batch) override;
  [[nodiscard]] bool takes_parts() const override { return app_.takes_parts(); }
  [[nodiscard]] engine::async<void> give_up(engine::lane_key lane) override;
  [[nodiscard]] engine::async<void> detach(log_id log,
                                           std::vector<engine::link_way> staying) override;

 private:
  struct late_batch {
    instant when;
    std::shared_ptr<engine::target_batch const> batch;
  };
  // One call, as long as it lasts: an engine that crashes ends its calls.
  struct visit {
    visit(faulty_app& port, app_call call) : app(port), what(call) { ++app.calls_[what]; }
    visit(visit const&) = delete;
    visit& operator=(visit const&) = delete;
    ~visit() { --app.calls_[what]; }
    faulty_app& app;
    app_call const what;
  };
  [[nodiscard]] engine::async<void> request(visit const& call, error_code when_lost);
  [[nodiscard]] engine::async<void> reply(visit const& call, error_code when_lost);
  bool strikes(fault_site site, std::span<app_call const> met);
  [[nodiscard]] engine::async<void> travel();
  duration some_time();
  void go_away() { away_until_ = time_.now() + some_time(); }

  engine::memory_app& app_;
  engine::clock& time_;
  std::mt19937_64 chance_;
  std::optional<fault_site> asked_;
  std::optional<app_call> asked_at_;
  instant away_until_;
  std::vector<late_batch> late_;
  std::map<app_call, int> calls_;
};

}  // namespace dualwrite::simulation
