#include "replay/record_cursor.h"

#include <iterator>

namespace dualwrite::replay {

record_cursor::record_cursor(
    event_log const& log, link_id link, direction way, app_id source, sequence behind)
    : link_(link),
      way_(way),
      source_(source),
      events_(log.read({behind + 1, false, stream_id{stream_kind::link, link.value}})),
      position_(behind) {}

result<std::optional<queued_unit>> record_cursor::next(sequence until) {
  while (true) {
    DW_TRY(auto const stored, events_->next());
    if (!stored) return std::optional<queued_unit>{};
    if (stored->at <= position_) continue;
    DW_TRY(auto const event, decode(*stored));
    DW_CHECK(take(event));
    if (open_) continue;
    position_ = stored->last();
    if (!items_.empty()) {
      queued_unit unit;
      unit.position = position_;
      unit.items.assign(std::make_move_iterator(items_.begin()),
                        std::make_move_iterator(items_.end()));
      items_.clear();
      return std::optional{std::move(unit)};
    }
    if (position_ >= until) return std::optional<queued_unit>{};
  }
}

result<void> record_cursor::take(event_view const& event) {
  if (auto const* captured = event.as<RecordsCaptured>()) return take_records(event, *captured);
  if (auto const* started = event.as<CaptureStarted>()) {
    if (started->app == source_) void_open_transaction();
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

result<void> record_cursor::take_records(event_view const& event, RecordsCaptured const& captured) {
  if (captured.of != source_of(way_) || captured.kind == capture_kind::initial) return {};
  if (captured.kind == capture_kind::reread || captured.first_index == 0) ++group_;
  auto const pack = std::make_shared<std::string const>(captured.records.bytes);
  record_reader reader(*pack);
  while (true) {
    DW_TRY(auto const record, reader.next());
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
  if (captured.kind == capture_kind::live) open_ = !captured.last;
  return {};
}

// Items of other kinds may stand among those of the open transaction, so only its records go.
void record_cursor::void_open_transaction() {
  if (!open_) return;
  std::erase_if(items_, [&](queued_item const& item) {
    auto const* record = std::get_if<queued_record>(&item);
    return record != nullptr && record->kind == capture_kind::live && record->group == group_;
  });
  open_ = false;
}

}  // namespace dualwrite::replay
