// What a batch came to: counts for what went well, an event for each exception, the same after the
// way through the target's lane row.
#include <gtest/gtest.h>

#include "engine/decide/outcome.h"

namespace dualwrite::engine {
namespace {

planned_record record(std::uint64_t at, fate what, std::optional<std::size_t> write = {}) {
  planned_record out;
  out.map = map_id{5};
  out.at = sequence{at};
  out.plan.what = what;
  out.plan.key = "k" + std::to_string(at);
  out.write = write;
  return out;
}
write_result result_of(write_effect effect) {
  write_result out;
  out.effect = effect;
  return out;
}
template <class Event>
std::vector<Event> events_of(batch_outcome const& outcome) {
  std::vector<Event> out;
  for (auto const& event : outcome.events) {
    stored_event stored;
    stored.stream = event.stream;
    stored.bytes = {event.bytes.data(), event.bytes.size()};
    auto const view = decode(stored);
    if (auto const* found = view ? view->as<Event>() : nullptr) out.push_back(*found);
  }
  return out;
}

class Outcome : public testing::Test {
 protected:
  Outcome() {
    batch.link = link_id{3};
    batch.batch = batch_number{8};
    batch.behind = sequence{10};
    batch.position = sequence{19};
    batch.records = {record(11, fate::write, 0),
                     record(12, fate::write, 1),
                     record(13, fate::write, 2),
                     record(14, fate::filtered),
                     record(15, fate::skip),
                     record(16, fate::park)};
    batch.records[4].plan.by = sequence{9};
    batch.records[5].plan.state = park_state::waiting;
    results = {result_of(write_effect::inserted),
               result_of(write_effect::equal),
               result_of(write_effect::refused)};
    results[2].kind = fault_class::application;
    results[2].code = "CHECK";
    results[2].text = "not that";
    results[2].column = "name";
  }

  planned_batch batch;
  std::vector<write_result> results;
};

TEST_F(Outcome, CountsWhatWentWellAndNamesEachException) {
  auto const outcome = outcome_of(batch, results);
  auto const applied = events_of<RecordsApplied>(outcome);
  ASSERT_EQ(1u, applied.size());
  EXPECT_EQ(batch_number{8}, applied[0].batch);
  EXPECT_EQ(sequence{19}, applied[0].position);
  ASSERT_EQ(1u, applied[0].maps.size());
  EXPECT_EQ(1u, applied[0].maps[0].inserted);
  EXPECT_EQ(1u, applied[0].maps[0].equal);
  EXPECT_EQ(1u, applied[0].maps[0].filtered);

  auto const parked = events_of<RecordParked>(outcome);
  ASSERT_EQ(2u, parked.size());
  EXPECT_EQ(sequence{13}, parked[0].record);
  EXPECT_EQ(park_state::failed, parked[0].state);
  EXPECT_EQ("CHECK", parked[0].code);
  EXPECT_EQ("name", parked[0].column);
  EXPECT_EQ(sequence{16}, parked[1].record);
  EXPECT_EQ(park_state::waiting, parked[1].state);

  auto const skipped = events_of<RecordSkipped>(outcome);
  ASSERT_EQ(1u, skipped.size());
  EXPECT_EQ(sequence{15}, skipped[0].record);
  EXPECT_EQ(sequence{9}, skipped[0].by);
}

TEST_F(Outcome, SaysWhatWasWrittenOfARecordThatHadLostColumns) {
  batch.records[1].left_out = {"name", "note"};
  batch.records[3].left_out = {"name"};
  auto const outcome = outcome_of(batch, results);
  auto const applied = events_of<RecordsApplied>(outcome);
  ASSERT_EQ(1u, applied.size());
  ASSERT_EQ(1u, applied[0].in_part.size()) << "only of those that were written";
  EXPECT_EQ(sequence{12}, applied[0].in_part[0].record);
  ASSERT_EQ(2u, applied[0].in_part[0].columns.size());
}

TEST_F(Outcome, NoRecordIsForgotten) {
  auto const outcome = outcome_of(batch, results);
  std::size_t settled =
      events_of<RecordParked>(outcome).size() + events_of<RecordSkipped>(outcome).size();
  auto const applied = events_of<RecordsApplied>(outcome);
  for (auto const& counts : applied.at(0).maps)
    settled += counts.inserted + counts.updated + counts.removed + counts.equal + counts.filtered;
  EXPECT_EQ(batch.records.size(), settled);
}

TEST_F(Outcome, AMissingRowTravelsWithIt) {
  results[2].references = referenced_row{"country", {0}, {value::of_text("XX")}};
  auto const outcome = outcome_of(batch, results);
  ASSERT_EQ(1u, outcome.missing.size());
  EXPECT_EQ(sequence{13}, outcome.missing[0].record);
  auto const again = unpack_outcome(pack_outcome(outcome));
  ASSERT_TRUE(again);
  ASSERT_EQ(1u, again->missing.size());
  EXPECT_EQ("country", again->missing[0].row.table);
  EXPECT_EQ(outcome.missing[0].row.values, again->missing[0].row.values);
  EXPECT_EQ(outcome.missing[0].event, again->missing[0].event);
}

TEST_F(Outcome, AMissingRowIsNamedByEachNameOfItsTable) {
  results[2].references = referenced_row{"country", {0}, {value::of_text("XX")}, "world.country"};
  auto const outcome = outcome_of(batch, results);
  ASSERT_EQ(2u, outcome.missing.size());
  EXPECT_EQ("country", outcome.missing[0].row.table);
  EXPECT_EQ("world.country", outcome.missing[1].row.table);
  EXPECT_EQ(outcome.missing[0].event, outcome.missing[1].event);
  EXPECT_EQ(outcome.missing[0].row.values, outcome.missing[1].row.values);
}

TEST_F(Outcome, ComesBackFromTheLaneRowAsItWas) {
  auto const outcome = outcome_of(batch, results);
  auto const again = unpack_outcome(pack_outcome(outcome));
  ASSERT_TRUE(again);
  ASSERT_EQ(outcome.events.size(), again->events.size());
  for (std::size_t i = 0; i < outcome.events.size(); ++i) {
    EXPECT_EQ(outcome.events[i].bytes, again->events[i].bytes);
    EXPECT_EQ(outcome.events[i].stream, again->events[i].stream);
  }
}

TEST_F(Outcome, DamagedBytesAreRefused) {
  auto const bytes = pack_outcome(outcome_of(batch, results));
  for (std::size_t length = 0; length < bytes.size(); length += 7) {
    auto const again = unpack_outcome(std::string_view(bytes).substr(0, length));
    ASSERT_FALSE(length > 0 && again) << length;
    EXPECT_TRUE(again || again.error().code == error_code::event_malformed);
  }
}

// Another program may write to an app's tables; the log takes nothing from there unseen.
TEST_F(Outcome, EventsThatDoNotVerifyAreRefused) {
  auto outcome = outcome_of(batch, results);
  auto& bytes = outcome.events.back().bytes;
  bytes.assign(bytes.size(), std::byte{0xff});
  EXPECT_EQ(error_code::event_malformed, unpack_outcome(pack_outcome(outcome)).error().code);
}

TEST_F(Outcome, AStreamOfNoKnownKindIsRefused) {
  auto outcome = outcome_of(batch, results);
  outcome.events.back().stream.kind = static_cast<stream_kind>(200);
  EXPECT_EQ(error_code::event_malformed, unpack_outcome(pack_outcome(outcome)).error().code);
}

}  // namespace
}  // namespace dualwrite::engine
