// Two applications with a table of customers each and one map between them: what most scenarios
// begin with.
#pragma once

#include <cstdint>
#include <string>

#include "tests/simulation/world.h"

namespace dualwrite::simulation {

// Columns id (the key) and name.
[[nodiscard]] table_schema customer_table();
[[nodiscard]] engine::map_definition customer_map(engine::conflict_policy conflict);

[[nodiscard]] row_values customer(std::int64_t id, std::string name);
[[nodiscard]] engine::row_change put(std::int64_t id, std::string name);
[[nodiscard]] engine::row_change gone(std::int64_t id);

struct customers {
  explicit customers(engine::engine_settings settings = {});

  // Fails the test where the engine refuses.
  sequence submit(engine::command wish);
  // Tells the engine of the apps, the link and the map.
  void define(engine::conflict_policy conflict = engine::conflict_policy::left_wins);
  // The same, and has the map run.
  void start();

  projections::map_state state() const { return here.views().status.find(map)->state; }
  [[nodiscard]] bool comes_to(projections::map_state state);
  void user(engine::memory_app& app, engine::row_change change);
  [[nodiscard]] bool are_equal();
  [[nodiscard]] bool become_equal();
  std::map<row_values, row_values> const& rows(engine::memory_app& app);
  std::size_t count(event_type type) const;
  std::int64_t queued() const;
  // What came in is settled, parked or in the queue, and the views are those that the log gives.
  void expect_conserved();

  world here;
  engine::map_definition definition;
  link_id link;
  map_id map;
};

}  // namespace dualwrite::simulation
