#include "engine/decide/outcome.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "events/row_image.h"
#include "projections/archive.h"

namespace dualwrite::engine {
namespace {

// An encoded event as the archive takes it.
struct packed_event {
  stream_kind kind = stream_kind::system;
  std::uint64_t stream = 0;
  link_id link;
  std::string bytes;
  DW_FIELDS(kind, stream, link, bytes);
};
struct packed_row {
  std::uint64_t event = 0;
  map_id map;
  sequence record;
  std::string table;
  std::vector<std::uint64_t> columns;
  std::string values;
  DW_FIELDS(event, map, record, table, columns, values);
};
struct packed_retry {
  std::uint64_t event = 0;
  MapCounts share;
  DW_FIELDS(event, share);
};
struct packed_outcome {
  std::vector<packed_event> events;
  std::vector<packed_row> missing;
  std::vector<packed_retry> retried;
  DW_FIELDS(events, missing, retried);
};

struct outcome_writer {
  planned_batch const& batch;
  drafts exceptions;
  std::vector<missing_row> missing;
  std::vector<retried_row> retried;
  std::map<map_id, MapCounts> counts;
  std::map<std::pair<map_id, std::string>, std::vector<sequence>> parked_here;

  // The outcome's first event, the counts, comes before the exceptions.
  std::size_t next_event() const { return exceptions.size() + 1; }

  template <class Event>
  void add(map_id map, Event const& event) {
    origin const from{{}, {}, first_of_submission, {}};
    exceptions.push_back(draft({stream_kind::map, map.value}, batch.link, event, from));
  }
  MapCounts& count(planned_record const& record) {
    auto& row = counts[record.map];
    row.map = record.map;
    row.version = record.version;
    return row;
  }

  void skip(planned_record const& record, skip_reason reason, sequence by) {
    add(record.map,
        RecordSkipped{
            record.map, batch.way, record.at, reason, by, record.which == attempt::retry});
  }
  void park(planned_record const& record, park_state state, write_result const& why) {
    if (record.which == attempt::retry) {
      add(record.map,
          RetryFailed{record.map,
                      batch.way,
                      record.at,
                      state,
                      why.kind,
                      why.code,
                      why.text,
                      why.column,
                      {}});
      return;
    }
    auto const& plan = record.plan;
    bool const whole = plan.whole_row;
    add(record.map,
        RecordParked{record.map,
                     batch.way,
                     record.at,
                     state,
                     why.kind,
                     why.code,
                     why.text,
                     why.column,
                     {},
                     blob{plan.key},
                     blob{plan.old_key},
                     whole,
                     record.copied});
    parked_here[{record.map, plan.key}].push_back(record.at);
  }

  void refuse(planned_record const& record, write_result const& why) {
    if (why.references) missing.push_back({next_event(), record.map, record.at, *why.references});
    park(record, park_state::failed, why);
  }

  // What this record took the place of: earlier parked records of its key, and parked ones of the
  // other side that lost.
  void supersede(planned_record const& record) {
    auto const& plan = record.plan;
    for (auto const loser : plan.beaten) {
      add(record.map,
          RecordSkipped{
              record.map, opposite(batch.way), loser, skip_reason::conflict_lost, record.at, true});
    }
    bool const whole = plan.whole_row || plan.write->kind == write_kind::remove;
    if (!whole) return;
    for (auto const earlier : record.earlier) supersede(record, earlier);
    auto const here = parked_here.extract({record.map, plan.key});
    if (here.empty()) return;
    for (auto const earlier : here.mapped()) supersede(record, earlier);
  }
  void supersede(planned_record const& record, sequence earlier) {
    add(record.map,
        RecordSkipped{record.map, batch.way, earlier, skip_reason::superseded, record.at, true});
  }

  // It is settled, and counts as this.
  void arrive(planned_record const& record, std::uint32_t MapCounts::*as) {
    ++(count(record).*as);
    if (record.which == attempt::retry) {
      MapCounts share;
      share.map = record.map;
      share.*as = 1;
      retried.push_back({next_event(), share});
      add(record.map, RetrySucceeded{record.map, batch.way, record.at});
    }
    if (record.plan.what == fate::write) supersede(record);
  }

