#include "engine/flow/log_records.h"

#include <algorithm>

namespace dualwrite::engine {

using replay::queued_item;
using replay::queued_record;
using replay::queued_resolution;

namespace {

// The event that holds a sequence; it lives as long as the cursor stays there.
result<std::unique_ptr<event_cursor>> seek(event_log const& log, sequence at, event_view& event) {
  auto cursor = log.read({at, false, std::nullopt});
  DW_TRY(auto const stored, cursor->next());
  if (!stored || stored->at > at || stored->last() < at)
    return error{error_code::sequence_not_found, {}, at};
  DW_TRY(event, decode(*stored));
  return cursor;
}

// Calls `take` with each record of a pack until it says no.
template <class Take>
result<void> each_record(event_view const& event,
                         RecordsCaptured const& captured,
                         Take const& take) {
  auto const pack = std::make_shared<std::string const>(captured.records.bytes);
  record_reader reader(*pack);
  while (true) {
    DW_TRY(auto const record, reader.next());
    if (!record) return {};
    bool const more = take(queued_record{event.at + record->index,
                                         captured.kind,
                                         captured.map,
                                         captured.tables[record->table].schema,
                                         record->op,
                                         record->before,
                                         record->after,
                                         record->cause,
                                         {captured.incarnation, captured.commit},
                                         captured.committed_at,
                                         0,
                                         pack});
    if (!more) return {};
  }
}

result<std::vector<queued_record>> records_of(event_view const& event,
                                              RecordsCaptured const& captured) {
  std::vector<queued_record> out;
  DW_CHECK(each_record(event, captured, [&](queued_record record) {
    out.push_back(std::move(record));
    return true;
  }));
  return out;
}

}  // namespace

result<queued_item> read_item(event_log const& log, sequence at) {
  event_view event;
  DW_TRY(auto const cursor, seek(log, at, event));
  if (auto const* resolved = event.as<ConflictResolved>()) {
    return queued_item{queued_resolution{event.at,
                                         resolved->map,
                                         resolved->winner,
                                         resolved->committed_at,
                                         resolved->removes,
                                         std::string(resolved->key.bytes),
                                         std::string(resolved->image.bytes),
                                         resolved->schema,
                                         resolved->crosses,
                                         resolved->undoes}};
  }
  auto const* captured = event.as<RecordsCaptured>();
  if (captured == nullptr) return error{error_code::sequence_not_found, "it is not a record", at};
  std::optional<queued_item> found;
  DW_CHECK(each_record(event, *captured, [&](queued_record record) {
    if (record.at == at) found = std::move(record);
    return !found;
  }));
  if (!found) return error{error_code::event_malformed, {}, at};
  return std::move(*found);
}

result<std::vector<queued_record>> read_records(event_log const& log, sequence first) {
  event_view event;
  DW_TRY(auto const cursor, seek(log, first, event));
  auto const* captured = event.as<RecordsCaptured>();
  if (captured == nullptr || event.at != first)
    return error{error_code::sequence_not_found, {}, first};
  return records_of(event, *captured);
}

result<queued_item> item_reader::read(sequence at) {
  auto const kept = [&] {
    auto const found = std::lower_bound(
        records_.begin(), records_.end(), at, [](queued_record const& one, sequence wanted) {
          return one.at < wanted;
        });
    return found != records_.end() && found->at == at ? &*found : nullptr;
  };
  if (auto const* record = kept()) return queued_item{*record};
  event_view event;
  DW_TRY(auto const cursor, seek(log_, at, event));
  auto const* captured = event.as<RecordsCaptured>();
  if (captured == nullptr) return read_item(log_, at);
  DW_TRY(records_, records_of(event, *captured));
  auto const* record = kept();
  if (record == nullptr) return error{error_code::event_malformed, {}, at};
  return queued_item{*record};
}

}  // namespace dualwrite::engine
