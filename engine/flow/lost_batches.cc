#include <algorithm>

#include "engine/flow/target_session.h"

namespace dualwrite::engine {
namespace {

// What one lost batch had said, found again in the log.
struct lost_outcome {
  sequence at;
  std::vector<MapCounts> counts;
  std::vector<WonInPart> in_part;
};

struct loss_reader {
  link_context& context;
  direction way;
  std::map<lane_id, lane_row> const& rows;
  lost_batches out{};
  std::set<std::pair<map_id, sequence>> parked_by_lost{};
  std::set<sequence> lost_at{};  // the outcomes of the lost batches
  sequence lost_from{};          // the first of them
  // No place leads back to the rows of a copy: only another copy brings them.
  std::set<map_id> copies_lost{};

  std::map<map_id, sequence> last_stops{};

  // What a map had before it was stopped is discarded already: it is not taken back any more.
  result<bool> is_of_now(map_id map, sequence at) {
    auto const [stop, fresh] = last_stops.try_emplace(map);
    if (fresh) {
      auto const cursor = context.log.log().read(
          {context.log.log().head().at, true, stream_id{stream_kind::map, map.value}});
      while (!stop->second) {
        DW_TRY(auto const stored, cursor->next());
        if (!stored) break;
        DW_TRY(auto const event, decode(*stored));
        if (event.as<MapStopped>() != nullptr) stop->second = event.at;
      }
    }
    return stop->second < at;
  }

  std::string_view keep(std::string_view text) {
    out.texts.push_back(std::make_shared<std::string>(text));
    return *out.texts.back();
  }
  WonInPart keep(WonInPart part) {
    for (auto& column : part.columns) column.name = keep(column.name);
    return part;
  }

  // The outcomes of all batches behind those that the target still has. Their numbers tell them
  // from batches that were lost before: those had higher ones, or the same ones earlier.
  result<std::vector<lost_outcome>> find_outcomes() {
    std::map<lane_id, std::uint64_t> next;  // the one to find, going back
    std::uint64_t left = 0;
    for (auto const& [lane, row] : rows) {
      auto const* known = context.views().delivery.lane({context.link, way, lane});
      if (known == nullptr || known->batch <= row.batch) continue;
      next[lane] = known->batch.value;
      left += known->batch.value - row.batch.value;
    }
    std::vector<lost_outcome> found;
    auto const cursor = context.log.log().read(
        {context.log.log().head().at, true, stream_id{stream_kind::link, context.link.value}});
    while (left > 0) {
      DW_TRY(auto const stored, cursor->next());
      if (!stored) break;
      DW_TRY(auto const event, decode(*stored));
      auto const* applied = event.as<RecordsApplied>();
      if (applied == nullptr || applied->way != way) continue;
      auto const wanted = next.find(applied->lane);
      if (wanted == next.end() || applied->batch.value != wanted->second) continue;
      if (--wanted->second == rows.at(applied->lane).batch.value) next.erase(wanted);
      --left;
      found.push_back({event.at, applied->maps, {}});
      for (auto const& part : applied->in_part) found.back().in_part.push_back(keep(part));
    }
    std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) { return a.at < b.at; });
    return found;
  }

  void take_back(MapCounts const& counts) {
    auto& sums = out.event.taken_back;
    auto const same = std::find_if(
        sums.begin(), sums.end(), [&](auto const& one) { return one.map == counts.map; });
    if (same == sums.end()) {
      sums.push_back(counts);
      return;
    }
    same->inserted += counts.inserted;
    same->updated += counts.updated;
    same->removed += counts.removed;
    same->equal += counts.equal;
    same->filtered += counts.filtered;
  }

  void unsettle(RecordSkipped const& skipped) {
    if (skipped.way != way) return;
    out.event.unskipped.push_back(
        {skipped.map, way, skipped.record, skipped.reason, skipped.by, skipped.was_parked});
  }

