#include "engine/flow/copy_chunk.h"

#include <iterator>
#include <set>

#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

schema_id schema_of(projections::views const& state,
                    link_id link,
                    side of,
                    std::string const& table) {
  return state.status.schema_of(state.status.links.at(link).app(of), table);
}

stream_id stream_of(link_id link) {
  return {stream_kind::link, link.value};
}

// Rows that were read before a new form was seen are not of the form that they would be told by.
result<void> check_form(projections::views const& state, schema_id now, std::uint64_t form) {
  if (hash_key(state.status.schemas.at(now).schema) == form) return {};
  return error{error_code::table_changed};
}

// Of the range that a chunk behind this key belongs to.
std::uint32_t chunks_of_range(projections::views const& state,
                              range_left const& of,
                              std::string_view after) {
  auto const& leg = *state.progress.executions.at(of.execution).leg(of.way);
  return static_cast<std::uint32_t>(leg.ranges[leg.range_behind(after)].chunks.size());
}

}  // namespace

std::string masked_row(row_values row, std::set<std::size_t> const& read) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!read.contains(i)) row[i] = value::unchanged();
  }
  return encode_row(row);
}

result<chunk_request> chunk_of_range(compiled_map const& map,
                                     range_left const& range,
                                     std::size_t limit) {
  auto const of = source_of(range.way);
  chunk_request request;
  request.table = map.table(of);
  request.key = map.key_columns(of);
  request.by_text = map.key_columns_by_text(of);
  request.copy = range.execution.value;
  if (!range.after.empty()) {
    DW_TRY(request.after, map.key_values(of, range.after));
  }
  if (!range.until.empty()) {
    DW_TRY(request.until, map.key_values(of, range.until));
  }
  request.limit = limit;
  return request;
}

result<chunk_request> chunk_of_key(compiled_map const& map, side of, std::string const& key) {
  chunk_request request;
  request.table = map.table(of);
  request.key = map.key_columns(of);
  DW_TRY(request.only, map.key_values(of, key));
  return request;
}

std::vector<std::string> errored_keys(projections::views const& state,
                                      projections::map_way of,
                                      std::string const& after,
                                      std::size_t limit) {
  std::set<std::string> keys;
  auto const parked = state.parked.rows.find(of);
  if (parked == state.parked.rows.end()) return {};
  for (auto const& [record, row] : parked->second) {
    if (row.copied && row.key > after) keys.insert(row.key);
    if (keys.size() > limit) keys.erase(std::prev(keys.end()));
  }
  return {keys.begin(), keys.end()};
}

result<std::string> last_key_of(compiled_map const& map,
                                chunk_place const& place,
                                chunk const& rows) {
  error why{error_code::table_changed};
  for (auto row = rows.rows.rbegin(); row != rows.rows.rend(); ++row) {
    auto key = map.key_of(source_of(place.of.way), *row);
    if (key) return key;
    why.detail = key.error().detail;
  }
  if (place.last) return place.of.after;
  return why;
}

result<void> leave_errored_alone(projections::views const& state,
                                 compiled_map const& map,
                                 projections::map_way of,
                                 chunk& rows) {
  std::vector<row_values> kept;
  for (auto& row : rows.rows) {
    auto const key = map.key_of(source_of(of.second), row);
    bool const is_parked =
        key && (state.parked.chain(of, *key) != nullptr ||
                state.parked.chain({of.first, opposite(of.second)}, *key) != nullptr);
    if (!is_parked) kept.push_back(std::move(row));
  }
  rows.rows = std::move(kept);
  return {};
}

drafts take_over(projections::views const& state,
                 link_id link,
                 projections::map_way of,
                 std::vector<std::string> const& keys,
                 sequence by) {
  origin const from{{}, {}, first_of_submission, {}};
  drafts events;
  for (auto const& key : keys) {
    auto const* chain = state.parked.chain(of, key);
    if (chain == nullptr) continue;
    for (auto const record : *chain) {
      if (!state.parked.find(of, record)->copied) continue;
      RecordSkipped const skipped{of.first, of.second, record, skip_reason::superseded, by, true};
      events.push_back(draft({stream_kind::map, of.first.value}, link, skipped, from));
    }
  }
  return events;
}

