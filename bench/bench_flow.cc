// What the engine itself costs: two applications in memory, virtual time, so that nothing is waited
// for. Counts records from one side to the other, through capture, log, lane, outcome and echo.
#include <benchmark/benchmark.h>

#include <chrono>

#include "replay/rebuild.h"
#include "tests/simulation/world.h"

namespace dualwrite::simulation {
namespace {

table_schema customer() {
  table_schema schema;
  schema.table = "customer";
  schema.columns.resize(4);
  schema.columns[0].name = "id";
  schema.columns[0].type = value_type::int64;
  schema.columns[0].nullable = false;
  schema.columns[1].name = "name";
  schema.columns[2].name = "street";
  schema.columns[3].name = "balance";
  schema.columns[3].type = value_type::int64;
  schema.key = {0};
  return schema;
}

row_values row(std::int64_t id) {
  return {value::of_int64(id),
          value::of_text("customer number " + std::to_string(id)),
          value::of_text("street of a usual length, " + std::to_string(id % 977)),
          value::of_int64(id * 31)};
}

struct two_apps {
  world here;
  map_id map;

  two_apps() {
    here.left.add_table(customer());
    here.right.add_table(customer());
  }
  void fill(std::int64_t first, std::int64_t count, std::int64_t rows_a_transaction) {
    for (auto at = first; at < first + count;) {
      std::vector<engine::row_change> changes;
      for (std::int64_t i = 0; i < rows_a_transaction && at < first + count; ++i, ++at) {
        changes.push_back({"customer", operation::insert, row(at)});
      }
      (void)here.left.commit(changes);
    }
  }
  void run() {
    engine::map_definition definition;
    definition.name = "customers";
    definition.left.table = definition.right.table = "customer";
    definition.key = {{"id", "id"}};
    for (auto const* name : {"name", "street", "balance"}) {
      engine::column_pair column;
      column.left = column.right = name;
      definition.columns.push_back(column);
    }
    auto const left = app_id{here.submit(engine::register_app{"left", "memory"})->value};
    auto const right = app_id{here.submit(engine::register_app{"right", "memory"})->value};
    auto const link = link_id{here.submit(engine::create_link{"l", left, right})->value};
    map = map_id{
        here.submit(engine::create_map{link, "customers", engine::print_definition(definition)})
            ->value};
    (void)here.submit(engine::run_map{map});
    here.run_until(
        [&] { return here.views().status.find(map)->state == projections::map_state::running; },
        1'000'000);
  }
  void until_right_has(std::size_t rows) {
    here.run_until([&] { return here.right.table("customer").rows.size() >= rows; }, 10'000'000);
  }
};

constexpr std::int64_t rows = 50'000;

template <class Work>
void time_of(benchmark::State& state, Work const& work) {
  auto const started = std::chrono::steady_clock::now();
  work();
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - started;
  state.SetIterationTime(took.count());
}

void initial_sync(benchmark::State& state) {
  for (auto _ : state) {
    two_apps apps;
    apps.fill(0, rows, 1000);
    time_of(state, [&] { apps.run(); });
    if (apps.here.right.table("customer").rows.size() != rows)
      state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(initial_sync)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(3)
    ->UseManualTime();

void live_sync(benchmark::State& state) {
  for (auto _ : state) {
    two_apps apps;
    apps.run();
    apps.fill(0, rows, state.range(0));
    time_of(state, [&] { apps.until_right_has(static_cast<std::size_t>(rows)); });
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(live_sync)
    ->Arg(1)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(3)
    ->UseManualTime();

// All views from the log of a live sync, as at a start: one argument is the rows of a transaction.
void fold(benchmark::State& state) {
  two_apps apps;
  apps.run();
  apps.fill(0, rows, state.range(0));
  apps.until_right_has(static_cast<std::size_t>(rows));
  auto const& log = apps.here.log();
  std::int64_t events = 0;
  auto const cursor = log.read({sequence{1}, false, std::nullopt});
  for (auto one = cursor->next(); one && *one; one = cursor->next()) ++events;
  for (auto _ : state) {
    auto const views = replay::rebuild(log);
    if (!views) state.SkipWithError("the log does not fold");
    benchmark::DoNotOptimize(views);
  }
  state.SetItemsProcessed(state.iterations() * rows);
  auto const folded = static_cast<double>(state.iterations() * events);
  state.counters["events_per_second"] = benchmark::Counter(folded, benchmark::Counter::kIsRate);
}
BENCHMARK(fold)->Arg(1)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dualwrite::simulation

BENCHMARK_MAIN();
