#include "engine/decide/outcome_turn.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace dualwrite::engine {
namespace {

result<event_view> view_of(encoded_event const& event) {
  return decode({sequence{1}, event.span, {}, event.stream, event.bytes});
}

using record_name = std::tuple<map_id, direction, sequence>;

// What an event says of a parked record; it is true only while the record is parked.
struct parked_step {
  record_name record;
  bool ends = true;
};
std::optional<parked_step> parked_step_of(event_view const& view) {
  auto const name = [](auto const& e) { return record_name{e.map, e.way, e.record}; };
  if (auto const* skipped = view.as<RecordSkipped>()) {
    if (skipped->was_parked) return parked_step{name(*skipped)};
  } else if (auto const* arrived = view.as<RetrySucceeded>()) {
    return parked_step{name(*arrived)};
  } else if (auto const* failed = view.as<RetryFailed>()) {
    return parked_step{name(*failed), false};
  }
  return std::nullopt;
}

// The refusal of a record whose row is on its way: it waits, and is not counted as an error.
template <class Refused>
encoded_event waiting(encoded_event const& event,
                      Refused refused,
                      origin const& from,
                      sequence on) {
  refused.state = park_state::dependency;
  refused.kind = fault_class::dependency;
  refused.waits_for = on;
  return draft(event.stream, event.link, refused, from);
}

result<parked_keys> keys_parked_by(batch_outcome const& outcome) {
  parked_keys out;
  for (auto const& event : outcome.events) {
    DW_TRY(auto const view, view_of(event));
    auto const* parked = view.as<RecordParked>();
    if (parked == nullptr) continue;
    out.try_emplace({parked->map, std::string(parked->key.bytes)}, parked->record);
  }
  return out;
}

result<void> wait_for_rows(batch_outcome& outcome, row_finders const& find) {
  if (outcome.missing.empty()) return {};
  DW_TRY(auto const parked_here, keys_parked_by(outcome));
  std::set<std::size_t> told;  // a row may be named by several names of its table
  for (auto const& one : outcome.missing) {
    auto const waits_for = find.bringing(one, parked_here);
    if (!waits_for || !told.insert(one.event).second) continue;
    auto& event = outcome.events[one.event];
    DW_TRY(auto const view, view_of(event));
    if (auto const* first = view.as<RecordParked>()) {
      event = waiting(event, *first, view.from, *waits_for);
    } else if (auto const* again = view.as<RetryFailed>()) {
      event = waiting(event, *again, view.from, *waits_for);
    }
  }
  return {};
}

// Says which key's row has what must be unique.
result<void> name_takers(batch_outcome& outcome, row_finders const& find) {
  for (auto const& one : outcome.taken) {
    auto const key = find.key_of(one);
    if (!key) continue;
    auto& event = outcome.events[one.event];
    DW_TRY(auto const view, view_of(event));
    auto const name = [&](auto refused) {
      refused.taken_by = blob{*key};
      event = draft(event.stream, event.link, refused, view.from);
    };
    if (auto const* first = view.as<RecordParked>()) {
      name(*first);
    } else if (auto const* again = view.as<RetryFailed>()) {
      name(*again);
    }
  }
  return {};
}

result<void> count_out(encoded_event& counted, MapCounts const& share) {
  DW_TRY(auto const view, view_of(counted));
  auto applied = *view.as<RecordsApplied>();
  for (auto& counts : applied.maps) {
    if (counts.map != share.map) continue;
    counts.inserted -= share.inserted;
    counts.updated -= share.updated;
    counts.removed -= share.removed;
    counts.equal -= share.equal;
    counts.filtered -= share.filtered;
  }
  counted = draft(counted.stream, counted.link, applied, view.from);
  return {};
}

// The records of retries that ended otherwise while they were under way: deleted, or beaten by a
// change of the other side. What the retry found about them is true no more.
result<std::set<record_name>> overtaken(batch_outcome const& outcome,
                                        projections::views const& state) {
  std::set<record_name> out;
  for (auto const& event : outcome.events) {
    DW_TRY(auto const view, view_of(event));
    auto const step = parked_step_of(view);
    if (!step || view.as<RecordSkipped>() != nullptr) continue;
    auto const [map, way, record] = step->record;
    if (state.parked.find({map, way}, record) == nullptr) out.insert(step->record);
  }
  return out;
}

// One outcome, told event by event as it is true now.
struct teller {
  projections::views const& state;
  std::set<record_name> gone{};
  std::map<record_name, std::string> parked_here{};  // and their keys
  std::set<std::tuple<map_id, direction, std::string, sequence>> waiting_here{};
  std::set<std::pair<map_id, std::string>> held_here{};  // until somebody decides
  std::set<record_name> ended_here{};
  drafts told{};

