#include "engine/decide/key_contest.h"

#include <algorithm>
#include <utility>

#include "engine/decide/row_removal.h"

namespace dualwrite::engine {
namespace {

enum class verdict : std::uint8_t { wins, loses, undecided };

struct judgement {
  verdict how = verdict::wins;
  std::string reason{};
};

struct contest {
  delivery_context const& context;
  map_record const& record;
  key_effect const& effect;
  sequence decided;
  contest_outcome out{};
  bool overwritten = false;
  sequence newest_met{};  // of the other side's writes
  struct progress_of_other {
    sequence told_upto{};               // outcomes of what the other side sent
    std::vector<sequence> returning{};  // winners of it on their way back
  };
  std::optional<progress_of_other> progress{};  // most records meet nothing, and do not ask

  side source() const { return source_of(record.way); }
  projections::map_way back() const { return {record.map, opposite(record.way)}; }
  map_definition const& definition() const { return context.map.definition(); }

  contest_outcome run() {
    bool const won = against_handed() && against_crossing() && against_parked();
    if (!won) out.beaten.clear();
    // The write of the loser stands on our own side, over this record: that side has to receive the
    // winner. What was decided long after may have been overwritten by what is out of sight.
    if (won && (overwritten || decided)) owe();
    return std::move(out);
  }

  // The rest returns whether the record is still to be written.

  bool against_handed() {
    bool is_covered = false;
    auto const matters = [&](key_ledger::write_head const& other) {
      bool const is_over = is_settled(other.record);
      bool const does = !is_covered || !is_over;
      is_covered = is_covered || (is_over && covers(other));
      return does;
    };
    auto const others =
        context.ledger.unseen(record.map, back().second, effect.key, record.position, matters);
    for (auto const& other : others) {
      if (other.made_on != source()) newest_met = other.record;
    }
    for (auto const& other : others) {
      if (is_equal(other)) continue;
      bool const is_own = other.made_on == source();
      if (!(is_own && is_settled(other.record)) && !meet(other)) return false;
      overwritten = overwritten || other.write != nullptr;
    }
    return true;
  }
  // Whether nothing of what was written to the key before stands any more.
  bool covers(key_ledger::write_head const& other) const {
    if (other.shape == nullptr || other.changes_key) return false;
    auto const& has = other.shape->columns;
    auto const& written = context.map.columns_written(back().second);
    bool const is_whole = std::all_of(written.begin(), written.end(), [&](std::size_t column) {
      return std::find(has.begin(), has.end(), column) != has.end();
    });
    return other.shape->kind == write_kind::remove ||
           (other.shape->kind == write_kind::upsert && is_whole);
  }
  // Whether nothing comes of the other's loss: its outcome is told, and its image is on the way to
  // nowhere.
  bool is_settled(sequence other) {
    if (!progress) progress = find_progress();
    auto const& returning = progress->returning;
    return other <= progress->told_upto &&
           std::find(returning.begin(), returning.end(), other) == returning.end();
  }
  progress_of_other find_progress() const {
    progress_of_other found{context.views.delivery.position(record.map, back().second)};
    auto const& conflicts = context.views.conflicts;
    auto const* pending = conflicts.pending({record.map, record.way}, effect.key);
    if (pending == nullptr) return found;
    for (auto const at : *pending) {
      auto const& resolution = conflicts.resolutions.at(at);
      if (!resolution.beaten_by) found.returning.push_back(resolution.winner);
    }
    return found;
  }
  // What somebody chose from the other side is on its way to ours.
  bool against_crossing() {
    auto const* pending = context.views.conflicts.pending(back(), effect.key);
    if (pending == nullptr) return true;
    for (auto const at : *pending) {
      auto const& resolution = context.views.conflicts.resolutions.at(at);
      if (!resolution.crosses || resolution.beaten_by) continue;
      if (!take(resolution.winner, judge(at, context.origin_of(at), definition().conflict)))
        return false;
    }
    return true;
  }
  bool against_parked() {
    auto const* chain = context.views.parked.chain(back(), effect.key);
    if (chain == nullptr) return true;
    for (auto const other : *chain) {
      if (!take(other, judge(other, context.origin_of(other), definition().conflict))) return false;
      out.beaten.push_back(other);
    }
    return true;
  }

  // Whether the other side's write left our side's row as this record left it.
  bool is_equal(handed_write const& other) const {
    if (other.write == nullptr) return false;
    bool const removed = is_removal(*other.write, context.map, source());
    if (effect.removes || removed) return effect.removes && removed;
    for (std::size_t i = 0; i < other.write->columns.size(); ++i) {
      auto const column = other.write->columns[i];
      if (column >= record.after.size() || record.after[column] != other.write->values[i])
        return false;
    }
    return true;
  }

