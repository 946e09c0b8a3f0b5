// Lanes: each batch is written once, by one session, with its position and outcome.
#include <gmock/gmock.h>

#include "tests/contract/connector_suite.h"
#include "tests/support/open_lane.h"

namespace dualwrite::contract {
namespace {

using engine::map_place;
using engine::outcome_part_bytes;

lane_key another(lane_key key, log_id log, link_id link, direction way) {
  key.log = log;
  key.link = link;
  key.way = way;
  return key;
}

TEST_P(Connector, ALaneBeginsWithBatchZero) {
  make({customers()});
  auto const fresh = open(main_lane);
  EXPECT_EQ(batch_number{0}, fresh.batch);
  EXPECT_EQ(sequence{0}, fresh.position);
  EXPECT_EQ("", fresh.outcome);
  EXPECT_TRUE(fresh.places.empty());
}

TEST_P(Connector, EachSessionIsHigherThanAllBefore) {
  make({customers()});
  auto const first = open(main_lane);
  EXPECT_GT(first.session, epoch{0});
  EXPECT_GT(open(main_lane, epoch{41}).session, epoch{41});
  EXPECT_GT(open(main_lane, epoch{1}).session, epoch{42});
  subject->restart();
  EXPECT_GT(open(main_lane).session, epoch{43});
}

TEST_P(Connector, ACrashKeepsABatchWithAllThatBelongsToIt) {
  make({customers()});
  auto batch = next_batch(main_lane, open(main_lane), {put("customer", customer(1, text("Ann")))});
  batch.position = sequence{1'234'567'890'123};
  batch.places = {{map_id{3}, lane_id{0}, sequence{12}}, {map_id{4}, lane_id{5}, sequence{7}}};
  batch.chain = "00ff";
  std::string const bytes("\0\x01\xff outcome '\"", 14);
  batch.outcome = [bytes](auto) { return bytes; };
  ASSERT_TRUE(send(batch));
  subject->restart();
  EXPECT_EQ("(1,Ann)", rows());
  auto const left = open(main_lane);
  EXPECT_EQ(batch_number{1}, left.batch);
  EXPECT_EQ(batch.position, left.position);
  EXPECT_EQ(batch.chain, left.chain);
  EXPECT_EQ(bytes, left.outcome);
  EXPECT_THAT(left.places, testing::UnorderedElementsAreArray(batch.places));
  EXPECT_GT(left.session, batch.session);
}

TEST_P(Connector, AHugeOutcomeIsKeptWholeUntilTheNextBatch) {
  make({customers()});
  std::string huge;
  for (std::size_t i = 0; huge.size() < 3 * outcome_part_bytes; ++i) huge += std::to_string(i);
  auto at = open(main_lane);
  for (auto const& bytes : {huge,
                            huge.substr(7),
                            std::string(outcome_part_bytes, '\xff'),
                            std::string("small"),
                            huge,
                            std::string()}) {
    auto batch = next_batch(main_lane, at, {put("customer", customer(1, text("Ann")))});
    batch.outcome = [bytes](auto) { return bytes; };
    ASSERT_TRUE(send(batch));
    subject->restart();
    at = open(main_lane);
    EXPECT_TRUE(bytes == at.outcome) << bytes.size() << " bytes became " << at.outcome.size();
  }
}

TEST_P(Connector, TheOutcomeIsMadeOfWhatBecameOfTheWrites) {
  make({customers()});
  auto batch = next_batch(main_lane,
                          open(main_lane),
                          {put("customer", customer(1, text("Ann"))),
                           put("customer", customer(2, value::null())),
                           take_out("customer", {number(3)})});
  batch.outcome = [](std::span<write_result const> all) {
    return effects(all) + ": " + all[1].code + ", " + all[1].column;
  };
  ASSERT_TRUE(send(batch));
  EXPECT_EQ("inserted refused equal: " + subject->code_of(rule::not_null) + ", name",
            open(main_lane).outcome);
}

TEST_P(Connector, ABatchIsWrittenOnce) {
  make({customers()});
  auto const opened = open(main_lane);
  auto const batch = next_batch(main_lane, opened, {put("customer", customer(1, text("Ann")))});
  ASSERT_TRUE(send(batch));
  commit(updated("customer", {number(1)}, customer(1, text("Anna"))));
  EXPECT_EQ("lane_fenced", failure(send(batch)));
  EXPECT_EQ("(1,Anna)", rows());
  auto ahead = next_batch(main_lane, opened, {put("customer", customer(2, text("Bob")))});
  ahead.previous = batch_number{2};
  ahead.batch = batch_number{3};
  EXPECT_EQ("lane_fenced", failure(send(ahead)));
  EXPECT_EQ("(1,Anna)", rows());
  EXPECT_EQ("inserted", open(main_lane).outcome);
}

TEST_P(Connector, ASessionEndsWhereANewerOneBegins) {
  make({customers()});
  auto const old = open(main_lane);
  auto const now = open(main_lane);
  EXPECT_EQ("lane_fenced",
            failure(send(next_batch(main_lane, old, {put("customer", customer(1, text("old")))}))));
  EXPECT_EQ("", rows());
  EXPECT_TRUE(send(next_batch(main_lane, now, {put("customer", customer(1, text("new")))})));
  EXPECT_EQ("(1,new)", rows());
}

TEST_P(Connector, ALaneThatWasNeverOpenedIsFenced) {
  make({customers()});
  open(main_lane);
  auto const batch = next_batch(side_lane, lane_row{}, {put("customer", customer(1, text("Ann")))});
  EXPECT_EQ("lane_fenced", failure(send(batch)));
  EXPECT_EQ("", rows());
}

TEST_P(Connector, LanesAreIndependent) {
  make({customers()});
  auto first = open(main_lane);
  auto second = open(side_lane);
  ASSERT_TRUE(send(next_batch(main_lane, first, {put("customer", customer(1, text("Ann")))})));
  ASSERT_TRUE(send(next_batch(side_lane, second, {take_out("customer", {number(9)})})));
  first.batch = batch_number{1};
  ASSERT_TRUE(send(next_batch(main_lane, first, {})));
  auto const side = open(side_lane);
  EXPECT_EQ(batch_number{1}, side.batch);
  EXPECT_EQ("equal", side.outcome);
  EXPECT_EQ(batch_number{2}, open(main_lane).batch);
}

TEST_P(Connector, LogsLinksAndDirectionsDoNotShareALane) {
  make({customers()});
  auto batch = next_batch(main_lane, open(main_lane), {});
  batch.places = {{map_id{3}, lane_id{0}, sequence{12}}};
  ASSERT_TRUE(send(batch));
  auto const other_way = direction::right_to_left;
  for (auto const& other : {another(main_lane, log_id{8}, main_lane.link, main_lane.way),
                            another(main_lane, main_lane.log, link_id{5}, main_lane.way),
                            another(main_lane, main_lane.log, main_lane.link, other_way)}) {
    auto const fresh = open(other);
    EXPECT_EQ(batch_number{0}, fresh.batch);
    EXPECT_TRUE(fresh.places.empty());
  }
}

TEST_P(Connector, WhatIsDetachedKnowsNothingOfTheLog) {
  make({customers()});
  auto const known = capture();
  auto const other_way = direction::right_to_left;
  auto const staying = another(main_lane, main_lane.log, link_id{5}, other_way);
  auto const of_another_log = another(main_lane, log_id{8}, main_lane.link, main_lane.way);
  for (auto const& lane : {main_lane, side_lane, staying, of_another_log}) {
    auto batch = next_batch(lane, open(lane), {});
    batch.places = {{map_id{3}, lane.lane, sequence{12}}};
    ASSERT_TRUE(send(batch));
  }
  std::vector<engine::link_way> const stays = {{staying.link, staying.way}};
  ASSERT_TRUE(wait(subject->target().detach(main_lane.log, stays)));
  for (auto const& lane : {main_lane, side_lane}) {
    auto const fresh = open(lane);
    EXPECT_EQ(batch_number{0}, fresh.batch);
    EXPECT_TRUE(fresh.places.empty());
  }
  for (auto const& lane : {staying, of_another_log}) {
    EXPECT_EQ(batch_number{1}, open(lane).batch);
    EXPECT_EQ(1u, open(lane).places.size());
  }
  EXPECT_FALSE(try_capture(known)) << "behind what was captured before";
  capture();
  commit(inserted("customer", customer(1, text("Ann"))));
  EXPECT_EQ("+(1,Ann)", shown(captured()));
}

TEST_P(Connector, EveryLaneOfADirectionSeesThePlacesOfItsMaps) {
  make({customers()});
  auto first = next_batch(main_lane, open(main_lane), {});
  first.places = {{map_id{3}, lane_id{0}, sequence{12}}, {map_id{4}, lane_id{0}, sequence{13}}};
  ASSERT_TRUE(send(first));
  auto second = next_batch(side_lane, open(side_lane), {});
  second.places = {{map_id{4}, lane_id{5}, sequence{20}}};
  ASSERT_TRUE(send(second));
  auto const both = testing::UnorderedElementsAre(map_place{map_id{3}, lane_id{0}, sequence{12}},
                                                  map_place{map_id{4}, lane_id{5}, sequence{20}});
  EXPECT_THAT(open(main_lane).places, both);
  EXPECT_THAT(open(side_lane).places, both);
}

TEST_P(Connector, LanesAreOpenedTogether) {
  make({customers()});
  auto const first = open(main_lane);
  auto const side = open(side_lane);
  ASSERT_TRUE(send(next_batch(side_lane, side, {put("customer", customer(1, text("Ann")))})));
  auto again = next_batch(main_lane, first, {put("customer", customer(2, text("Bob")))});
  again.places = {{map_id{3}, lane_id{0}, sequence{12}}};
  ASSERT_TRUE(send(again));
  std::vector<engine::lane_opening> wanted{{side_lane, side.session}, {main_lane, epoch{1000}}};
  auto const rows = wait(subject->target().open_lanes(std::move(wanted)));
  ASSERT_TRUE(rows);
  ASSERT_EQ(2u, rows->size());
  EXPECT_GT(rows->at(0).session, side.session);
  EXPECT_GT(rows->at(1).session, epoch{1000});
  for (auto const& row : *rows) {
    EXPECT_EQ(batch_number{1}, row.batch);
    EXPECT_THAT(row.places, testing::ElementsAre(map_place{map_id{3}, lane_id{0}, sequence{12}}));
  }
  again.previous = batch_number{1};
  again.batch = batch_number{2};
  EXPECT_EQ("lane_fenced", failure(send(again)));
}

TEST_P(Connector, ALostReplyIsFoundAgain) {
  make({customers()});
  auto const batch =
      next_batch(main_lane, open(main_lane), {put("customer", customer(1, text("Ann")))});
  (void)send(batch);
  auto const found = open(main_lane);
  EXPECT_EQ(batch.batch, found.batch);
  EXPECT_EQ(batch.position, found.position);
  EXPECT_EQ("inserted", found.outcome);
  auto again = batch;
  again.session = found.session;
  EXPECT_EQ("lane_fenced", failure(send(again)));
}

// Nobody waits for the batch's answer when the lane is opened again: it has happened or never will.
TEST_P(Connector, WhatAnOpenedLaneSaysIsFinal) {
  make({customers()});
  for (int i = 1; i <= 20; ++i) {
    auto const opened = open(main_lane);
    auto const batch = next_batch(main_lane, opened, {put("customer", customer(i, text("x")))});
    std::optional<result<std::vector<write_result>>> sent;
    std::optional<result<lane_row>> found;
    auto& target = subject->target();
    if (i % 2 == 0) start(target.apply(batch), sent);
    start(open_lane(target, main_lane, opened.session), found);
    if (i % 2 != 0) start(target.apply(batch), sent);
    subject->run();
    ASSERT_TRUE(sent && found && *found);
    bool const happened = (*found)->batch == batch.batch;
    EXPECT_EQ(happened ? "ok" : "lane_fenced", failure(*sent));
    EXPECT_EQ(happened ? "(" + std::to_string(i) + ",x)" : "", rows());
    if (happened) commit(removed("customer", {number(i)}));
  }
}

TEST_P(Connector, ARestoreTakesLanesBackWithTheirRows) {
  make({customers()});
  auto opened = open(main_lane);
  auto first = next_batch(main_lane, opened, {put("customer", customer(1, text("Ann")))});
  first.places = {{map_id{3}, lane_id{0}, sequence{10}}};
  ASSERT_TRUE(send(first));
  subject->save_copy();
  opened.batch = batch_number{1};
  auto second = next_batch(main_lane, opened, {put("customer", customer(2, text("Bob")))});
  second.places = {{map_id{3}, lane_id{0}, sequence{20}}};
  ASSERT_TRUE(send(second));
  subject->restore_copy();
  EXPECT_EQ("(1,Ann)", rows());
  auto const left = open(main_lane, opened.session);
  EXPECT_EQ(batch_number{1}, left.batch);
  EXPECT_EQ(sequence{10}, left.position);
  EXPECT_EQ("inserted", left.outcome);
  EXPECT_THAT(left.places, testing::ElementsAreArray(first.places));
  EXPECT_GT(left.session, opened.session);
}

}  // namespace
}  // namespace dualwrite::contract