  void written(planned_record const& record, write_result const& result) {
    switch (result.effect) {
      case write_effect::inserted:
        return arrive(record, &MapCounts::inserted);
      case write_effect::updated:
        return arrive(record, &MapCounts::updated);
      case write_effect::removed:
        return arrive(record, &MapCounts::removed);
      case write_effect::equal:
        return arrive(record, &MapCounts::equal);
      case write_effect::kept:
        return skip(record, skip_reason::kept, {});
      case write_effect::missing:
        return park(record, park_state::reread, result);
      case write_effect::held:
        return park(record, park_state::waiting, result);
      case write_effect::refused:
        return refuse(record, result);
    }
  }

  // Decisions are facts together with what was written by them: a batch that did not happen has
  // decided nothing.
  void tell_conflicts(planned_record const& record) {
    for (auto const& found : record.plan.conflicts) {
      add(record.map,
          ConflictDetected{record.map,
                           batch.way,
                           record.at,
                           found.other,
                           found.record_wins,
                           found.reason,
                           blob{found.key}});
    }
    for (auto const& owed : record.plan.resolutions) {
      auto const image = owed.removes ? std::string{} : encode_row(owed.image);
      origin const from{{}, {}, first_of_submission, {}};
      ConflictResolved const event{batch.link,
                                   record.map,
                                   opposite(batch.way),
                                   record.at,
                                   record.committed_at,
                                   owed.removes,
                                   blob{owed.key},
                                   blob{image},
                                   {}};
      exceptions.push_back(draft({stream_kind::link, batch.link.value}, batch.link, event, from));
    }
  }

