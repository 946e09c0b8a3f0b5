// An outcome as the bytes that lie in the lane's row.
#include "engine/decide/outcome.h"
#include "events/fields.h"
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
  std::vector<packed_row> missing, taken;
  std::vector<packed_retry> retried;
  DW_FIELDS(events, missing, taken, retried);
};

std::vector<packed_row> pack(std::vector<named_row> const& rows) {
  std::vector<packed_row> packed;
  for (auto const& one : rows) {
    auto const& row = one.row;
    packed.push_back({one.event,
                      one.map,
                      one.record,
                      row.table,
                      {row.columns.begin(), row.columns.end()},
                      encode_row(row.values)});
  }
  return packed;
}

result<std::vector<named_row>> unpack(std::vector<packed_row> const& packed, std::size_t events) {
  std::vector<named_row> rows;
  for (auto const& one : packed) {
    if (one.event >= events) return error{error_code::event_malformed, "an outcome"};
    named_row row;
    row.event = one.event;
    row.map = one.map;
    row.record = one.record;
    row.row.table = one.table;
    row.row.columns.assign(one.columns.begin(), one.columns.end());
    DW_TRY(row.row.values, decode_row(one.values));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string pack_outcome(batch_outcome const& outcome) {
  packed_outcome packed;
  for (auto const& event : outcome.events) {
    std::string bytes(reinterpret_cast<char const*>(event.bytes.data()), event.bytes.size());
    packed.events.push_back({event.stream.kind, event.stream.id, event.link, std::move(bytes)});
  }
  packed.missing = pack(outcome.missing);
  packed.taken = pack(outcome.taken);
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
    // An app gives it back: what does not verify must not get into the log.
    bool const is_known_kind = one.kind <= stream_kind::access;
    stored_event const stored{{}, 1, {}, {one.kind, one.stream}, {begin, one.bytes.size()}};
    if (!is_known_kind || !decode(stored)) return error{error_code::event_malformed, "an outcome"};
    out.events.push_back({{one.kind, one.stream}, one.link, 1, {begin, begin + one.bytes.size()}});
  }
  DW_TRY(out.missing, unpack(packed.missing, out.events.size()));
  DW_TRY(out.taken, unpack(packed.taken, out.events.size()));
  for (auto const& one : packed.retried) {
    if (one.event >= out.events.size()) return error{error_code::event_malformed, "an outcome"};
    out.retried.push_back({one.event, one.share});
  }
  return out;
}

}  // namespace dualwrite::engine
