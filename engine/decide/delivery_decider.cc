#include "engine/decide/delivery_decider.h"

#include <iterator>
#include <optional>
#include <utility>

#include "engine/decide/amendment.h"
#include "engine/decide/copy_gate.h"
#include "engine/decide/key_contest.h"
#include "engine/decide/part_of_row.h"
#include "engine/decide/row_removal.h"

namespace dualwrite::engine {
namespace {

// After this many rewrites in a row by the apps' own rules the two sides will not agree by
// themselves.
constexpr std::uint32_t rewrites_max = 3;

struct planner {
  delivery_context const& context;
  map_record const& record;
  attempt which;
  delivery_plan plan{};
  key_effect main{};
  std::optional<key_effect> old{};
  bool held = false;                        // by a conflict that somebody has to decide
  std::vector<std::string> lost_columns{};  // of its own table, to the other side

  projections::map_way of() const { return {record.map, record.way}; }
  side source() const { return source_of(record.way); }
  bool is_remove() const { return record.op == operation::remove; }
  row_values const& row() const { return is_remove() ? record.before : record.after; }
  bool removes_row() const {
    return is_remove() || context.map.is_marked_removed(source(), record.after);
  }

  delivery_plan run() {
    if (context.views.drift.was_given_up(of(), record.at)) return end(fate::forgotten);
    if (!find_keys() || stays_in_place()) return std::move(plan);
    bool entered = false;
    if (!passes_filter(entered)) return std::move(plan);
    if (record.kind == capture_kind::live && is_superseded()) return std::move(plan);
    if (is_skipped_delete()) return std::move(plan);
    if (record.kind != capture_kind::initial && context.map.writes(opposite(record.way))) {
      // What it lost to a copy is the master's, whatever else was written.
      bool const lost = decided_before() || loses_to_rewrites() || loses_to_copy() ||
                        (!is_key_held() && lost_columns.empty() && loses_conflict());
      if (lost) return std::move(plan);
    }
    transform(entered);
    if (held) park_held();
    if (plan.what == fate::write && which == attempt::first) wait_behind_parked();
    if (plan.what == fate::write && which == attempt::retry) wait_for_earlier();
    if (plan.what == fate::write && record.kind != capture_kind::initial) overtake_resolutions();
    return std::move(plan);
  }

  delivery_plan run_rewritten() {
    bool entered = false;
    lost_columns = record.lost_columns;
    if (find_keys() && !stays_in_place() && passes_filter(entered)) transform(false);
    return std::move(plan);
  }

  delivery_plan end(fate what) {
    plan.what = what;
    return std::move(plan);
  }
  void skip(skip_reason reason, sequence by) {
    plan.what = fate::skip;
    plan.reason = reason;
    plan.by = by;
  }
  bool park_unmappable(error const& why) {
    plan.what = fate::park;
    // The source did not send all that is needed, since it did not change.
    if (why.code == error_code::column_missing && record.kind == capture_kind::live &&
        record.op == operation::update) {
      plan.state = park_state::reread;
      return false;
    }
    plan.state = park_state::failed;
    plan.fault = unmappable(why);
    return false;
  }

  bool find_keys() {
    auto const key = context.map.key_of(source(), row());
    if (!key) return park_unmappable(key.error());
    plan.key = *key;
    main = {*key, removes_row(), true};
    if (record.op != operation::update || record.before.empty()) return true;
    auto const before = context.map.key_of(source(), record.before);
    if (!before || *before == *key) return true;
    plan.old_key = *before;
    old = key_effect{*before, true, true};
    return true;
  }

  // Where the target keeps its rows; and a row that is marked as removed is none to be copied.
  bool stays_in_place() {
    bool const ignored = context.map.removal_in(target_of(record.way)) == removal::ignore;
    if (!main.removes || !(ignored || record.kind == capture_kind::initial)) return false;
    plan.what = fate::filtered;
    return true;
  }

  bool passes_filter(bool& entered) {
    auto const after = context.map.eligible(source(), row());
    // A delete that carries only the key cannot be filtered by other columns: it is carried out
    // where there is a row.
    if (!after) return is_remove() || park_unmappable(after.error());
    if (!*after) {
      plan.what = fate::filtered;
      return false;
    }
    if (record.op != operation::update || record.before.empty()) return true;
    auto const before = context.map.eligible(source(), record.before);
    bool const was_marked = context.map.is_marked_removed(source(), record.before);
    entered = !before || !*before || (was_marked && !main.removes);
    return true;
  }

  bool is_superseded() {
    auto const seen = [&](key_effect const& effect) {
      return seen_by_copy(context, record, effect.key, effect.removes);
    };
    auto const by = seen(main);
    if (by) main.wanted = false;
    if (old && seen(*old)) old->wanted = false;
    if (main.wanted || (old && old->wanted)) return false;
    skip(skip_reason::superseded, *by);
    return true;
  }