  void settle(planned_record const& record, std::span<write_result const> results) {
    count(record);
    tell_conflicts(record);
    switch (record.plan.what) {
      case fate::forgotten:
        return;
      case fate::filtered:
        return arrive(record, &MapCounts::filtered);
      case fate::skip:
        return skip(record, record.plan.reason, record.plan.by);
      case fate::park:
        return park(record, record.plan.state, record.plan.fault);
      case fate::write:
        return written(record, results[*record.write]);
    }
  }
};

}  // namespace

batch_outcome outcome_of(planned_batch const& batch, std::span<write_result const> results) {
  outcome_writer out{batch, {}, {}, {}, {}, {}};
  for (auto const& record : batch.records) out.settle(record, results);

  RecordsApplied applied;
  applied.link = batch.link;
  applied.way = batch.way;
  applied.lane = batch.lane;
  applied.session = batch.session;
  applied.batch = batch.batch;
  applied.behind = batch.behind;
  applied.position = batch.position;
  applied.reverse_passed = batch.reverse_passed;
  for (auto const& [map, counts] : out.counts) applied.maps.push_back(counts);
  for (auto const& place : batch.places) {
    applied.places.push_back({place.map, batch.way, place.lane, place.position});
  }
  drafts events;
  events.push_back(draft({stream_kind::link, batch.link.value}, batch.link, applied));
  for (auto& event : out.exceptions) events.push_back(std::move(event));
  for (auto const& event : batch.also) events.push_back(event);
  return {std::move(events), std::move(out.missing), std::move(out.retried)};
}

std::string pack_outcome(batch_outcome const& outcome) {
  packed_outcome packed;
  for (auto const& event : outcome.events) {
    std::string bytes(reinterpret_cast<char const*>(event.bytes.data()), event.bytes.size());
    packed.events.push_back({event.stream.kind, event.stream.id, event.link, std::move(bytes)});
  }
  for (auto const& one : outcome.missing) {
    auto const& row = one.row;
    packed.missing.push_back({one.event,
                              one.map,
                              one.record,
                              row.table,
                              {row.columns.begin(), row.columns.end()},
                              encode_row(row.values)});
  }
  for (auto const& one : outcome.retried) packed.retried.push_back({one.event, one.share});
  projections::archive_writer out;
  out.put(packed);
  return out.take();
}

result<batch_outcome> unpack_outcome(std::string_view bytes) {
  DW_TRY(auto const packed, projections::load<packed_outcome>(bytes));
  batch_outcome out;
  for (auto const& one : packed.events) {
    auto const* begin = reinterpret_cast<std::byte const*>(one.bytes.data());
    out.events.push_back({{one.kind, one.stream}, one.link, 1, {begin, begin + one.bytes.size()}});
  }
  for (auto const& one : packed.missing) {
    if (one.event >= out.events.size()) return error{error_code::event_malformed, "an outcome"};
    missing_row row;
    row.event = one.event;
    row.map = one.map;
    row.record = one.record;
    row.row.table = one.table;
    row.row.columns.assign(one.columns.begin(), one.columns.end());
    DW_TRY(row.row.values, decode_row(one.values));
    out.missing.push_back(std::move(row));
  }
  for (auto const& one : packed.retried) {
    if (one.event >= out.events.size()) return error{error_code::event_malformed, "an outcome"};
    out.retried.push_back({one.event, one.share});
  }
  return out;
}

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

result<void> wait_for_rows(batch_outcome& outcome, find_dependency const& find) {
  for (auto const& one : outcome.missing) {
    auto const waits_for = find(one);
    if (!waits_for) continue;
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

// One outcome, told event by event as it is true now.
struct teller {
  projections::views const& state;
  std::set<record_name> parked_here{};
  std::set<std::tuple<map_id, direction, std::string>> keys_here{};
  std::set<record_name> ended_here{};
  drafts told{};

  bool is_parked(record_name const& name) const {
    auto const [map, way, record] = name;
    if (ended_here.contains(name)) return false;
    return parked_here.contains(name) || state.parked.find({map, way}, record) != nullptr;
  }
  // The change of the other side that had beaten a record before its own outcome was known.
  sequence beaten_by(map_id map, direction way, sequence record) const {
    auto const beaten = state.conflicts.beaten.find({map, way});
    if (beaten == state.conflicts.beaten.end()) return {};
    auto const by = beaten->second.find(record);
    return by == beaten->second.end() ? sequence{} : by->second;
  }

  void park(encoded_event event, event_view const& view, RecordParked parked) {
    if (auto const by = beaten_by(parked.map, parked.way, parked.record)) {
      RecordSkipped const lost{
          parked.map, parked.way, parked.record, skip_reason::conflict_lost, by, false};
      told.push_back(draft(event.stream, event.link, lost, view.from));
      return;
    }
    // What it was to wait behind may just have been beaten.
    std::string const key(parked.key.bytes);
    bool const waits = keys_here.contains({parked.map, parked.way, key}) ||
                       state.parked.chain({parked.map, parked.way}, key) != nullptr;
    if (parked.state == park_state::waiting && !waits) {
      parked.state = park_state::due;
      event = draft(event.stream, event.link, parked, view.from);
    }
    parked_here.insert({parked.map, parked.way, parked.record});
    keys_here.insert({parked.map, parked.way, key});
    told.push_back(std::move(event));
  }
  void detect(encoded_event event, event_view const& view, ConflictDetected const& conflict) {
    auto const stream = event.stream;
    auto const link = event.link;
    told.push_back(std::move(event));
    record_name const loser{conflict.map, opposite(conflict.way), conflict.other};
    if (!conflict.record_wins || !is_parked(loser)) return;
    ended_here.insert(loser);
    RecordSkipped const lost{conflict.map,
                             opposite(conflict.way),
                             conflict.other,
                             skip_reason::conflict_lost,
                             conflict.record,
                             true};
    told.push_back(draft(stream, link, lost, view.from));
  }
  // False where the event is not true any more.
  result<bool> tell(encoded_event event) {
    DW_TRY(auto const view, view_of(event));
    if (auto const* parked = view.as<RecordParked>()) {
      park(std::move(event), view, *parked);
    } else if (auto const* conflict = view.as<ConflictDetected>()) {
      detect(std::move(event), view, *conflict);
    } else if (auto const step = parked_step_of(view)) {
      if (!is_parked(step->record)) return false;
      if (step->ends) ended_here.insert(step->record);
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

result<drafts> at_its_turn(batch_outcome outcome,
                           projections::views const& state,
                           find_dependency const& find) {
  DW_CHECK(wait_for_rows(outcome, find));
  teller out{state};
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
