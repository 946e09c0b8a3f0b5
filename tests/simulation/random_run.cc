#include "tests/simulation/random_run.h"

#include <fmt/format.h>

#include "engine/flow/batch_planner.h"
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
  watch_order(here_.left, side::left);
  watch_order(here_.right, side::right);
}

engine::engine_settings random_run::settings() {
  engine::engine_settings out;
  out.faults = options_.faults;
  out.commit_faults = options_.commit_faults;
  out.flow = options_.flow;
  out.flow.batch_records_max = 1 + draw(8);
  if (out.flow.batch_records_max % 2 == 0) out.groups.built_ahead_bytes_min = 0;
  out.flow.chunk_rows = 1 + draw(4);
  out.flow.capture_transactions_max = 1 + draw(4);
  out.flow.retry_records_max = 1 + draw(4);
  out.flow.ledger_writes_max = 1 + draw(20);
  out.flow.catch_up_lanes = static_cast<std::uint32_t>(1 + draw(3));
  out.flow.capture_patience = std::chrono::milliseconds(1 + draw(5));
  discards_ = draw(6) == 0;
  // A row that comes again by the other side's change lacks what only its own side writes.
  removes_ = !options_.one_way_columns;
  out.flow.copy_ranges_max = 1 + draw(4);
  out.flow.range_chunks_min = 1;
  return out;
}

