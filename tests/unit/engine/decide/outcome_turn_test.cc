// A retry whose record may have ended otherwise before its outcome is told.
#include <gtest/gtest.h>

#include "engine/decide/outcome_turn.h"
#include "tests/support/story.h"

namespace dualwrite::engine {
namespace {

class OutcomeTurn : public testing::Test, protected story {
 protected:
  OutcomeTurn() {
    begin();
    record = capture(1);
  }

  // The retry wrote the record, against a change of the other side.
  batch_outcome retried() const {
    RecordsApplied applied;
    applied.link = link;
    applied.lane = lane_id{1};
    applied.maps.resize(1);
    applied.maps[0].map = map;
    applied.maps[0].updated = 1;
    ConflictDetected against;
    against.map = map;
    against.record = record;
    against.other = sequence{900};
    against.record_wins = true;
    against.key = blob{"k"};
    ConflictResolved owed;
    owed.link = link;
    owed.map = map;
    owed.way = direction::right_to_left;
    owed.winner = record;
    owed.key = blob{"k"};
    stream_id const of_link{stream_kind::link, link.value};
    stream_id const of_map{stream_kind::map, map.value};
    batch_outcome out;
    out.events = {draft(of_link, link, applied),
                  draft(of_map, link, against),
                  draft(of_map, link, owed),
                  draft(of_map, link, RetrySucceeded{map, direction::left_to_right, record, {}})};
    out.retried = {{3, applied.maps[0]}};
    return out;
  }
  std::vector<event_type> told() const {
    row_finders nobody;
    nobody.bringing = [](named_row const&, parked_keys const&) { return std::nullopt; };
    nobody.key_of = [](named_row const&) { return std::nullopt; };
    auto const events = at_its_turn(retried(), views, nobody);
    std::vector<event_type> out;
    EXPECT_TRUE(events);
    if (!events) return out;
    for (auto const& event : *events) {
      auto const view = decode({sequence{1}, event.span, {}, event.stream, event.bytes});
      out.push_back(static_cast<event_type>(view->body.index()));
      if (auto const* applied = view->as<RecordsApplied>()) updated_ = applied->maps[0].updated;
    }
    return out;
  }

  sequence record;
  mutable std::uint64_t updated_ = 0;
};

TEST_F(OutcomeTurn, ARetryOfAParkedRecordSettlesIt) {
  park(record, "k");
  std::vector const all{event_type::RecordsApplied,
                        event_type::ConflictDetected,
                        event_type::ConflictResolved,
                        event_type::RetrySucceeded};
  EXPECT_EQ(all, told());
  EXPECT_EQ(1u, updated_);
}

// In one outcome a record is parked, a later one takes its place, and one was to wait behind it.
TEST_F(OutcomeTurn, BehindARecordThatHasEndedNothingWaits) {
  auto const later = capture(2);
  auto const way = direction::left_to_right;
  stream_id const of_map{stream_kind::map, map.value};
  RecordParked parked;
  parked.map = map;
  parked.record = record;
  parked.key = blob{"k"};
  auto behind = parked;
  behind.record = later + 1;
  behind.state = park_state::waiting;
  RecordSkipped const ended{map, way, record, skip_reason::superseded, later, true};
  for (bool const ends : {false, true}) {
    batch_outcome out;
    out.events = {draft(of_map, link, parked)};
    if (ends) out.events.push_back(draft(of_map, link, ended));
    out.events.push_back(draft(of_map, link, behind));
    auto const events = at_its_turn(out, views, {});
    ASSERT_TRUE(events);
    auto const& last = events->back();
    auto const view = decode({sequence{1}, last.span, {}, last.stream, last.bytes});
    EXPECT_EQ(ends ? park_state::due : park_state::waiting, view->as<RecordParked>()->state);
  }
}

TEST_F(OutcomeTurn, ARetryThatWasOvertakenSaysOnlyThatItWrote) {
  park(record, "k");
  auto const way = direction::left_to_right;
  of_map(RecordSkipped{map, way, record, skip_reason::conflict_lost, record + 1, true});
  std::vector const what{event_type::RecordsApplied, event_type::RetryOvertaken};
  EXPECT_EQ(what, told());
  EXPECT_EQ(0u, updated_);
}

}  // namespace
}  // namespace dualwrite::engine
