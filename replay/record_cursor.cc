#include "replay/record_cursor.h"

#include <utility>

namespace dualwrite::replay {

record_cursor::record_cursor(event_log const& log,
                             link_id link,
                             direction way,
                             app_id source,
                             sequence behind,
                             std::size_t events_max)
    : log_(log),
      link_(link),
      way_(way),
      source_(source),
      events_max_(events_max),
      events_(read_behind(behind)),
      position_(behind) {}

record_cursor::reader record_cursor::read_behind(sequence at) const {
  return reader(log_.read({at + 1, false, stream_id{stream_kind::link, link_.value}}));
}

result<stored_event const*> record_cursor::reader::peek(sequence until) {
  if (!held_) {
    DW_TRY(held_, from_->next());
  }
  return held_ && held_->at <= until ? &*held_ : nullptr;
}

result<std::optional<queued_unit>> record_cursor::next(sequence until, bool may_go_ahead) {
  ended_early_ = false;
  was_void_ = false;
  for (std::size_t read = 0; read < events_max_; ++read) {
    DW_TRY(auto const* stored, events_.peek(until));
    if (stored == nullptr) return std::optional<queued_unit>{};
    if (stored->at <= position_) {
      events_.pop();
      continue;
    }
    DW_TRY(auto const event, decode(*stored));
    DW_TRY(bool const ready, is_ready(event, until, may_go_ahead));
    if (!ready) return std::optional<queued_unit>{};
    auto const last = stored->last();
    DW_CHECK(take(event));
    events_.pop();
    if (was_void_) return std::optional<queued_unit>{};
    if (open_ == transaction::whole || open_ == transaction::open) {
      if (!items_.empty()) return give(open_until_, false);
      continue;
    }
    position_ = last;
    if (!items_.empty() || gave_part_) return give(last, true);
  }
  ended_early_ = true;
  return std::optional<queued_unit>{};
}

result<bool> record_cursor::has_more(sequence until) {
  DW_TRY(auto const* stored, events_.peek(until));
  return stored != nullptr;
}

std::optional<queued_unit> record_cursor::give(sequence position, bool ends) {
  gave_part_ = !ends;
  return queued_unit{position, std::exchange(items_, {}), ends};
}

bool record_cursor::is_of_source(RecordsCaptured const& captured) const {
  return captured.of == source_of(way_) && captured.kind == capture_kind::live;
}

result<bool> record_cursor::is_ready(event_view const& event, sequence until, bool may_go_ahead) {
  auto const* captured = event.as<RecordsCaptured>();
  bool const begins = captured != nullptr && is_of_source(*captured) && !captured->last &&
                      open_ == transaction::none;
  if (!begins) return true;
  if (may_go_ahead) {
    open_ = transaction::open;
    return true;
  }
  if (!ahead_) ahead_ = read_behind(event.last());
  DW_TRY(auto const known, look_ahead(until));
  if (!known) return false;
  open_ = *known;
  ahead_.reset();
  return true;
}

// What becomes of the transaction that is open there: nothing where it goes on.
result<std::optional<record_cursor::transaction>> record_cursor::look_ahead(sequence until) {
  for (std::size_t looked_at = 0; looked_at < events_max_; ++looked_at) {
    DW_TRY(auto const* stored, ahead_->peek(until));
    if (stored == nullptr) return std::optional<transaction>{};
    DW_TRY(auto const event, decode(*stored));
    if (auto const* started = event.as<CaptureStarted>()) {
      if (started->app == source_) return std::optional(transaction::unfinished);
    } else if (auto const* captured = event.as<RecordsCaptured>()) {
      if (is_of_source(*captured) && captured->last) {
        open_until_ = event.last();
        return std::optional(transaction::whole);
      }
    }
    ahead_->pop();
  }
  ended_early_ = true;
  return std::optional<transaction>{};
}

result<void> record_cursor::take(event_view const& event) {
  if (auto const* captured = event.as<RecordsCaptured>()) {
    if (is_of_source(*captured)) return take_live(event, *captured);
    bool const is_read_again =
        captured->of == source_of(way_) && captured->kind == capture_kind::reread;
    if (is_read_again) return take_records(event, *captured);
  } else if (auto const* started = event.as<CaptureStarted>()) {
    if (started->app != source_) return {};
    was_void_ = open_ == transaction::open;
    open_ = transaction::none;
  } else if (auto const* echo = event.as<EchoSeen>()) {
    if (echo->way == opposite(way_))
      items_.emplace_back(passed_echo{event.at, echo->lane, echo->batch});
  } else if (auto const* resolved = event.as<ConflictResolved>()) {
    if (resolved->way == way_) {
      items_.emplace_back(queued_resolution{event.at,
                                            resolved->map,
                                            resolved->winner,
                                            resolved->committed_at,
                                            resolved->removes,
                                            std::string(resolved->key.bytes),
                                            std::string(resolved->image.bytes),
                                            resolved->schema,
                                            resolved->crosses,
                                            resolved->undoes});
    }
  }
  return {};
}

result<void> record_cursor::take_live(event_view const& event, RecordsCaptured const& captured) {
  if (open_ == transaction::unfinished) return {};
  if (captured.last) open_ = transaction::none;
  return take_records(event, captured);
}

result<void> record_cursor::take_records(event_view const& event, RecordsCaptured const& captured) {
  if (captured.kind == capture_kind::reread || captured.first_index == 0) ++group_;
  auto const pack = std::make_shared<std::string const>(captured.records.bytes);
  record_reader records(*pack);
  while (true) {
    DW_TRY(auto const record, records.next());
    if (!record) break;
    if (record->table >= captured.tables.size()) {
      return error{
          error_code::event_malformed, "a record names a table that its event lacks", event.at};
    }
    items_.emplace_back(queued_record{event.at + record->index,
                                      captured.kind,
                                      captured.map,
                                      captured.tables[record->table].schema,
                                      record->op,
                                      record->before,
                                      record->after,
                                      record->cause,
                                      {captured.incarnation, captured.commit},
                                      captured.committed_at,
                                      group_,
                                      pack});
  }
  return {};
}

}  // namespace dualwrite::replay