  // A record that was parked before and settled by a lost batch is parked again, to be tried again
  // by itself.
  result<void> repark(map_id map, sequence record) {
    if (parked_by_lost.contains({map, record})) return {};
    auto const cursor = context.log.log().read(
        {context.log.log().head().at, true, stream_id{stream_kind::map, map.value}});
    while (true) {
      DW_TRY(auto const stored, cursor->next());
      if (!stored)
        return error{error_code::log_corrupt, "a parked record is not in its map's stream", record};
      DW_TRY(auto const event, decode(*stored));
      auto const* parked = event.as<RecordParked>();
      if (parked == nullptr || parked->record != record || parked->way != way) continue;
      auto again = *parked;
      again.state = park_state::due;
      again.waits_for = {};
      again.code = keep(parked->code);
      again.text = keep(parked->text);
      again.column = keep(parked->column);
      again.key = blob{keep(parked->key.bytes)};
      again.old_key = blob{keep(parked->old_key.bytes)};
      out.event.reparked.push_back(again);
      return {};
    }
  }

  result<void> read_exceptions(lost_outcome const& outcome) {
    auto const of_now = [&](map_id map) { return is_of_now(map, outcome.at); };
    for (auto const& part : outcome.in_part) {
      DW_TRY(auto const counts, of_now(part.map));
      if (counts) out.event.in_part.push_back(part);
    }
    auto const cursor = context.log.log().read({outcome.at + 1, false, std::nullopt});
    while (true) {
      DW_TRY(auto const stored, cursor->next());
      if (!stored) return {};
      DW_TRY(auto const event, decode(*stored));
      if (event.from.cause != outcome.at) return {};
      if (auto const* parked = event.as<RecordParked>()) {
        DW_TRY(auto const counts, of_now(parked->map));
        if (!counts) continue;
        parked_by_lost.insert({parked->map, parked->record});
        if (context.views().parked.find({parked->map, way}, parked->record) != nullptr) {
          // Against whom it was held is not asked of the ledger again.
          auto const* row = context.views().parked.find({parked->map, way}, parked->record);
          auto const against = row->state == park_state::conflict ? row->against : sequence{};
          out.event.unparked.push_back({parked->map, way, parked->record, {}, against, true});
        }
      } else if (auto const* skipped = event.as<RecordSkipped>()) {
        DW_TRY(auto const counts, of_now(skipped->map));
        if (!counts) continue;
        unsettle(*skipped);
        if (skipped->was_parked && skipped->way == way)
          DW_CHECK(repark(skipped->map, skipped->record));
      } else if (auto const* retried = event.as<RetrySucceeded>()) {
        DW_TRY(auto const counts, of_now(retried->map));
        if (!counts) continue;
        DW_CHECK(repark(retried->map, retried->record));
      } else if (auto const* copied = event.as<ChunkCopied>()) {
        DW_TRY(auto const counts, of_now(copied->map));
        if (counts) copies_lost.insert(copied->map);
      } else if (auto const* conflict = event.as<ConflictDetected>()) {
        DW_TRY(auto const counts, of_now(conflict->map));
        if (counts && !conflict->columns.empty()) remember_parts(*conflict);
      }
    }
  }

  void remember_parts(ConflictDetected const& conflict) {
    out.event.won_in_part.push_back(keep({conflict.map, conflict.record, conflict.columns}));
  }

  // What a lost batch had parked may have lost a conflict since: it comes again, and is settled
  // again. What was given up stays so.
  result<void> read_ends() {
    std::set<std::pair<map_id, sequence>> ended;
    for (auto const& [map, record] : parked_by_lost) {
      if (context.views().parked.find({map, way}, record) == nullptr) ended.insert({map, record});
    }
    std::set<map_id> maps;
    for (auto const& [map, record] : ended) maps.insert(map);
    for (auto const map : maps) DW_CHECK(read_ends(map, ended));
    return {};
  }
  result<void> read_ends(map_id map, std::set<std::pair<map_id, sequence>> const& ended) {
    auto const cursor =
        context.log.log().read({lost_from + 1, false, stream_id{stream_kind::map, map.value}});
    while (true) {
      DW_TRY(auto const stored, cursor->next());
      if (!stored) return {};
      DW_TRY(auto const event, decode(*stored));
      if (auto const* skipped = event.as<RecordSkipped>()) {
        bool const is_end = skipped->was_parked && skipped->way == way &&
                            !lost_at.contains(event.from.cause) &&
                            ended.contains({map, skipped->record});
        if (is_end) unsettle(*skipped);
      }
    }
  }