  bool is_parked(record_name const& name) const {
    auto const [map, way, record] = name;
    if (ended_here.contains(name)) return false;
    return parked_here.contains(name) || state.parked.find({map, way}, record) != nullptr;
  }
  void end(record_name const& name) {
    auto const [map, way, record] = name;
    ended_here.insert(name);
    auto const parked = parked_here.find(name);
    if (parked != parked_here.end()) waiting_here.erase({map, way, parked->second, record});
  }
  // Whether a record of this key is parked that has not ended in this very outcome.
  bool is_occupied(map_id map, direction way, std::string const& key) const {
    auto const here = waiting_here.lower_bound({map, way, key, {}});
    bool const is_here = here != waiting_here.end() && std::get<0>(*here) == map &&
                         std::get<1>(*here) == way && std::get<2>(*here) == key;
    if (is_here) return true;
    auto const* chain = state.parked.chain({map, way}, key);
    return chain != nullptr && std::any_of(chain->begin(), chain->end(), [&](sequence record) {
             return !ended_here.contains({map, way, record});
           });
  }

  void park(encoded_event event, event_view const& view, RecordParked parked) {
    if (auto const by = state.conflicts.beaten_by({parked.map, parked.way}, parked.record)) {
      RecordSkipped const lost{
          parked.map, parked.way, parked.record, skip_reason::conflict_lost, by, false};
      told.push_back(draft(event.stream, event.link, lost, view.from));
      return;
    }
    // What it was to wait behind may just have been beaten, or decided.
    std::string const key(parked.key.bytes);
    std::string const old_key(parked.old_key.bytes);
    bool const waits = is_occupied(parked.map, parked.way, key);
    if (parked.state == park_state::waiting && !waits) {
      parked.state = park_state::due;
      event = draft(event.stream, event.link, parked, view.from);
    }
    if (parked.state == park_state::conflict) {
      if (!parked.against && !is_held(parked.map, key, old_key)) {
        parked.state = park_state::due;
        event = draft(event.stream, event.link, parked, view.from);
      } else {
        held_here.insert({parked.map, key});
        if (!old_key.empty()) held_here.insert({parked.map, old_key});
      }
    }
    parked_here[{parked.map, parked.way, parked.record}] = key;
    waiting_here.insert({parked.map, parked.way, key, parked.record});
    told.push_back(std::move(event));
  }
  bool is_held(map_id map, std::string const& key, std::string const& old_key) const {
    auto const held = [&](std::string const& one) {
      return state.parked.is_held(map, one) || held_here.contains({map, one});
    };
    return held(key) || (!old_key.empty() && held(old_key));
  }
  void detect(encoded_event event, event_view const& view, ConflictDetected conflict) {
    auto const stream = event.stream;
    auto const link = event.link;
    auto const way = opposite(conflict.way);
    bool const in_part = !conflict.columns.empty();
    if (in_part && conflict.record_wins && is_parked({conflict.map, way, conflict.other})) {
      conflict.other_parked = true;
      event = draft(stream, link, conflict, view.from);
    }
    told.push_back(std::move(event));
    if (!conflict.record_wins || in_part) return;
    auto losers = conflict.beats_too;
    losers.push_back(conflict.other);
    for (auto const loser : losers) {
      if (!is_parked({conflict.map, way, loser})) continue;
      end({conflict.map, way, loser});
      RecordSkipped const lost{
          conflict.map, way, loser, skip_reason::conflict_lost, conflict.record, true};
      told.push_back(draft(stream, link, lost, view.from));
    }
  }
  // A retry that was to wait for a decision which has come meanwhile.
  void release(encoded_event& event, event_view const& view, RetryFailed failed) {
    if (failed.state != park_state::conflict || failed.against) return;
    auto const* row = state.parked.find({failed.map, failed.way}, failed.record);
    if (row == nullptr || is_held(failed.map, row->key, row->old_key)) return;
    failed.state = park_state::due;
    event = draft(event.stream, event.link, failed, view.from);
  }
  // False where the event is not true any more.
  result<bool> tell(encoded_event event) {
    DW_TRY(auto const view, view_of(event));
    if (auto const* parked = view.as<RecordParked>()) {
      park(std::move(event), view, *parked);
    } else if (auto const* conflict = view.as<ConflictDetected>()) {
      if (gone.contains({conflict->map, conflict->way, conflict->record})) return false;
      detect(std::move(event), view, *conflict);
    } else if (auto const* resolved = view.as<ConflictResolved>()) {
      if (gone.contains({resolved->map, opposite(resolved->way), resolved->winner})) return false;
      told.push_back(std::move(event));
    } else if (auto const step = parked_step_of(view)) {
      if (auto const* failed = view.as<RetryFailed>()) release(event, view, *failed);
      if (!is_parked(step->record)) {
        if (auto const* written = view.as<RetrySucceeded>()) {
          RetryOvertaken const overtaken{written->map, written->way, written->record};
          told.push_back(draft(event.stream, event.link, overtaken, view.from));
        }
        return false;
      }
      if (step->ends) end(step->record);
      told.push_back(std::move(event));
    } else {
      told.push_back(std::move(event));
    }
    return true;
  }
};

}  // namespace

