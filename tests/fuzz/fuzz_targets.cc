#include "tests/fuzz/fuzz_targets.h"

#include "engine/decide/outcome.h"
#include "engine/mapping/expression_parser.h"
#include "engine/mapping/map_definition.h"
#include "events/assert.h"
#include "events/block.h"
#include "events/calendar.h"
#include "events/codec.h"
#include "events/record.h"
#include "events/row_image.h"
#include "events/table_schema.h"
#include "projections/archive.h"
#include "projections/views.h"
#include "tests/fuzz/fuzz_seeds.h"

namespace dualwrite::tests {
namespace {

std::vector<std::byte> copy_of(std::string_view bytes) {
  auto const* begin = reinterpret_cast<std::byte const*>(bytes.data());
  return {begin, begin + bytes.size()};
}

void read_event(stored_event const& stored) {
  auto const correlation = correlation_of(stored.bytes);
  auto const event = decode(stored);
  if (!event) return;
  DW_ASSERT(event->from.correlation == correlation);
  auto const* captured = event->as<RecordsCaptured>();
  if (captured == nullptr) return;
  record_reader records{captured->records.bytes};
  while (true) {
    auto const record = records.next();
    if (!record || !*record) break;
  }
}

void fuzz_block(std::string_view bytes) {
  auto const stored = copy_of(bytes);
  auto const block = block_view::open(stored);
  if (!block) return;
  chunk_reader reader;
  for (std::uint32_t i = 0; i < block->chunks().size(); ++i) {
    DW_ASSERT(check_proof(prove_chunk(*block, i)).has_value());
    if (!reader.load(*block, i)) continue;
    for (auto const& event : reader.events()) read_event(event);
  }
}

// The chunk's table row and its stored bytes, as if their digests held.
void fuzz_chunk(std::string_view bytes) {
  if (bytes.size() < 6) return;
  auto const stored = copy_of(bytes.substr(6));
  chunk_header header;
  header.first = sequence{1};
  header.event_count = static_cast<std::uint8_t>(bytes[0]);
  header.last = sequence{1} + static_cast<std::uint8_t>(bytes[1]);
  header.frame_bytes = static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[2])) << 8 |
                       static_cast<std::uint8_t>(bytes[3]);
  header.codec = bytes[4] % 2 == 0 ? chunk_codec::as_is : chunk_codec::lz4;
  header.stored_bytes = static_cast<std::uint32_t>(stored.size());
  if (header.codec == chunk_codec::as_is) header.frame_bytes = header.stored_bytes;
  // A header that contradicts itself does not get as far as here.
  if (header.event_count == 0 || header.frame_bytes / 24 < header.event_count) return;
  chunk_reader reader;
  if (!reader.load(header, stored, instant{})) return;
  DW_ASSERT(reader.events().size() == header.event_count);
  for (auto const& event : reader.events()) read_event(event);
}

void fuzz_event(std::string_view bytes) {
  auto const stored = copy_of(bytes);
  read_event({sequence{1}, 1, {}, {}, stored});
}

void fuzz_row(std::string_view bytes) {
  auto const row = decode_row(bytes);
  if (row) DW_ASSERT(encode_row(*row) == bytes);
}

void fuzz_key(std::string_view bytes) {
  auto const key = decode_key(bytes);
  if (key) DW_ASSERT(encode_key(*key) == bytes);
}

void fuzz_schema(std::string_view bytes) {
  auto const schema = decode_schema(bytes);
  if (schema) DW_ASSERT(encode_schema(*schema) == bytes);
}

void fuzz_outcome(std::string_view bytes) {
  auto const outcome = engine::unpack_outcome(bytes);
  if (!outcome) return;
  for (auto event : outcome->events) settle_cause(event, sequence{7});
}

void fuzz_views(std::string_view bytes) {
  auto const views = projections::load<projections::views>(bytes);
  if (!views) return;
  auto loaded = *views;
  loaded.parked.reindex();
}

void fuzz_time(std::string_view text) {
  if (auto const when = parse_timestamp_tz(text)) {
    DW_ASSERT(*parse_timestamp_tz(print_timestamp_tz(*when)) == *when);
  }
  if (auto const when = parse_timestamp(text)) {
    DW_ASSERT(*parse_timestamp(print_timestamp(*when)) == *when);
  }
  if (auto const day = parse_date(text)) DW_ASSERT(*parse_date(print_date(*day)) == *day);
  if (auto const time = parse_time(text)) DW_ASSERT(*parse_time(print_time(*time)) == *time);
  if (auto const span = parse_interval(text)) {
    DW_ASSERT(*parse_interval(print_interval(*span)) == *span);
  }
}

void fuzz_expression(std::string_view text) {
  auto const parsed = engine::parse_expression(text);
  DW_ASSERT((parsed.tree != nullptr) != parsed.fault.has_value());
}

void fuzz_definition(std::string_view text) {
  auto const definition = engine::parse_definition(text);
  if (!definition) return;
  auto const printed = engine::print_definition(*definition);
  DW_ASSERT(engine::print_definition(*engine::parse_definition(printed)) == printed);
}

constexpr fuzz_target targets[] = {
    {"block", fuzz_block, block_seeds},
    {"chunk", fuzz_chunk, chunk_seeds},
    {"event", fuzz_event, event_seeds},
    {"row", fuzz_row, row_seeds},
    {"key", fuzz_key, key_seeds},
    {"schema", fuzz_schema, schema_seeds},
    {"outcome", fuzz_outcome, outcome_seeds},
    {"views", fuzz_views, views_seeds},
    {"time", fuzz_time, time_seeds},
    {"expression", fuzz_expression, expression_seeds},
    {"definition", fuzz_definition, definition_seeds},
};

}  // namespace

std::span<fuzz_target const> fuzz_targets() {
  return targets;
}

}  // namespace dualwrite::tests