result<drafts> chunk_events(projections::views const& state,
                            compiled_map const& map,
                            chunk_place const& place,
                            chunk const& rows) {
  auto const of = source_of(place.of.way);
  auto const number = chunks_of_range(state, place.of, place.of.after);
  drafts events;
  if (rows.rows.empty()) {
    ChunkCopied const copied{place.of.map,
                             place.of.execution,
                             place.of.way,
                             number,
                             {},
                             blob{place.of.after},
                             blob{place.last_key.empty() ? place.of.after : place.last_key},
                             place.last,
                             rows.snapshot.incarnation,
                             rows.snapshot.commit,
                             {},
                             {}};
    events.push_back(draft({stream_kind::map, place.of.map.value}, place.of.link, copied));
    return events;
  }
  auto const schema = schema_of(state, place.of.link, of, map.table(of));
  DW_CHECK(check_form(state, schema, map.fingerprint(of)));
  auto const& columns_read = map.reads(of);
  std::set<std::size_t> const read(columns_read.begin(), columns_read.end());
  record_packer pack;
  std::vector<std::string> images;
  for (auto const& row : rows.rows) {
    images.push_back(masked_row(row, read));
    pack.add({0, 0, operation::insert, {}, images.back(), {}});
  }
  auto last_key = place.last_key;
  if (last_key.empty()) {
    DW_TRY(last_key, last_key_of(map, place, rows));
  }
  RecordsCaptured event;
  event.link = place.of.link;
  event.of = of;
  event.kind = capture_kind::initial;
  event.incarnation = rows.snapshot.incarnation;
  event.commit = rows.snapshot.commit;
  event.map = place.of.map;
  event.execution = place.of.execution;
  event.chunk = number;
  event.first_key = blob{place.of.after};
  event.last_key = blob{last_key};
  event.last_chunk = place.last;
  event.tables = {{schema, pack.count()}};
  event.count = pack.count();
  event.records = blob{pack.bytes()};
  auto drafted = draft(stream_of(place.of.link), place.of.link, event);
  drafted.span = pack.count();
  events.push_back(std::move(drafted));
  return events;
}

drafts copied_events(projections::views const& state,
                     range_left const& range,
                     projections::chunk_row const& chunk,
                     lane_id lane,
                     batch_number batch) {
  ChunkCopied const copied{range.map,
                           range.execution,
                           range.way,
                           chunks_of_range(state, range, chunk.first_key) - 1,
                           chunk.records,
                           blob{chunk.first_key},
                           blob{chunk.last_key},
                           chunk.last,
                           chunk.snapshot.incarnation,
                           chunk.snapshot.commit,
                           lane,
                           batch};
  origin const from{{}, {}, first_of_submission, {}};
  drafts events;
  events.push_back(draft({stream_kind::map, range.map.value}, range.link, copied, from));
  return events;
}

result<drafts> reread_events(projections::views const& state,
                             compiled_map const& map,
                             link_id link,
                             projections::map_way of,
                             sequence record,
                             instant committed_at,
                             chunk const& rows) {
  auto const* row = state.parked.find(of, record);
  if (row == nullptr || row->state != park_state::reread)
    return error{error_code::unknown_record, {}, record};
  auto const source = source_of(of.second);
  auto const schema = schema_of(state, link, source, map.table(source));
  DW_CHECK(check_form(state, schema, map.fingerprint(source)));
  auto const& columns_read = map.reads(source);
  std::set<std::size_t> const read(columns_read.begin(), columns_read.end());
  record_packer pack;
  if (rows.rows.empty()) {
    row_values gone(map.schema(source).columns.size(), value::unchanged());
    DW_TRY(auto const key, map.key_values(source, row->key));
    auto const columns = map.key_columns(source);
    for (std::size_t i = 0; i < columns.size(); ++i) gone[columns[i]] = key[i];
    pack.add({0, 0, operation::remove, encode_row(gone), {}, {}});
  } else {
    auto const image = masked_row(rows.rows.front(), read);
    pack.add({0, 0, operation::update, {}, image, {}});
  }
  RecordsCaptured event;
  event.link = link;
  event.of = source;
  event.kind = capture_kind::reread;
  event.incarnation = rows.snapshot.incarnation;
  event.commit = rows.snapshot.commit;
  event.committed_at = committed_at;
  event.map = of.first;
  event.first_key = event.last_key = blob{row->key};
  event.tables = {{schema, 1}};
  event.count = 1;
  event.records = blob{pack.bytes()};
  drafts events;
  events.push_back(draft(stream_of(link), link, event));
  // A decision stands alone in its group, so the record's sequence is the next one.
  auto const by = state.checkpoint + 1;
  origin const from{{}, {}, first_of_submission, {}};
  for (auto const waiting : *state.parked.chain(of, row->key)) {
    events.push_back(
        draft({stream_kind::map, of.first.value},
              link,
              RecordSkipped{of.first, of.second, waiting, skip_reason::superseded, by, true},
              from));
  }
  return events;
}

}  // namespace dualwrite::engine