bool depends_on_turn(batch_outcome const& outcome) {
  return std::any_of(outcome.events.begin(), outcome.events.end(), [](encoded_event const& event) {
    auto const view = view_of(event);
    if (!view) return false;
    bool const decides =
        view->as<RecordParked>() != nullptr || view->as<ConflictDetected>() != nullptr;
    return decides || parked_step_of(*view);
  });
}

std::optional<refused_records> refused_of(batch_outcome const& outcome) {
  std::optional<refused_records> out;
  for (auto const& event : outcome.events) {
    auto const view = view_of(event);
    if (!view) continue;
    if (auto const* applied = view->as<RecordsApplied>())
      out = refused_records{{applied->way, applied->lane, applied->batch}};
    if (!out) continue;
    if (auto const* parked = view->as<RecordParked>())
      out->records.emplace(parked->map, parked->record);
    if (auto const* failed = view->as<RetryFailed>())
      out->records.emplace(failed->map, failed->record);
  }
  return out;
}

result<drafts> at_its_turn(batch_outcome outcome,
                           projections::views const& state,
                           row_finders const& find) {
  DW_CHECK(wait_for_rows(outcome, find));
  DW_CHECK(name_takers(outcome, find));
  DW_TRY(auto gone, overtaken(outcome, state));
  teller out{state, std::move(gone)};
  std::set<std::size_t> untrue;
  for (std::size_t i = 0; i < outcome.events.size(); ++i) {
    DW_TRY(bool const is_true, out.tell(outcome.events[i]));
    if (!is_true) untrue.insert(i);
  }
  for (auto const& one : outcome.retried) {
    if (untrue.contains(one.event)) DW_CHECK(count_out(out.told.front(), one.share));
  }
  return std::move(out.told);
}

}  // namespace dualwrite::engine
