// Random users on both sides, random admins, random crashes: whatever happens, both sides end equal and every record is
// accounted for. A failing seed is printed, and replays.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "replay/rebuild.h"
#include "tests/simulation/history.h"
#include "tests/simulation/world.h"

namespace dualwrite::simulation {
namespace {

// Whether the right app has a rule of its own about every fifth name.
enum class app_rules : std::uint8_t { none, rewriting };

class random_run {
 public:
  random_run(std::uint64_t seed, engine::flow_faults faults, app_rules rules)
      : chance_(seed),
        here_(settings(faults)) {
    table_schema schema;
    schema.table = "customer";
    schema.columns.resize(2);
    schema.columns[0].name = "id";
    schema.columns[0].type = value_type::int64;
    schema.columns[0].nullable = false;
    schema.columns[1].name = "name";
    schema.key = {0};
    here_.left.add_table(schema);
    auto& right = here_.right.add_table(schema);
    if (rules == app_rules::none) return;
    right.trigger = [](row_values& row) {
      auto const& name = row[1].as_string();
      if (name.ends_with("5")) row[1] = value::of_text(name + "!");
    };
  }

  // What is wrong in the end, or nothing.
  std::string run(std::size_t rounds) {
    for (int i = 0; i < 6; ++i) edit();
    define();
    for (std::size_t i = 0; i < rounds; ++i) {
      act();
      here_.run(draw(30));
    }
    auto const wrong = settle();
    if (!wrong.empty() && std::getenv("DW_HISTORY") != nullptr) {
      std::fputs(history(here_.log()).c_str(), stderr);
    }
    return wrong;
  }

 private:
  std::uint64_t draw(std::uint64_t below) { return chance_() % below; }

  engine::engine_settings settings(engine::flow_faults faults) {
    engine::engine_settings out;
    out.faults = faults;
    out.flow.batch_records_max = 1 + draw(8);
    out.flow.chunk_rows = 1 + draw(4);
    out.flow.capture_transactions_max = 1 + draw(4);
    out.flow.ledger_writes_max = 1 + draw(20);
    out.flow.catch_up_lanes = static_cast<std::uint32_t>(1 + draw(3));
    out.flow.capture_patience = std::chrono::milliseconds(1 + draw(5));
    return out;
  }
  void define() {
    engine::map_definition definition;
    definition.name = "customers";
    definition.left.table = definition.right.table = "customer";
    definition.key = {{"id", "id"}};
    engine::column_pair name;
    name.left = name.right = "name";
    definition.columns = {name};
    definition.conflict = static_cast<engine::conflict_policy>(draw(3));
    definition.master = static_cast<side>(draw(2));
    auto const left = app_id{here_.submit(engine::register_app{"left", "memory"})->value};
    auto const right = app_id{here_.submit(engine::register_app{"right", "memory"})->value};
    auto const link = link_id{here_.submit(engine::create_link{"l", left, right})->value};
    map_ = map_id{here_.submit(engine::create_map{link, "customers", engine::print_definition(definition)})->value};
    (void)here_.submit(engine::run_map{map_});
  }
  void edit() {
    auto& app = draw(2) == 0 ? here_.left : here_.right;
    std::vector<engine::row_change> changes;
    for (auto left = 1 + draw(3); left > 0; --left) {
      auto const id = static_cast<std::int64_t>(draw(6));
      row_values row{value::of_int64(id), value::of_text(std::to_string(++written_))};
      changes.push_back({"customer", draw(4) == 0 ? operation::remove : operation::update, std::move(row)});
    }
    (void)app.commit(changes);
  }
  void act() {
    auto const what = draw(20);
    if (what < 13) return edit();
    if (what < 15) return void(here_.submit(engine::pause_map{map_}));
    if (what < 18) return void(here_.submit(engine::resume_map{map_}));
    here_.crash_and_restart(draw(2000));
  }
  std::string settle() {
    auto const running = [&] { return here_.views().status.find(map_)->state == projections::map_state::running; };
    (void)here_.submit(engine::resume_map{map_});
    if (!here_.run_until(running, 3'000)) (void)here_.submit(engine::resume_map{map_});
    if (!here_.run_until(running, 5'000)) return "it never runs again. " + to_string(here_.failure());
    here_.run(1'500);
    if (here_.failure().code != error_code::ok) return to_string(here_.failure());
    if (here_.left.table("customer").rows != here_.right.table("customer").rows) return "the sides differ";
    for (auto const& [of, sums] : here_.views().conservation.sums) {
      if (sums.queued() != 0) return "the sums do not add up";
    }
    auto const rebuilt = replay::rebuild(here_.log());
    if (!rebuilt || projections::save(here_.views()) != projections::save(*rebuilt)) return "a rebuild differs";
    return here_.log().verify().reason;
  }

  std::mt19937_64 chance_;
  world here_;
  map_id map_;
  std::uint64_t written_ = 0;
};

std::uint64_t setting(char const* name, std::uint64_t otherwise) {
  auto const* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// DW_SEED runs one seed alone, DW_SEEDS so many.
void run_seeds(app_rules rules) {
  auto const only = setting("DW_SEED", 0);
  auto const last = only == 0 ? setting("DW_SEEDS", 500) : only;
  for (auto seed = only == 0 ? 1 : only; seed <= last; ++seed) {
    EXPECT_EQ("", random_run(seed, {}, rules).run(60)) << "DW_SEED=" << seed;
  }
}

TEST(RandomRun, BothSidesEndEqual) { run_seeds(app_rules::none); }

TEST(RandomRun, BothSidesEndEqualBesideRulesThatRewriteRows) { run_seeds(app_rules::rewriting); }

// A checker that never fails proves nothing: each deliberate fault has to be seen within so many seeds.
constexpr std::uint64_t seeds_to_catch = 200;

bool is_caught(engine::flow_faults faults, app_rules rules) {
  for (std::uint64_t seed = 1; seed <= seeds_to_catch; ++seed) {
    if (!random_run(seed, faults, rules).run(60).empty()) return true;
  }
  return false;
}

TEST(Mutation, ASeamThatIsOffByOneIsCaught) {
  engine::flow_faults faults;
  faults.resume_seam_off_by_one = true;
  EXPECT_TRUE(is_caught(faults, app_rules::none));
}

TEST(Mutation, AnEchoToldByItsTagAloneIsCaught) {
  engine::flow_faults faults;
  faults.echo_by_tag_alone = true;
  EXPECT_TRUE(is_caught(faults, app_rules::rewriting));
}

}  // namespace
}  // namespace dualwrite::simulation