  // Somebody let the map go on without its mass delete.
  bool is_skipped_delete() {
    bool const is_skipped =
        main.wanted && main.removes && which == attempt::first &&
        context.views.mass_deletes.choice_for(of(), record.at) == delete_choice::skip;
    if (is_skipped) skip(skip_reason::delete_skipped, {});
    return is_skipped;
  }

  bool decided_before() {
    auto const* known = context.views.conflicts.decision(of(), record.at);
    if (known == nullptr) return false;
    if (known->undecided) {
      hold(known->by, {});
      note(known->by, false, "somebody has to decide", main.key);
      plan.conflicts.back().undecided = true;
      return false;
    }
    skip(known->reason, known->by);
    return true;
  }
  bool loses_to_rewrites() {
    if (record.depth < rewrites_max) return false;
    plan.conflicts.push_back(
        {record.cause, false, "the apps' own rules rewrite each other's value", main.key});
    skip(skip_reason::conflict_lost, record.cause);
    return true;
  }

  // A change that had not seen the master side's copied row loses to it, but for what its own side
  // alone writes.
  bool loses_to_copy() {
    std::optional<sequence> lost_to;
    auto const check = [&](key_effect& effect) {
      auto const copied = effect.wanted ? unseen_copy(context, record, effect.key) : std::nullopt;
      if (!copied) return;
      bool const in_part = !effect.removes && says_of_its_own(context.map, record);
      auto const shared = columns_carried(context.map, record, {});
      if (in_part && shared.empty()) return;
      note(*copied, in_part, "initial sync: the master side wins", effect.key);
      if (in_part) return narrow(plan.conflicts.back(), shared, false);
      effect.wanted = false;
      lost_to = copied;
    };
    check(main);
    if (old) check(*old);
    return lost(lost_to);
  }

  // The conflict is about these columns alone.
  void narrow(conflict_found& to, std::vector<std::size_t> const& columns, bool wins) {
    for (auto const column : columns) {
      auto const& name = context.map.schema(source()).columns[column].name;
      to.columns.push_back({name, wins});
      if (!wins) lost_columns.push_back(name);
    }
  }

  bool lost(std::optional<sequence> to) {
    if (!to || main.wanted || (old && old->wanted)) return false;
    skip(skip_reason::conflict_lost, *to);
    return true;
  }

  void note(sequence other, bool wins, std::string reason, std::string const& key) {
    conflict_found found;
    found.other = other;
    found.record_wins = wins;
    found.reason = std::move(reason);
    found.key = key;
    plan.conflicts.push_back(std::move(found));
  }

