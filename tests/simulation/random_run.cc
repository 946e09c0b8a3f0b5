#include "tests/simulation/random_run.h"

#include "events/row_image.h"
#include "replay/rebuild.h"
#include "tests/simulation/customers.h"

namespace dualwrite::simulation {
namespace {

using projections::map_state;

constexpr std::size_t keys = 6;
constexpr direction both_ways[] = {direction::left_to_right, direction::right_to_left};

}  // namespace

random_run::random_run(std::uint64_t seed, random_options options)
    : options_(options), chance_(seed), here_(settings()) {
  add_tables();
}

engine::engine_settings random_run::settings() {
  engine::engine_settings out;
  out.faults = options_.faults;
  out.commit_faults = options_.commit_faults;
  out.flow = options_.flow;
  out.flow.batch_records_max = 1 + draw(8);
  out.flow.chunk_rows = 1 + draw(4);
  out.flow.capture_transactions_max = 1 + draw(4);
  out.flow.retry_records_max = 1 + draw(4);
  out.flow.ledger_writes_max = 1 + draw(20);
  out.flow.catch_up_lanes = static_cast<std::uint32_t>(1 + draw(3));
  out.flow.capture_patience = std::chrono::milliseconds(1 + draw(5));
  return out;
}

void random_run::add_tables() {
  auto schema = customer_table();
  if (options_.large_column) {
    schema.columns.resize(3);
    schema.columns[2].name = "note";
  }
  auto& left = here_.left.add_table(schema);
  auto& right = here_.right.add_table(schema);
  if (options_.large_column) left.large = {2};
  if (options_.rules == app_rules::rewriting) {
    right.trigger = [](row_values& row) {
      auto const& name = row[1].as_string();
      if (name.ends_with("5")) row[1] = value::of_text(name + "!");
    };
  }
  if (options_.rules == app_rules::refusing) {
    right.rule = [this](row_values const& row) -> std::optional<engine::refusal> {
      if (!refuses_ || !row[1].as_string().ends_with("7")) return std::nullopt;
      return engine::refusal{"check_name", "names must not end with a seven"};
    };
  }
}

std::string random_run::run() {
  for (std::size_t i = 0; i < keys; ++i) edit();
  define();
  for (std::size_t i = 0; i < options_.rounds; ++i) {
    if (options_.before_round) options_.before_round(here_);
    act();
    here_.run(draw(30));
  }
  return check();
}

void random_run::define() {
  auto const conflict = static_cast<engine::conflict_policy>(draw(3));
  auto definition = customer_map(conflict);
  if (options_.large_column) {
    engine::column_pair note;
    note.left = note.right = "note";
    definition.columns.push_back(note);
  }
  definition.master = static_cast<side>(draw(2));
  auto const left = app_id{here_.submit(engine::register_app{"left", "memory"})->value};
  auto const right = app_id{here_.submit(engine::register_app{"right", "memory"})->value};
  auto const link = link_id{here_.submit(engine::create_link{"l", left, right})->value};
  map_ = map_id{
      here_.submit(engine::create_map{link, "customers", engine::print_definition(definition)})
          ->value};
  (void)here_.submit(engine::run_map{map_});
}

row_values random_run::new_row(std::int64_t id) {
  row_values row{value::of_int64(id), value::of_text(std::to_string(++written_))};
  if (!options_.large_column) return row;
  auto const& rows = here_.left.table("customer").rows;
  auto const there = rows.find({value::of_int64(id)});
  bool const keeps = there != rows.end() && draw(3) != 0;
  row.push_back(keeps ? there->second[2] : value::of_text("large " + std::to_string(written_)));
  return row;
}

void random_run::edit() {
  auto& app = options_.large_column || draw(2) == 0 ? here_.left : here_.right;
  std::vector<engine::row_change> changes;
  for (auto left = 1 + draw(3); left > 0; --left) {
    auto const id = static_cast<std::int64_t>(draw(keys));
    changes.push_back(
        {"customer", draw(4) == 0 ? operation::remove : operation::update, new_row(id)});
  }
  (void)app.commit(changes);
}

// Commands may be refused: then they must change nothing.
void random_run::act() {
  auto const what = draw(40);
  if (what < 24) return edit();
  if (what < 28) return void(here_.submit(engine::pause_map{map_}));
  if (what < 33) return void(here_.submit(engine::resume_map{map_}));
  if (what < 34) return void(here_.submit(engine::run_map{map_}));
  if (what < 35) return void(here_.submit(engine::retry_records{map_, {}}));
  if (what < 36) return delete_one_parked();
  if (what < 37) {
    refuses_ = !refuses_;
    return;
  }
  crash();
}

void random_run::delete_one_parked() {
  for (auto const way : both_ways) {
    auto const rows = here_.views().parked.rows.find({map_, way});
    if (rows == here_.views().parked.rows.end() || rows->second.empty()) continue;
    auto const which =
        std::next(rows->second.begin(), static_cast<std::ptrdiff_t>(draw(rows->second.size())));
    return void(here_.submit(engine::delete_records{map_, {which->first}}));
  }
}

void random_run::crash() {
  auto const acknowledged = here_.log().head();
  if (draw(8) == 0) {
    here_.restart_without_newest_block(options_.checks_anchor);
  } else {
    here_.crash_and_restart(draw(2000));
  }
  auto const kept = here_.log().head_at(acknowledged.at);
  if (acknowledged.at && (!kept || kept->chain != acknowledged.chain)) lost_ = true;
}

// The rule is lifted, everything is retried, and the users go home.
bool random_run::bring_to_rest() {
  refuses_ = false;
  if (options_.before_rest) options_.before_rest(here_);
  for (int i = 0; i < 20; ++i) {
    auto const& map = *here_.views().status.find(map_);
    if (map.state == map_state::paused) (void)here_.submit(engine::resume_map{map_});
    if (map.state == map_state::idle || map.state == map_state::holding)
      (void)here_.submit(engine::run_map{map_});
    (void)here_.submit(engine::retry_records{map_, {}});
    here_.run(400);
    if (here_.failure().code != error_code::ok) return false;
    bool at_rest = map.state == map_state::running;
    for (auto const way : both_ways) {
      at_rest = at_rest && here_.views().parked.count({map_, way}) == 0;
      auto const sums = here_.views().conservation.sums.find({map_, way});
      at_rest =
          at_rest && (sums == here_.views().conservation.sums.end() || sums->second.queued() == 0);
    }
    if (at_rest && i > 3) return true;
  }
  return false;
}

std::string random_run::compare() {
  auto const& left = here_.left.table("customer").rows;
  auto const& right = here_.right.table("customer").rows;
  for (std::size_t id = 0; id < keys; ++id) {
    row_values const key{value::of_int64(static_cast<std::int64_t>(id))};
    auto const at_left = left.find(key);
    auto const at_right = right.find(key);
    bool const equal = at_left == left.end() || at_right == right.end()
                           ? (at_left == left.end()) == (at_right == right.end())
                           : at_left->second == at_right->second;
    if (equal || here_.views().drift.lists(map_, encode_key(key))) continue;
    return "the sides differ at key " + std::to_string(id);
  }
  return {};
}

std::string random_run::check() {
  if (lost_) return "acknowledged events are missing after a crash";
  if (!bring_to_rest()) return "it does not come to rest. " + to_string(here_.failure());
  if (auto const wrong = compare(); !wrong.empty()) return wrong;
  auto const rebuilt = replay::rebuild(here_.log());
  if (!rebuilt || projections::save(here_.views()) != projections::save(*rebuilt))
    return "a rebuild differs";
  return here_.log().verify().reason;
}

}  // namespace dualwrite::simulation
