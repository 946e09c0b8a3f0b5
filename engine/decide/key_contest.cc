#include "engine/decide/key_contest.h"

#include <algorithm>
#include <utility>

#include "engine/decide/part_of_row.h"
#include "engine/decide/row_removal.h"
#include "engine/mapping/json_text.h"

namespace dualwrite::engine {
namespace {

enum class verdict : std::uint8_t { wins, loses, undecided };

struct judgement {
  verdict how = verdict::wins;
  std::string reason{};
};

// What a record's meeting with another's write leads to: it is not written, it takes the other's
// place, or each goes on with a part.
enum class meeting : std::uint8_t { stops, wins, shares };

struct contest {
  delivery_context const& context;
  map_record const& record;
  key_effect const& effect;
  sequence decided;
  contest_outcome out{};
  bool overwritten = false;
  bool removed = false;      // by what stands over it
  sequence newest_met{};     // of the other side's writes
  sequence newest_handed{};  // of all
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
    // winner. What was decided long after may have been overwritten by what is out of sight. A rule
    // that makes a new value at each write has made one of the loser's as well, which is to come.
    if (won && (overwritten || decided) && !record.is_made_anew) owe();
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
    if (!others.empty()) newest_handed = others.back().record;
    for (auto const& other : others) {
      auto const write =
          other.write == nullptr ? context.write_of(record.map, other.record) : other.write;
      if (write != nullptr && agrees(*write)) continue;
      bool const is_own = other.made_on == source();
      value_origin const made{other.made_on, other.committed_at, other.record};
      bool const is_over =
          is_own && is_settled(other.record) && !goes_with(other.record, write.get());
      if (!is_over && meet(other.record, made, write.get()) == meeting::stops) return false;
      if (other.write == nullptr) continue;
      overwritten = true;
      removed = removed || is_removal(*other.write, context.map, source());
    }
    return true;
  }
  // Whether its row cannot be made anew of it.
  bool lacks_a_part() const {
    auto const& sent = context.map.columns_sent(record.way);
    return !effect.removes && std::any_of(sent.begin(), sent.end(), [&](std::size_t column) {
      return record.after[column].is_unchanged();
    });
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
      auto const write = context.write_of(record.map, at);
      if (write != nullptr && agrees(*write)) continue;
      auto made = context.origin_of(at);
      made.record = at;
      if (meet(resolution.winner, made, write.get()) == meeting::stops) return false;
    }
    return true;
  }
  bool against_parked() {
    auto const* chain = context.views.parked.chain(back(), effect.key);
    if (chain == nullptr) return true;
    for (auto const other : *chain) {
      auto const write = context.write_of(record.map, other);
      if (write != nullptr && agrees(*write) && !is_whole_to(*write)) continue;
      auto made = context.origin_of(other);
      made.record = other;
      auto const ended = meet(other, made, write.get());
      if (ended == meeting::stops) return false;
      if (ended == meeting::wins) out.beaten.push_back(other);
    }
    return true;
  }

  // What a rule made of a row goes with it, whichever side has removed it since then.
  bool goes_with(sequence other, target_write const* write) const {
    return record.is_of_rules && record.op == operation::update && other > record.cause &&
           write != nullptr && is_removal(*write, context.map, source());
  }
  bool are_rows(target_write const& other) const {
    return !effect.removes && !is_removal(other, context.map, source());
  }
  // Whether nothing that the other side wrote differs from what this record says.
  bool agrees(target_write const& other) const {
    if (!are_rows(other)) return effect.removes && is_removal(other, context.map, source());
    for (std::size_t i = 0; i < other.columns.size(); ++i) {
      if (clashes(other, i)) return false;
    }
    return true;
  }
  bool clashes(target_write const& other, std::size_t i) const {
    auto const column = other.columns[i];
    if (!context.map.is_shared(source(), column)) return false;
    auto const& own = said_of(record, column);
    return !own.is_unchanged() && !is_same_document(own, other.values[i]);
  }
  // Whether the record takes the place of all that the other wrote.
  bool is_whole_to(target_write const& other) const {
    if (!are_rows(other)) return true;
    return std::all_of(other.columns.begin(), other.columns.end(), [&](std::size_t column) {
      return context.map.is_key(source(), column) ||
             (context.map.is_shared(source(), column) && !said_of(record, column).is_unchanged());
    });
  }
  // Whether the record says something that the other left alone. That it had changed is not asked:
  // an earlier change of the same side may have lost for the sake of this one.
  bool brings_more_than(target_write const& other) const {
    auto const& sent = context.map.columns_sent(record.way);
    auto const& has = other.columns;
    return std::any_of(sent.begin(), sent.end(), [&](std::size_t column) {
      bool const is_met = context.map.is_shared(source(), column) &&
                          std::find(has.begin(), has.end(), column) != has.end();
      return !is_met && !said_of(record, column).is_unchanged();
    });
  }