  // Where somebody kept it, if it was in conflict.
  sequence decided() const {
    auto const* row =
        which == attempt::retry ? context.views.parked.find(of(), record.at) : nullptr;
    return row == nullptr ? sequence{} : row->decided;
  }
  bool loses_conflict() {
    std::optional<sequence> lost_to;
    contend(main, lost_to);
    if (old && !held) contend(*old, lost_to);
    return !held && lost(lost_to);
  }
  void contend(key_effect& effect, std::optional<sequence>& lost_to) {
    if (!effect.wanted) return;
    auto outcome = contest_key(context, record, effect, decided());
    if (outcome.against) return hold(outcome.against, std::move(outcome.conflicts));
    auto const append = [](auto& to, auto& from) {
      to.insert(
          to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    append(plan.conflicts, outcome.conflicts);
    append(plan.resolutions, outcome.resolutions);
    append(plan.beaten, outcome.beaten);
    append(lost_columns, outcome.lost_columns);
    if (!outcome.lost_to) return;
    effect.wanted = false;
    lost_to = outcome.lost_to;
  }
  // Nothing of the record is decided before somebody has.
  void hold(sequence against, std::vector<conflict_found> conflicts) {
    held = true;
    plan.against = against;
    plan.conflicts = std::move(conflicts);
    plan.resolutions.clear();
    plan.beaten.clear();
    lost_columns.clear();
    main.wanted = true;
    if (old) old->wanted = true;
  }
  bool is_key_held() {
    held = held || is_held(context, record.map, main.key) ||
           (old && is_held(context, record.map, old->key));
    return held;
  }
  void park_held() {
    if (plan.what != fate::write) {
      // It cannot be mapped: that comes first.
      plan.against = {};
      plan.conflicts.clear();
      return;
    }
    plan.what = fate::park;
    plan.state = park_state::conflict;
    plan.fault.code = "conflict_undecided";
    if (!plan.against) {
      plan.fault.text = "It waits until somebody has decided the conflict about its key.";
      return;
    }
    plan.fault.kind = fault_class::conflict;
    plan.fault.text = "Both sides changed the row, and somebody has to decide which change stays.";
  }

  // The winner of an earlier conflict that was made on this record's own side, wherever it is on
  // its way to, must not be written over this record.
  void overtake_resolutions() {
    auto const overtake = [&](key_effect const& effect, direction way) {
      auto const* pending = context.views.conflicts.pending({record.map, way}, effect.key);
      if (!effect.wanted || pending == nullptr) return;
      for (auto const at : *pending) {
        auto const& resolution = context.views.conflicts.resolutions.at(at);
        bool const is_own = resolution.crosses == (way == record.way);
        if (!is_own || resolution.beaten_by || resolution.winner >= record.at) continue;
        bool const is_part = !plan.whole_row && !effect.removes;
        if (is_part && plan.carries.empty()) continue;
        note(resolution.winner, true, "later on the same side", effect.key);
        if (is_part) narrow(plan.conflicts.back(), plan.carries, true);
      }
    };
    for (auto const way : {record.way, opposite(record.way)}) {
      overtake(main, way);
      if (old) overtake(*old, way);
    }
  }

  void transform(bool entered) {
    auto write = std::make_shared<target_write>();
    auto const target = target_of(record.way);
    write->table = context.map.table(target);
    write->key_columns = context.map.key_columns(target);
    write->group = record.group;
    write->whole_group = context.map.definition().park_whole_transaction;
    if (!main.wanted || main.removes) {
      plan_removal(plan, *write, context.map, target);
      auto const key = context.map.target_key(record.way, main.wanted ? row() : record.before);
      if (!key) {
        park_unmappable(key.error());
        return;
      }
      write->key = *key;
      plan.write = std::move(write);
      return;
    }
    auto mapped = context.map.to_target(record.way, record.after);
    auto key = context.map.target_key(record.way, record.after);
    if (!mapped || !key) {
      park_unmappable(mapped ? key.error() : mapped.error());
      return;
    }
    write->key = std::move(*key);
    auto const all = mapped->columns.size();
    leave_out_unsaid(context.map, record, lost_columns, *mapped);
    plan.whole_row = mapped->columns.size() == all;
    if (!plan.whole_row) plan.carries = columns_carried(context.map, record, lost_columns);
    write->columns = std::move(mapped->columns);
    write->values = std::move(mapped->values);
    auto const& amended = context.views.parked.amended(of(), record.at);
    if (which == attempt::retry && !amended.empty()) {
      amend(*write, amended, context.map.schema(target));
      plan.amended = true;
    }
    clear_mark(*write, context.map, target);
    if (old && old->wanted) {
      auto const old_key = context.map.target_key(record.way, record.before);
      if (old_key) write->old_key = *old_key;
    }
    write->kind = plan.whole_row ? write_kind::upsert : write_kind::update;
    if (record.kind == capture_kind::initial && is_lesser_side()) {
      write->kind = write_kind::insert_if_absent;
      plan.beside = its_own(context.map, record.way, *write);
    }
    plan.write = std::move(write);
    bool const needs_whole = entered || (old && !old->wanted) || record.lacks_columns;
    if (needs_whole && !plan.whole_row) {
      plan.what = fate::park;
      plan.state = park_state::reread;
    }
  }
  // The copy of the side that is not the master only brings what the master lacks.
  bool is_lesser_side() const {
    auto const* execution = context.views.progress.of(record.map);
    return execution != nullptr && execution->legs.size() > 1 && execution->master != source();
  }

  // The map went on without what waited then.
  bool is_parked_unseen() const {
    auto const until = context.views.status.find(record.map)->park_until;
    return record.kind == capture_kind::live && record.at <= until;
  }

  // It was whole, and has lost a part since then: the rest does not overtake the earlier ones.
  void wait_for_earlier() {
    auto const* chain = context.views.parked.chain(of(), plan.key);
    if (chain == nullptr || *chain->begin() >= record.at || plan.is_whole()) return;
    plan.what = fate::park;
    plan.state = park_state::waiting;
  }

  void wait_behind_parked() {
    if (is_parked_unseen()) {
      plan.what = fate::park;
      plan.state = park_state::failed;
      plan.fault.code = "moved_from_queue";
      plan.fault.text = "It waited in the queue when the map went live without it.";
      return;
    }
    bool const blocked =
        context.views.parked.chain(of(), plan.key) != nullptr ||
        (!plan.old_key.empty() && context.views.parked.chain(of(), plan.old_key) != nullptr);
    if (!blocked) return;
    if (context.faults.newer_overtakes_waiting && !plan.is_whole()) return;
    plan.what = fate::park;
    plan.state = plan.is_whole() ? park_state::due : park_state::waiting;
  }
};

}  // namespace

delivery_plan plan_delivery(delivery_context const& context,
                            map_record const& record,
                            attempt which) {
  return planner{context, record, which}.run();
}

delivery_plan plan_rewritten(delivery_context const& context, map_record const& record) {
  return planner{context, record, attempt::retry}.run_rewritten();
}

}  // namespace dualwrite::engine
