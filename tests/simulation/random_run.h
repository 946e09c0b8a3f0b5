// Random users on both sides, random admins, random crashes of the engine. Whatever happens: in the
// end both sides are equal but for the keys that an admin gave up, and every record is accounted
// for.
#pragma once

#include <functional>
#include <random>
#include <string>

#include "tests/simulation/world.h"

namespace dualwrite::simulation {

// Rules of the right app's own.
enum class app_rules : std::uint8_t {
  none,
  rewriting,  // about every tenth value is made into another
  refusing,   // about every tenth value is refused, until somebody lifts the rule
  stamping,   // each row that is written gets another value in the column `stamp`
};

struct random_options {
  app_rules rules = app_rules::none;
  engine::flow_faults faults;
  engine::sequencer_faults commit_faults;
  bool checks_anchor = true;
  // A column `note` that an update sends only where it changes.
  bool large_column = false;
  // Columns that are written one way each, and that the users of their own side change.
  bool one_way_columns = false;
  // An alert rule that pauses the map when so many errors come in a short time; 0: none.
  std::uint32_t alert_after = 0;
  std::size_t rounds = 60;
  std::size_t edits_max = 3;  // of rows in one transaction of a user
  engine::flow_options flow;
  // What else happens to the world: before each round, and before everything comes to rest.
  std::function<void(world&)> before_round;
  std::function<void(world&)> before_rest;
};

// One run of one seed, which gives the same log wherever and whenever it runs.
class random_run {
 public:
  random_run(std::uint64_t seed, random_options options);
  // What is wrong in the end, or nothing.
  [[nodiscard]] std::string run();
  event_log const& log() const { return here_.log(); }
  std::size_t steps() const { return here_.steps(); }
  // Of batches that the apps were given in parts, but for the last of each.
  std::size_t parts_written() const { return parts_written_; }
  fault_coverage const& coverage() const { return here_.coverage; }

 private:
  std::uint64_t draw(std::uint64_t below) { return chance_() % below; }
  engine::engine_settings settings();
  void add_tables();
  row_values new_row(engine::memory_app& app, std::int64_t id);
  void define();
  void add_rule(link_id link);
  void ask(engine::command wish);
  void ask_for_nonsense();
  void watch_order(engine::memory_app& app, side of);
  void edit();
  void act();
  void stop_map();
  void rerun();
  void resume();
  void delete_one_parked();
  void crash();
  bool bring_to_rest();
  std::string unrest();
  [[nodiscard]] std::string compare();
  [[nodiscard]] bool is_given_up(std::string const& key) const;
  [[nodiscard]] std::string check();

  random_options options_;
  std::mt19937_64 chance_;
  bool refuses_ = true;
  bool discards_ = false;
  bool removes_ = true;
  bool was_stopped_ = false;
  bool lost_ = false;
  world here_;
  map_id map_;
  std::uint64_t written_ = 0;
  std::uint64_t stamps_ = 0;
  std::size_t parts_written_ = 0;
  std::string wrong_;
  std::map<std::uint64_t, side> made_on_;                           // each value is made once
  std::map<std::pair<side, row_values>, std::uint64_t> delivered_;  // the last by a lane
};

}  // namespace dualwrite::simulation
