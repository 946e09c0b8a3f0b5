#include "engine/decide/outcome.h"

#include <algorithm>
#include <map>
#include <utility>

#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

struct outcome_writer {
  planned_batch const& batch;
  outcome_so_far out;

  // The outcome's first event, the counts, comes before the exceptions.
  std::size_t next_event() const { return out.exceptions.size() + 1; }

  template <class Event>
  void add(map_id map, Event const& event) {
    origin const from{{}, {}, first_of_submission, {}};
    out.exceptions.push_back(draft({stream_kind::map, map.value}, batch.link, event, from));
  }
  MapCounts& count(planned_record const& record) {
    auto& row = out.counts[record.map];
    row.map = record.map;
    row.version = record.version;
    return row;
  }

  void skip(planned_record const& record, skip_reason reason, sequence by) {
    RecordSkipped skipped{
        record.map, batch.way, record.at, reason, by, record.which == attempt::retry};
    if (reason == skip_reason::delete_skipped) skipped.key = blob{record.plan.key};
    add(record.map, skipped);
  }
  void park(planned_record const& record,
            park_state state,
            write_result const& why,
            sequence waits_for = {}) {
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
                      waits_for,
                      record.plan.against,
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
                     record.copied,
                     plan.against,
                     {}});
    out.parked[{record.map, plan.key}].push_back(record.at);
  }

  // By each name of its table: which of them a map uses is not known here.
  void miss(planned_record const& record, referenced_row row) {
    auto const also_named = std::exchange(row.also_named, {});
    out.missing.push_back({next_event(), record.map, record.at, row});
    if (also_named.empty()) return;
    row.table = also_named;
    out.missing.push_back({next_event(), record.map, record.at, std::move(row)});
  }

  void refuse(planned_record const& record, write_result const& why) {
    if (record.waits_for && why.for_group)
      return park(record, park_state::dependency, record.plan.fault, record.waits_for);
    // The rows that refer to it may go behind it: where the source removes them by cascade they
    // come later in the same transaction. When all of that is done it is tried once more.
    bool const is_referred_to = why.kind == fault_class::dependency;
    if (is_referred_to && record.which == attempt::first)
      return park(record, park_state::dependency, why);
    if (why.references) miss(record, *why.references);
    if (why.taken_by) out.taken.push_back({next_event(), record.map, record.at, *why.taken_by});
    auto told = why;
    if (is_referred_to) told.kind = fault_class::application;
    park(record, park_state::failed, told);
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
    if (!plan.is_whole()) return;
    for (auto const& key : record.drifted)
      add(record.map, DriftCleared{record.map, batch.way, record.at, blob{key}});
    for (auto const earlier : record.earlier) supersede(record, earlier);
    auto const here = out.parked.extract({record.map, plan.key});
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
      out.retried.push_back({next_event(), share});
      blob const amended{record.plan.amended ? std::string_view(record.plan.key)
                                             : std::string_view()};
      add(record.map, RetrySucceeded{record.map, batch.way, record.at, amended});
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
        if (record.plan.may_miss) return arrive(record, &MapCounts::equal);
        return park(record, park_state::reread, result);
      case write_effect::held:
        return park(record, park_state::waiting, result);
      case write_effect::refused:
        return refuse(record, result);
    }
  }

  // What became of its row, by one write or by two.
  static write_result result_of(planned_record const& record,
                                std::span<write_result const> results) {
    auto last = results[*record.write];
    if (!record.first_write) return last;
    auto const& first = results[*record.first_write];
    bool const is_own_refusal = first.effect == write_effect::refused && !first.for_group;
    if (is_own_refusal) return first;
    // There is another row, that was to be left alone.
    if (last.effect == write_effect::held) last.effect = write_effect::kept;
    bool const was_updated =
        first.effect == write_effect::updated && last.effect == write_effect::kept;
    if (was_updated) last.effect = write_effect::updated;
    if (first.effect == write_effect::inserted && last.effect == write_effect::updated)
      last.effect = write_effect::inserted;
    return last;
  }

  // Decisions are facts together with what was written by them: a batch that did not happen has
  // decided nothing.
  void tell_conflicts(planned_record const& record) {
    for (auto const& found : record.plan.conflicts) {
      ConflictDetected event;
      event.map = record.map;
      event.way = batch.way;
      event.record = record.at;
      event.other = found.other;
      event.record_wins = found.record_wins;
      event.reason = found.reason;
      event.key = blob{found.key};
      event.undecided = found.undecided;
      for (auto const& column : found.columns)
        event.columns.push_back({column.name, column.record_wins});
      event.record_image = blob{found.record_image};
      event.record_schema = found.record_schema;
      event.other_image = blob{found.other_image};
      event.other_schema = found.other_schema;
      event.agreed_image = blob{found.agreed_image};
      event.beats_too = found.beats_too;
      add(record.map, event);
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
                                   owed.schema,
                                   false,
                                   false,
                                   {}};
      out.exceptions.push_back(
          draft({stream_kind::link, batch.link.value}, batch.link, event, from));
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
        if (!record.left_out.empty())
          out.in_part.push_back({record.map, record.at, record.left_out});
        return written(record, result_of(record, results));
    }
  }
};

WonInPart told(written_part const& part) {
  WonInPart out{part.map, part.record, {}};
  for (auto const& column : part.left_out) out.columns.push_back({column, false});
  return out;
}

}  // namespace

void add_to_outcome(outcome_so_far& to,
                    planned_batch const& part,
                    std::span<write_result const> results) {
  outcome_writer writer{part, std::move(to)};
  for (auto const& record : part.records) writer.settle(record, results);
  to = std::move(writer.out);
}

batch_outcome outcome_of(planned_batch const& batch, std::span<write_result const> results) {
  auto out = batch.before ? *batch.before : outcome_so_far{};
  add_to_outcome(out, batch, results);

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
  for (auto const& part : out.in_part) applied.in_part.push_back(told(part));
  drafts events;
  events.push_back(draft({stream_kind::link, batch.link.value}, batch.link, applied));
  for (auto& event : out.exceptions) events.push_back(std::move(event));
  for (auto const& event : batch.also) events.push_back(event);
  return {std::move(events), std::move(out.missing), std::move(out.taken), std::move(out.retried)};
}

}  // namespace dualwrite::engine