  result<void> find_places() {
    auto const main = rows.find(projections::main_lane);
    for (auto const& [of, place] : context.views().delivery.places) {
      if (of.second != way || !context.is_mine(of.first)) continue;
      auto const& told = main->second.places;
      auto const there = std::find_if(
          told.begin(), told.end(), [&](auto const& one) { return one.map == of.first; });
      auto const now = context.views().delivery.position(of.first, way);
      auto const* status = context.views().status.find(of.first);
      // A place from before the map was stopped is none of its places.
      DW_TRY(auto const is_own,
             there == told.end() ? result<bool>(false) : is_of_now(of.first, there->position));
      bool const unknown = !is_own && place.published;
      if (unknown || status->execution_open || copies_lost.contains(of.first)) {
        out.stopped.push_back(of.first);
        continue;
      }
      if (!is_own) continue;
      auto position = there->position;
      if (there->lane == projections::main_lane)
        position = std::max(position, main->second.position);
      out.event.places.push_back({of.first, way, there->lane, std::min(position, now)});
    }
    for (auto const& [lane, row] : rows) {
      out.event.lanes.push_back({lane, row.session, row.batch, row.position});
    }
    return {};
  }
};

}  // namespace

result<lost_batches> find_lost(link_context& context,
                               direction way,
                               std::map<lane_id, lane_row> const& rows) {
  loss_reader reader{context, way, rows};
  reader.out.event.link = context.link;
  reader.out.event.way = way;
  DW_TRY(auto const outcomes, reader.find_outcomes());
  if (!outcomes.empty()) reader.lost_from = outcomes.front().at;
  for (auto const& outcome : outcomes) reader.lost_at.insert(outcome.at);
  for (auto const& outcome : outcomes) {
    for (auto const& counts : outcome.counts) {
      DW_TRY(auto const of_now, reader.is_of_now(counts.map, outcome.at));
      if (of_now) reader.take_back(counts);
    }
    DW_CHECK(reader.read_exceptions(outcome));
  }
  DW_CHECK(reader.read_ends());
  DW_CHECK(reader.find_places());
  return std::move(reader.out);
}

async<void> target_session::rewind(std::map<lane_id, lane_row> const& rows) {
  std::map<lane_id, batch_number> last;
  for (auto const& [lane, mine] : lanes_) {
    auto const* known = context_.views().delivery.lane({context_.link, way_, lane});
    if (known != nullptr) last[lane] = known->batch;
  }
  auto decide = [this, &rows](projections::views const&) -> result<drafts> {
    DW_TRY(auto const found, find_lost(context_, way_, rows));
    is_rewinding_ = true;
    stream_id const stream{stream_kind::link, context_.link.value};
    drafts events;
    events.push_back(draft(stream, context_.link, found.event));
    for (auto const map : found.stopped) {
      StopRequested const stop{map, {}, "the target was set back behind the start of this map"};
      events.push_back(draft({stream_kind::map, map.value}, context_.link, stop));
    }
    return events;
  };
  decision told = std::move(decide);
  DW_CO_CHECK(co_await context_.log.decide(std::move(told)));
  for (auto& [lane, mine] : lanes_) {
    if (mine.batch != nullptr && !mine.committed) mine.dropped = true;
    // The ledger may have forgotten some of them already; the one in hand has the number behind the
    // last.
    for (auto number = rows.at(lane).batch.value + 1; number <= last[lane].value + 1; ++number) {
      context_.ledger.take_back({way_, lane, batch_number{number}});
    }
  }
  context_.caught_up.clear();
  ++rewinds_;
  is_rewinding_ = false;
  co_return result<void>{};
}

}  // namespace dualwrite::engine