  // Two rows are judged column by column, anything else as a whole.
  bool meet(handed_write const& other) {
    value_origin const made{other.made_on, other.committed_at};
    auto const whole = judge(other.record, made, definition().conflict);
    bool const are_rows = other.write != nullptr && !effect.removes &&
                          !is_removal(*other.write, context.map, source());
    if (!are_rows) return take(other.record, whole);
    conflict_found found;
    judgement last = whole;
    for (std::size_t i = 0; i < other.write->columns.size(); ++i) {
      auto const column = other.write->columns[i];
      if (column >= record.after.size()) continue;
      auto const& own = record.after[column];
      if (own.is_unchanged() || own == other.write->values[i]) continue;
      auto const& name = context.map.schema(source()).columns[column].name;
      last = judge(other.record, made, definition().policy_for(source(), name));
      if (last.how == verdict::undecided) return take(other.record, last);
      found.columns.push_back({name, last.how == verdict::wins});
    }
    auto const won = std::count_if(found.columns.begin(),
                                   found.columns.end(),
                                   [](clashing_column const& one) { return one.record_wins; });
    bool const is_mixed = won != 0 && static_cast<std::size_t>(won) != found.columns.size();
    if (!is_mixed) return take(other.record, last);
    for (auto const& one : found.columns) {
      if (!one.record_wins) out.lost_columns.push_back(one.name);
    }
    found.other = other.record;
    found.record_wins = true;
    found.reason = "each side wins some columns";
    found.key = effect.key;
    note(std::move(found));
    return true;
  }

  judgement judge(sequence other, value_origin const& made, conflict_policy policy) const {
    if (made.made_on == source()) return {verdict::wins, "later on the same side"};
    if (other < decided) return {verdict::wins, "somebody chose it"};
    auto const by_side = [&](side winner, char const* reason) {
      return judgement{winner == source() ? verdict::wins : verdict::loses, reason};
    };
    switch (policy) {
      case conflict_policy::left_wins:
        return by_side(side::left, "left wins");
      case conflict_policy::right_wins:
        return by_side(side::right, "right wins");
      case conflict_policy::manual:
        return {verdict::undecided, "somebody has to decide"};
      case conflict_policy::newest_wins:
        break;
    }
    if (made.committed_at == record.committed_at)
      return by_side(definition().master, "newest wins: same time, the master side");
    return {record.committed_at > made.committed_at ? verdict::wins : verdict::loses,
            "newest wins"};
  }

  bool take(sequence other, judgement const& is) {
    conflict_found found;
    found.other = other;
    found.record_wins = is.how == verdict::wins;
    found.reason = is.reason;
    found.key = effect.key;
    switch (is.how) {
      case verdict::wins:
        note(std::move(found));
        return true;
      case verdict::loses:
        note(std::move(found));
        out.lost_to = other;
        return false;
      case verdict::undecided:
        // Nothing else is decided with it.
        found.undecided = true;
        out = {};
        found.other = context.origin_of(std::max(other, newest_met)).record;
        out.against = found.other;
        out.conflicts.push_back(std::move(found));
        return false;
    }
    return false;
  }
  // A parked record whose retry is under way is met twice. All that it wins against for one reason
  // is one conflict, with the newest: where much waits on both sides, a key has many changes.
  void note(conflict_found found) {
    for (auto const& known : out.conflicts) {
      if (known.other == found.other || beats(known.beats_too, found.other)) return;
    }
    auto const same =
        std::find_if(out.conflicts.begin(), out.conflicts.end(), [&](auto const& one) {
          bool const are_whole = one.columns.empty() && found.columns.empty();
          return are_whole && one.record_wins && found.record_wins && one.reason == found.reason;
        });
    if (same == out.conflicts.end()) {
      out.conflicts.push_back(std::move(found));
      return;
    }
    auto const older = std::min(same->other, found.other);
    auto& too = same->beats_too;
    too.insert(std::lower_bound(too.begin(), too.end(), older), older);
    same->other = std::max(same->other, found.other);
  }
  static bool beats(std::vector<sequence> const& ordered, sequence other) {
    return std::binary_search(ordered.begin(), ordered.end(), other);
  }

  void owe() {
    auto const& status = context.views.status;
    auto const app = status.links.at(status.find(record.map)->link).app(source());
    auto const& schema = context.map.schema(source());
    resolution_owed owed;
    owed.key = effect.key;
    owed.removes = effect.removes;
    owed.schema = status.schema_of(app, schema.table);
    if (!effect.removes) owed.image = record.after;
    for (auto const& name : effect.removes ? std::vector<std::string>{} : out.lost_columns) {
      auto const column = schema.column_named(name);
      if (column && *column < owed.image.size()) owed.image[*column] = value::unchanged();
    }
    out.resolutions.push_back(std::move(owed));
  }
};

}  // namespace

contest_outcome contest_key(delivery_context const& context,
                            map_record const& record,
                            key_effect const& effect,
                            sequence decided) {
  return contest{context, record, effect, decided}.run();
}

bool is_held(delivery_context const& context, map_id map, std::string const& key) {
  return context.views.parked.is_held(map, key) || context.held_in_batch.contains({map, key});
}

std::vector<std::size_t> columns_left_out(compiled_map const& map,
                                          direction way,
                                          projections::part_row const& lost) {
  std::vector<std::size_t> out;
  auto const& target = map.schema(target_of(way));
  auto const add = [&](std::string const& name) {
    if (auto const column = target.column_named(name)) out.push_back(*column);
  };
  for (auto const& name : lost.columns) {
    if (lost.of_target) {
      add(name);
      continue;
    }
    for (auto const& pair : map.definition().columns) {
      bool const from_left = source_of(way) == side::left;
      if (!pair.only && (from_left ? pair.left : pair.right) == name)
        add(from_left ? pair.right : pair.left);
    }
  }
  return out;
}

}  // namespace dualwrite::engine