void random_run::add_tables() {
  auto schema = customer_table();
  auto const add = [&](std::string name) {
    column_schema column;
    column.name = std::move(name);
    schema.columns.push_back(std::move(column));
  };
  if (options_.large_column) add("note");
  if (options_.one_way_columns) {
    add("of_left");
    add("of_right");
  }
  if (options_.rules == app_rules::stamping) add("stamp");
  auto& left = here_.left.add_table(schema);
  auto& right = here_.right.add_table(schema);
  if (options_.large_column) left.large = right.large = {2};
  if (options_.rules == app_rules::rewriting) {
    right.trigger = [](row_values& row) {
      auto const& name = row[1].as_string();
      if (name.ends_with("5")) row[1] = value::of_text(name + "!");
    };
  }
  if (options_.rules == app_rules::stamping) {
    right.trigger = [this](row_values& row) {
      row.back() = value::of_text("stamp " + std::to_string(++stamps_));
    };
  }
  if (options_.rules == app_rules::refusing) {
    right.rule = [this](row_values const& row) -> std::optional<engine::refusal> {
      if (row[1].is_null()) wrong_ = "a row was made of a part of one";
      if (!refuses_ || row[1].is_null() || !row[1].as_string().ends_with("7")) return std::nullopt;
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
  if (options_.one_way_columns) {
    engine::column_pair pair;
    pair.left = pair.right = "of_left";
    pair.only = direction::left_to_right;
    definition.columns.push_back(pair);
    pair.left = pair.right = "of_right";
    pair.only = direction::right_to_left;
    definition.columns.push_back(pair);
  }
  if (options_.rules == app_rules::stamping) {
    engine::column_pair stamp;
    stamp.left = stamp.right = "stamp";
    definition.columns.push_back(stamp);
  }
  definition.master = static_cast<side>(draw(2));
  // Short enough for purges to fall between everything else.
  if (draw(2) == 0) definition.errors_kept = std::chrono::milliseconds(5 + draw(60));
  auto const left = app_id{here_.submit(engine::register_app{"left", "memory"})->value};
  auto const right = app_id{here_.submit(engine::register_app{"right", "memory"})->value};
  auto const link = link_id{here_.submit(engine::create_link{"l", left, right})->value};
  map_ = map_id{
      here_.submit(engine::create_map{link, "customers", engine::print_definition(definition)})
          ->value};
  if (options_.alert_after > 0) add_rule(link);
  ask(engine::run_map{map_});
}

void random_run::add_rule(link_id link) {
  engine::create_alert_rule rule;
  rule.link = link;
  rule.terms.name = "too many";
  rule.terms.classes = {fault_class::network, fault_class::throttled, fault_class::application};
  rule.terms.count = options_.alert_after;
  rule.terms.within_us = 20'000;
  rule.terms.action = alert_action::pause;
  ask(rule);
}

// What an admin is refused leaves one event behind: that it was refused.
void random_run::ask(engine::command wish) {
  auto const before = here_.log().head().at;
  if (here_.submit(std::move(wish))) return;
  std::size_t refusals = 0;
  auto const cursor = here_.log().read({before + 1, false, std::nullopt});
  while (true) {
    auto const stored = cursor->next();
    if (!stored || !*stored) break;
    auto const event = decode(**stored);
    if (!event || event->from.actor != "ann") continue;
    if (event->as<CommandRefused>() == nullptr) wrong_ = "a refused command left an event behind";
    ++refusals;
  }
  bool const is_alive = here_.failure().code == error_code::ok;
  if (is_alive && refusals != 1) wrong_ = "a refused command was not written down once";
}

void random_run::ask_for_nonsense() {
  auto broken = customer_map(engine::conflict_policy::left_wins);
  broken.key.clear();
  switch (draw(5)) {
    case 0:
      return ask(engine::change_map{map_, "{\"columns\": 7"});
    case 1:
      return ask(engine::change_map{map_, engine::print_definition(broken)});
    case 2:
      return ask(engine::run_map{map_id{1'000'000}});
    case 3:
      return ask(engine::register_app{"left", "memory"});
    case 4:
      return ask(engine::retry_records{map_, {sequence{1'000'000}}});
  }
}

// Of the values made on one side the later never gives way to the earlier on the other: values are
// numbered as they are made. An app that crashed or was put back may have lost the later one, and
// while a map is stopped nobody takes it.
void random_run::watch_order(engine::memory_app& app, side of) {
  app.written = [this, of](engine::target_batch const& batch,
                           std::span<engine::write_result const> results) {
    if (!batch.ends) ++parts_written_;
    for (std::size_t i = 0; i < results.size(); ++i) {
      auto const& wish = batch.writes[i];
      bool const changes = results[i].effect == engine::write_effect::inserted ||
                           results[i].effect == engine::write_effect::updated;
      auto const name = std::find(wish.columns.begin(), wish.columns.end(), std::size_t{1});
      if (!changes || name == wish.columns.end()) continue;
      auto const& text =
          wish.values[static_cast<std::size_t>(name - wish.columns.begin())].as_string();
      auto const number = std::strtoull(text.c_str(), nullptr, 10);
      if (std::to_string(number) != text || made_on_[number] == of) continue;
      auto& before = delivered_[{of, wish.key}];
      bool const lost_some = was_stopped_ || here_.coverage.count(fault_site::restored) > 0 ||
                             here_.coverage.count(fault_site::app_crash) > 0;
      if (before > number && !lost_some) wrong_ = "value " + text + " was written over a later one";
      before = number;
    }
  };
}

row_values random_run::new_row(engine::memory_app& app, std::int64_t id) {
  row_values row{value::of_int64(id), value::of_text(std::to_string(++written_))};
  auto const& table = app.table("customer");
  auto const there = table.rows.find({value::of_int64(id)});
  bool const is_there = there != table.rows.end();
  for (std::size_t at = row.size(); at < table.schema.columns.size(); ++at) {
    auto const& name = table.schema.columns[at].name;
    bool const is_others = name == (&app == &here_.left ? "of_right" : "of_left");
    bool const keeps = name == "stamp" || is_others || (is_there && draw(3) != 0);
    auto const before = is_there ? there->second[at] : value::null();
    row.push_back(keeps ? before : value::of_text(name + " " + std::to_string(written_)));
  }
  return row;
}

void random_run::edit() {
  auto& app = draw(2) == 0 ? here_.left : here_.right;
  std::vector<engine::row_change> changes;
  for (auto left = 1 + draw(options_.edits_max); left > 0; --left) {
    auto const id = static_cast<std::int64_t>(draw(keys));
    made_on_[written_ + 1] = &app == &here_.left ? side::left : side::right;
    bool const goes = draw(4) == 0 && removes_;
    changes.push_back({"customer", goes ? operation::remove : operation::update, new_row(app, id)});
  }
  (void)app.commit(changes);
}

// Commands may be refused: then they must change nothing.
void random_run::act() {
  auto const what = draw(46);
  if (what < 24) return edit();
  if (what < 28) return ask(engine::pause_map{map_});
  if (what < 33) return resume();
  if (what < 34) return ask(engine::run_map{map_});
  if (what < 35) return ask(engine::retry_records{map_, {}});
  if (what < 36) return delete_one_parked();
  if (what < 37) {
    refuses_ = !refuses_;
    return;
  }
  if (what < 39) return ask_for_nonsense();
  if (what < 42) return rerun();
  if (what < 43) return stop_map();
  crash();
}

void random_run::stop_map() {
  was_stopped_ = true;
  ask(engine::stop_map{map_});
}

void random_run::rerun() {
  constexpr run_mode modes[] = {
      run_mode::initial_sync, run_mode::without_errors, run_mode::errored_only};
  ask(engine::rerun_sync{map_, modes[draw(3)]});
}

// In some runs without the queue: keys that were in it may differ then.
void random_run::resume() {
  auto const mode = draw(8);
  if (mode == 0) return ask(engine::resume_map{map_, resume_mode::park_queue});
  if (mode == 1 && discards_)
    return ask(engine::resume_map{map_, resume_mode::discard_queue, "loaded by hand"});
  ask(engine::resume_map{map_});
}

// Keys on the drift list; and those of what was discarded with a queue.
bool random_run::is_given_up(std::string const& key) const {
  auto const& drift = here_.views().drift;
  if (drift.lists(map_, key)) return true;
  for (auto const way : both_ways) {
    auto const row = drift.rows.find({map_, way});
    if (row == drift.rows.end()) continue;
    for (auto const& range : row->second.discarded) {
      for (auto at = range.behind + 1; at <= range.to; at = at + 1) {
        auto const item = engine::read_item(here_.log(), at);
        if (!item) continue;
        if (auto const* resolution = std::get_if<replay::queued_resolution>(&*item)) {
          if (resolution->key == key) return true;
        }
        auto const* record = std::get_if<replay::queued_record>(&*item);
        if (record == nullptr) continue;
        auto const of_row =
            decode_row(record->op == operation::remove ? record->before : record->after);
        if (of_row && encode_key(row_values{of_row->front()}) == key) return true;
      }
    }
  }
  return false;
}

void random_run::delete_one_parked() {
  for (auto const way : both_ways) {
    auto const rows = here_.views().parked.rows.find({map_, way});
    if (rows == here_.views().parked.rows.end() || rows->second.empty()) continue;
    auto const which =
        std::next(rows->second.begin(), static_cast<std::ptrdiff_t>(draw(rows->second.size())));
    return ask(engine::delete_records{map_, {which->first}});
  }
}

// Half of the crashes meet a call to an app under way.
void random_run::crash() {
  if (draw(2) == 0) {
    auto const met = static_cast<app_call>(draw(static_cast<int>(app_call::none)));
    auto const& port = draw(2) == 0 ? here_.left_port : here_.right_port;
    auto const is_met = [&] {
      auto const calls = port.under_way();
      return std::find(calls.begin(), calls.end(), met) != calls.end();
    };
    here_.run_until(is_met, 40);
  }
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

std::string random_run::unrest() {
  auto out = to_string(here_.failure());
  for (auto const way : both_ways) {
    auto const sums = here_.views().conservation.sums.find({map_, way});
    bool const has_any = sums != here_.views().conservation.sums.end();
    out += fmt::format(" {} parked, {} queued;",
                       here_.views().parked.count({map_, way}),
                       has_any ? sums->second.queued() : 0);
  }
  return out;
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
    if (equal || is_given_up(encode_key(key))) continue;
    auto const text = [](auto const& rows, auto const& at) {
      if (at == rows.end()) return std::string("no row");
      std::string out;
      for (auto const& value : at->second) out += (out.empty() ? "" : ",") + to_string(value);
      return out;
    };
    return fmt::format(
        "the sides differ at key {}: {} and {}", id, text(left, at_left), text(right, at_right));
  }
  return {};
}

std::string random_run::check() {
  if (!wrong_.empty()) return wrong_;
  if (lost_) return "acknowledged events are missing after a crash";
  if (!bring_to_rest()) return "it does not come to rest: " + unrest();
  if (!wrong_.empty()) return wrong_;
  if (auto const wrong = compare(); !wrong.empty()) return wrong;
  auto const rebuilt = replay::rebuild(here_.log());
  if (!rebuilt || projections::save(here_.views()) != projections::save(*rebuilt))
    return "a rebuild differs";
  return here_.log().verify().reason;
}

}  // namespace dualwrite::simulation
