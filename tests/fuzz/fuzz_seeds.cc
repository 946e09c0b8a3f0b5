#include "tests/fuzz/fuzz_seeds.h"

#include "engine/decide/outcome.h"
#include "engine/mapping/map_definition.h"
#include "events/block.h"
#include "events/codec.h"
#include "events/record.h"
#include "events/row_image.h"
#include "events/table_schema.h"
#include "projections/archive.h"
#include "projections/views.h"
#include "tests/support/random_values.h"

namespace dualwrite::tests {
namespace {

std::string text_of(bytes_view bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

encoded_event captured_event() {
  record_packer records;
  auto const image = encode_row(std::vector{value::of_int64(7), value::of_text("Oslo")});
  for (int i = 0; i < 5; ++i) {
    sync_record record;
    record.op = static_cast<operation>(i % 3);
    record.before = image;
    record.after = image;
    record.cause = sequence{static_cast<std::uint64_t>(i)};
    records.add(record);
  }
  RecordsCaptured captured;
  captured.link = link_id{1};
  captured.commit = 5;
  captured.tables = {{schema_id{3}, records.count()}};
  captured.count = records.count();
  captured.records = blob{records.bytes()};
  auto event = draft({stream_kind::link, 1}, link_id{1}, captured);
  event.span = records.count();
  return event;
}

std::vector<encoded_event> some_events() {
  origin const from{"ann", sequence{3}, sequence{2}, "c-1"};
  std::vector<encoded_event> events;
  events.push_back(draft({}, {}, EngineStarted{"0.1.0"}));
  events.push_back(
      draft({stream_kind::map, 2}, link_id{1}, MapCreated{link_id{1}, "customers", "{}"}, from));
  events.push_back(captured_event());
  RecordsApplied applied;
  applied.link = link_id{1};
  applied.maps = {{map_id{2}, 1, 5, 0, 0, 0, 0}};
  applied.places = {{map_id{2}, direction::left_to_right, lane_id{1}, sequence{9}}};
  events.push_back(draft({stream_kind::link, 1}, link_id{1}, applied));
  return events;
}

}  // namespace

std::vector<std::string> block_seeds() {
  std::vector<std::string> seeds;
  auto const events = some_events();
  for (std::size_t count = 1; count <= events.size(); ++count) {
    auto const block =
        encode_block({log_id{7}, sequence{1}, {}}, instant{5}, {events.data(), count});
    seeds.push_back(text_of(block->bytes));
  }
  return seeds;
}

std::vector<std::string> chunk_seeds() {
  std::vector<std::string> seeds;
  for (auto const& event : some_events()) {
    auto const made = encode_block({log_id{7}, sequence{1}, {}}, instant{5}, {&event, 1});
    auto const block = block_view::open(made->bytes);
    auto const& chunk = block->chunks()[0];
    std::string seed{static_cast<char>(chunk.event_count),
                     static_cast<char>(chunk.last.value - chunk.first.value),
                     static_cast<char>(chunk.frame_bytes >> 8),
                     static_cast<char>(chunk.frame_bytes),
                     static_cast<char>(chunk.codec),
                     0};
    seeds.push_back(seed + text_of(block->stored(0)));
  }
  return seeds;
}

std::vector<std::string> event_seeds() {
  std::vector<std::string> seeds;
  for (auto const& event : some_events()) seeds.push_back(text_of(event.bytes));
  return seeds;
}

std::vector<std::string> row_seeds() {
  test::random_values values{1};
  std::vector<std::string> seeds;
  for (int i = 0; i < 40; ++i) seeds.push_back(encode_row(values.row(6)));
  return seeds;
}

std::vector<std::string> key_seeds() {
  test::random_values values{2};
  std::vector<std::string> seeds;
  for (int i = 0; i < 40; ++i) {
    auto row = values.row(3);
    seeds.push_back(encode_key(row));
  }
  return seeds;
}

std::vector<std::string> schema_seeds() {
  table_schema schema;
  schema.table = "customer";
  for (auto const* name : {"id", "name", "balance"}) {
    column_schema column;
    column.name = name;
    column.type = value_type::decimal;
    column.precision = 10;
    column.labels = {"a", "b"};
    schema.columns.push_back(column);
  }
  schema.key = {0, 1};
  return {encode_schema({}), encode_schema(schema)};
}

std::vector<std::string> outcome_seeds() {
  engine::batch_outcome outcome;
  outcome.events = some_events();
  engine::named_row missing;
  missing.event = 1;
  missing.row.table = "customer";
  missing.row.columns = {0};
  missing.row.values = {value::of_int64(7)};
  outcome.missing.push_back(missing);
  outcome.taken.push_back(missing);
  outcome.retried.push_back({2, {map_id{2}, 1, 1, 0, 0, 0, 0}});
  return {engine::pack_outcome({}), engine::pack_outcome(outcome)};
}

std::vector<std::string> views_seeds() {
  projections::views views;
  std::vector<std::string> seeds{projections::save(views)};
  auto at = sequence{1};
  for (auto const& event : some_events()) {
    stored_event const stored{at, event.span, instant{5}, event.stream, event.bytes};
    views.fold(*decode(stored));
    at = stored.last() + 1;
    seeds.push_back(projections::save(views));
  }
  return seeds;
}

std::vector<std::string> time_seeds() {
  return {"2026-11-23",
          "09:24:47.123456",
          "2026-11-23T09:24:47.5",
          "2026-11-23 09:24:47+02:30",
          "infinity",
          "-0044-03-15T12:00:00Z",
          "24:00:00",
          "P1Y2M3DT4H5M6.7S",
          "PT-0.5S"};
}

std::vector<std::string> expression_seeds() {
  return {"active",
          "trim(note) || ' ' || upper(city)",
          "amount > 100.10 AND NOT (state IN ('a', 'b'))",
          "CASE WHEN a IS NULL THEN b ELSE coalesce(a, 1) END",
          "\"odd name\" LIKE '%it''s%' AND x BETWEEN -1 AND 2e3"};
}

std::vector<std::string> definition_seeds() {
  engine::map_definition definition;
  definition.name = "customers";
  definition.left.table = "customer";
  definition.right.table = "account";
  definition.key.push_back({"id", "number"});
  return {engine::print_definition(definition)};
}

}  // namespace dualwrite::tests