  // Two rows are judged column by column, anything else as a whole. `made.record` is what a
  // decision of somebody is compared with.
  meeting meet(sequence other, value_origin const& made, target_write const* write) {
    auto whole = judge(made, definition().conflict, write);
    if (write == nullptr || !are_rows(*write)) {
      bool const is_gone = other == newest_handed && made.made_on != source() && !decided &&
                           write != nullptr && is_removal(*write, context.map, source());
      if (whole.how == verdict::wins && is_gone && lacks_a_part())
        whole = {verdict::loses, "the row was removed, and not all of it was sent"};
      return take(other, whole);
    }
    conflict_found found;
    judgement last = whole;
    for (std::size_t i = 0; i < write->columns.size(); ++i) {
      if (!clashes(*write, i)) continue;
      auto const& name = context.map.schema(source()).columns[write->columns[i]].name;
      last = judge(made, definition().policy_for(source(), name), write);
      if (last.how == verdict::undecided) return take(other, last);
      found.columns.push_back({name, last.how == verdict::wins});
    }
    if (found.columns.empty()) last = {verdict::wins, "both sides say the same"};
    auto const won = static_cast<std::size_t>(
        std::count_if(found.columns.begin(), found.columns.end(), [](clashing_column const& one) {
          return one.record_wins;
        }));
    bool const is_all = won == found.columns.size() && is_whole_to(*write);
    bool const is_none = won == 0 && !brings_more_than(*write);
    if (is_all || is_none) return take(other, last);
    for (auto const& one : found.columns) {
      if (!one.record_wins) out.lost_columns.push_back(one.name);
    }
    bool const is_mixed = won != 0 && won != found.columns.size();
    found.other = other;
    found.record_wins = true;
    found.reason =
        is_mixed ? "each side wins some columns" : last.reason + ", in what both sides changed";
    found.key = effect.key;
    note(std::move(found));
    return meeting::shares;
  }

  judgement judge(value_origin const& made,
                  conflict_policy policy,
                  target_write const* write) const {
    if (goes_with(made.record, write))
      return {verdict::loses, "the row that a rule had changed was removed"};
    if (made.made_on == source()) return {verdict::wins, "later on the same side"};
    if (made.record < decided) return {verdict::wins, "somebody chose it"};
    auto const by_side = [&](side winner, char const* reason) {
      return judgement{winner == source() ? verdict::wins : verdict::loses, reason};
    };
    // A row that was copied only to fill a gap leaves what is there alone.
    bool const fills = write != nullptr && write->kind == write_kind::insert_if_absent;
    if (made.copied || fills)
      return by_side(fills ? source() : made.made_on, "initial sync: the master side wins");
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

  meeting take(sequence other, judgement const& is) {
    conflict_found found;
    found.other = other;
    found.record_wins = is.how == verdict::wins;
    found.reason = is.reason;
    found.key = effect.key;
    switch (is.how) {
      case verdict::wins:
        note(std::move(found));
        return meeting::wins;
      case verdict::loses:
        note(std::move(found));
        out.lost_to = other;
        return meeting::stops;
      case verdict::undecided:
        // Nothing else is decided with it.
        found.undecided = true;
        out = {};
        found.other = context.origin_of(std::max(other, newest_met)).record;
        out.against = found.other;
        out.conflicts.push_back(std::move(found));
        return meeting::stops;
    }
    return meeting::stops;
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
    if (!effect.removes && !fill(owed.image)) return;
    out.resolutions.push_back(std::move(owed));
  }
  // With what is the record's own to say, unless its row has to be made anew. Returns whether that
  // is anything.
  bool fill(row_values& image) const {
    image = record.after;
    if (removed) return true;
    auto const& columns = context.map.schema(source()).columns;
    auto const& lost = out.lost_columns;
    bool is_any = false;
    for (std::size_t column = 0; column < image.size(); ++column) {
      if (context.map.is_key(source(), column)) continue;
      bool const is_own = context.map.is_shared(source(), column) &&
                          std::find(lost.begin(), lost.end(), columns[column].name) == lost.end();
      image[column] = is_own ? said_of(record, column) : value::unchanged();
      is_any = is_any || !image[column].is_unchanged();
    }
    return is_any;
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

}  // namespace dualwrite::engine
