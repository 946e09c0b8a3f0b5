// Customers whose conflicts somebody has to decide.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/decide/conflict_inbox.h"
#include "tests/simulation/refusing.h"

namespace dualwrite::simulation {

using engine::conflict_policy;
using engine::open_conflict;
using engine::open_conflicts;

struct asked : refusing {
  explicit asked(conflict_policy policy = conflict_policy::manual,
                 engine::engine_settings settings = small_steps())
      : refusing(std::move(settings)) {
    define(policy);
    submit(engine::run_map{map});
    EXPECT_TRUE(comes_to(map_state::running)) << to_string(here.failure());
  }
  // Both users change the row while neither app is reached.
  void disagree(std::int64_t id) {
    auto const soon = here.time.now() + std::chrono::milliseconds(20);
    here.left_port.stay_away_until(soon);
    here.right_port.stay_away_until(soon + std::chrono::milliseconds(20));
    user(here.left, put(id, "left"));
    user(here.right, put(id, "right"));
    ASSERT_TRUE(here.run_until([&] { return !open_conflicts(here.views()).empty(); }));
    settle();
  }
  void settle() {
    ASSERT_TRUE(here.run_until([&] { return queued() == 0; }));
    here.run(200);
  }
  open_conflict asked_now() const { return open_conflicts(here.views()).front(); }
  bool is_asked() const { return !open_conflicts(here.views()).empty(); }
  void decide(side keep) {
    auto const one = asked_now();
    submit(engine::resolve_conflict{one.id, keep, one.newest});
  }
  std::string name_in(engine::memory_app& app, std::int64_t id) {
    auto const found = rows(app).find({value::of_int64(id)});
    return found == rows(app).end() ? "" : found->second[1].as_string();
  }
  void expect_both(std::int64_t id, std::string const& name) {
    EXPECT_TRUE(here.run_until([&] {
      return name_in(here.left, id) == name && name_in(here.right, id) == name;
    })) << name_in(here.left, id)
        << " and " << name_in(here.right, id);
    settle();
    EXPECT_EQ(name, name_in(here.left, id));
    EXPECT_EQ(name, name_in(here.right, id));
    EXPECT_FALSE(is_asked());
    expect_whole();
  }
};

}  // namespace dualwrite::simulation
