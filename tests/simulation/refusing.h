// Customers whose right app refuses some of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "events/row_image.h"
#include "tests/simulation/customers.h"
#include "tests/simulation/invariants.h"

namespace dualwrite::simulation {

using projections::map_state;
using projections::map_way;

inline engine::engine_settings small_steps() {
  engine::engine_settings out;
  out.flow.batch_records_max = 7;
  out.flow.chunk_rows = 5;
  out.flow.retry_records_max = 3;
  out.flow.capture_patience = std::chrono::milliseconds(2);
  return out;
}

inline std::string key(std::int64_t id) {
  return encode_key(row_values{value::of_int64(id)});
}

// The right app refuses what is in `refused`, and counts how often it is asked.
struct refusing : customers {
  explicit refusing(engine::engine_settings settings = small_steps()) : customers(settings) {
    here.right.table("customer").rule =
        [this](row_values const& row) -> std::optional<engine::refusal> {
      auto const id = row[0].as_int64();
      ++asked[id];
      if (!refused.contains(id)) return std::nullopt;
      return engine::refusal{"check_name", "not this one"};
    };
  }

  void fill(std::int64_t count) {
    for (std::int64_t id = 0; id < count; ++id) user(here.left, put(id, "row"));
  }
  void refuse_each(std::int64_t step, std::int64_t count) {
    for (std::int64_t id = 0; id < count; id += step) refused.insert(id);
  }
  void define_with(duration kept) {
    define();
    definition.errors_kept = kept;
    submit(engine::change_map{map, engine::print_definition(definition)});
  }
  map_way way() const { return {map, direction::left_to_right}; }
  std::size_t parked() const { return here.views().parked.count(way()); }
  sequence parked_of(std::int64_t id) const {
    auto const* chain = here.views().parked.chain(way(), key(id));
    return chain == nullptr ? sequence{} : *chain->begin();
  }
  projections::execution_row const& execution() const { return *here.views().progress.of(map); }
  projections::leg_row const& leg() const { return *execution().leg(direction::left_to_right); }
  bool rerun(run_mode which) {
    auto const before = here.views().progress.latest.at(map);
    submit(engine::rerun_sync{map, which});
    return here.run_until([&] {
      return here.views().progress.latest.at(map) != before && !execution().open &&
             !here.views().status.find(map)->pending;
    });
  }
  void expect_whole() {
    expect_conserved();
    EXPECT_EQ("", broken_invariant(here.log()));
    EXPECT_EQ("", here.log().verify().reason);
  }

  std::set<std::int64_t> refused;
  std::map<std::int64_t, std::size_t> asked;
};

}  // namespace dualwrite::simulation
