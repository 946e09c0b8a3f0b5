// What stands between the engine and an application: a network that loses things, and a machine
// that crashes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
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

// How often each fault struck, by what a map was doing then.
class fault_coverage {
 public:
  void note(fault_site site, projections::map_state doing) { ++counts_[{site, doing}]; }
  void add(fault_coverage const& other);
  std::uint64_t count(fault_site site) const;
  // One row a fault, one column a state.
  [[nodiscard]] std::string table() const;

 private:
  std::map<std::pair<fault_site, projections::map_state>, std::uint64_t> counts_;
};

// Passes calls on as they are until a fault is asked for; the same seed and calls give the same
// faults.
// Lifetime: outlives the engine; what a crashed engine had asked for may still arrive.
// Threads: one.
class faulty_app final : public engine::source_app, public engine::target_app {
 public:
  faulty_app(engine::memory_app& app, engine::clock& time, std::uint64_t seed);

  // A crash of the engine is not its matter. `restored` happens at once, the others at the next
  // call that they can strike.
  void ask_for(fault_site site);
  // Nothing more happens; whoever is away is back.
  void heal();
  std::function<void(fault_site)> struck;
  // No app is away, and no reply late, for longer.
  duration longest = std::chrono::seconds(2);

  // Batches that were given up and arrive now.
  [[nodiscard]] std::vector<std::shared_ptr<engine::target_batch const>> arrived();
  engine::memory_app& app() { return app_; }

  [[nodiscard]] engine::async<table_schema> describe(std::string table) override;
  [[nodiscard]] engine::async<std::uint64_t> count_rows(std::string table) override;
  [[nodiscard]] engine::async<source_position> open_capture(
      std::vector<std::string> tables, std::optional<source_position> after) override;
  [[nodiscard]] engine::async<std::vector<engine::captured_transaction>> next(
      std::size_t limit, duration patience) override;
  [[nodiscard]] engine::async<void> acknowledge(source_position captured) override;
  [[nodiscard]] engine::async<source_position> head() override;
  [[nodiscard]] engine::async<engine::chunk> read_chunk(engine::chunk_request request) override;
  [[nodiscard]] engine::async<engine::lane_row> open_lane(engine::lane_key lane,
                                                          epoch known) override;
  [[nodiscard]] engine::async<std::vector<engine::write_result>> apply(
      engine::target_batch const& batch) override;

 private:
  struct late_batch {
    instant when;
    std::shared_ptr<engine::target_batch const> batch;
  };
  [[nodiscard]] engine::async<void> request(error_code when_lost);
  [[nodiscard]] engine::async<void> reply(error_code when_lost);
  bool strikes(fault_site site);
  duration some_time();
  void go_away() { away_until_ = time_.now() + some_time(); }

  engine::memory_app& app_;
  engine::clock& time_;
  std::mt19937_64 chance_;
  std::optional<fault_site> asked_;
  instant away_until_;
  std::vector<late_batch> late_;
};

}  // namespace dualwrite::simulation
