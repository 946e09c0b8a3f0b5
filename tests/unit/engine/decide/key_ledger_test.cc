// What was handed to a target, until the other side's changes cannot have missed it any more.
#include <gtest/gtest.h>

#include "engine/decide/key_ledger.h"

namespace dualwrite::engine {
namespace {

class KeyLedger : public testing::Test {
 protected:
  static constexpr direction to_right = direction::left_to_right;

  batch_id batch(std::uint64_t number) { return {to_right, lane_id{0}, batch_number{number}}; }
  handed_write write(std::string key, std::int64_t id, std::string name) {
    auto wish = std::make_shared<target_write>();
    wish->table = "customer";
    wish->key_columns = {0};
    wish->key = {value::of_int64(id)};
    wish->columns = {0, 1};
    wish->values = {value::of_int64(id), value::of_text(std::move(name))};
    handed_write out;
    out.map = map;
    out.key = std::move(key);
    out.record = sequence{static_cast<std::uint64_t>(id)};
    out.write = std::move(wish);
    return out;
  }
  handed_write key_alone(std::string key, std::int64_t id) {
    auto out = write(std::move(key), id, "");
    auto narrow = std::make_shared<target_write>(*out.write);
    narrow->columns = {0};
    narrow->values = {value::of_int64(id)};
    out.write = std::move(narrow);
    return out;
  }
  bool echo(batch_id of, std::int64_t id, std::string name) {
    row_values const after{value::of_int64(id), value::of_text(std::move(name))};
    std::string const table = "customer";
    row_values const before;
    return ledger.match_echo(of, epoch{1}, {table, operation::update, before, after}).has_value();
  }
  std::size_t unseen(std::string const& key, source_position at) {
    auto const all = [](key_ledger::write_head const&) { return true; };
    return ledger.unseen(map, to_right, key, at, all).size();
  }
  std::size_t unseen(std::string const& key, std::uint64_t commit) {
    return unseen(key, source_position{1, commit});
  }

  key_ledger ledger;
  map_id map{5};
};

TEST_F(KeyLedger, AWriteIsUnseenUntilItCameBackBeforeTheChange) {
  ledger.hand(batch(1), epoch{1}, {write("a", 1, "Ada")});
  EXPECT_EQ(1u, unseen("a", 100)) << "it may still be under way";
  EXPECT_EQ(0u, unseen("b", 100));
  ledger.came_back(batch(1), source_position{1, 50});
  EXPECT_EQ(1u, unseen("a", 49));
  EXPECT_EQ(0u, unseen("a", 51));
  EXPECT_EQ(1u, unseen("a", source_position{2, 51})) << "another incarnation tells nothing";
}

TEST_F(KeyLedger, ABatchThatDidNotHappenIsForgotten) {
  ledger.hand(batch(1), epoch{1}, {write("a", 1, "Ada")});
  EXPECT_EQ(1u, ledger.load_of(to_right).awaited);
  ledger.take_back(batch(1));
  EXPECT_EQ(0u, unseen("a", 100));
  EXPECT_EQ(0u, ledger.load_of(to_right).awaited);
  EXPECT_FALSE(ledger.knows_batch(batch(1)));
}

TEST_F(KeyLedger, AnEchoIsOneOnlyWithTheSameImageAndOnlyOnce) {
  ledger.hand(batch(1), epoch{1}, {write("a", 1, "Ada")});
  EXPECT_FALSE(echo(batch(1), 1, "Eve")) << "the app changed it";
  EXPECT_FALSE(echo(batch(1), 2, "Ada")) << "another row";
  EXPECT_FALSE(echo(batch(2), 1, "Ada")) << "another batch";
  EXPECT_TRUE(echo(batch(1), 1, "Ada"));
  EXPECT_EQ(sequence{1}, ledger.last_matched(batch(1)));
  EXPECT_FALSE(echo(batch(1), 1, "Ada")) << "a second one is a change of the app's own";
}

TEST_F(KeyLedger, ANumberIsTheSameKeyWhateverItsScale) {
  auto const number = [](char const* digits) { return value::of_decimal(*decimal::parse(digits)); };
  auto handed = write("a", 1, "Ada");
  auto wish = std::make_shared<target_write>(*handed.write);
  wish->key = {number("1.5")};
  wish->values[0] = number("1.5");
  handed.write = wish;
  ledger.hand(batch(1), epoch{1}, {handed});
  row_values const after{number("1.50"), value::of_text("Ada")};
  std::string const table = "customer";
  row_values const before;
  EXPECT_TRUE(ledger.match_echo(batch(1), epoch{1}, {table, operation::insert, before, after}));
}

TEST_F(KeyLedger, ABatchIsOverWhenItCameBackAndWasReadPast) {
  ledger.hand(batch(1), epoch{1}, {write("a", 1, "Ada")});
  ledger.came_back(batch(1), source_position{1, 50});
  EXPECT_EQ(0u, ledger.load_of(to_right).not_back);
  EXPECT_EQ(1u, ledger.handed(map, to_right, "a").size());
  ledger.passed(batch(1), map);
  EXPECT_TRUE(ledger.handed(map, to_right, "a").empty());
  EXPECT_EQ(0u, ledger.load_of(to_right).awaited);
}

TEST_F(KeyLedger, ABatchInPartsIsOneBatch) {
  ledger.hand(batch(1), epoch{1}, {write("a", 1, "Ada")});
  ledger.hand_more(batch(1), {write("b", 2, "Bob"), write("a", 1, "Eve")});
  EXPECT_EQ(3u, ledger.load_of(to_right).awaited);
  EXPECT_EQ(2u, unseen("a", 100));
  EXPECT_TRUE(echo(batch(1), 2, "Bob"));
  EXPECT_TRUE(echo(batch(1), 1, "Ada"));
  EXPECT_TRUE(echo(batch(1), 1, "Eve"));
  ledger.take_back(batch(1));
  EXPECT_EQ(0u, ledger.load_of(to_right).awaited);
  EXPECT_EQ(0u, unseen("a", 100));
}

TEST_F(KeyLedger, WhatWasHandedIsGivenBackAsItWas) {
  auto const handed = write("a", 1, "Ada");
  ledger.hand(batch(1), epoch{1}, {handed});
  auto const found = ledger.handed(map, to_right, "a");
  ASSERT_EQ(1u, found.size());
  EXPECT_EQ(handed.record, found[0].record);
  ASSERT_NE(nullptr, found[0].write);
  EXPECT_EQ(handed.write->table, found[0].write->table);
  EXPECT_EQ(handed.write->key, found[0].write->key);
  EXPECT_EQ(handed.write->columns, found[0].write->columns);
  EXPECT_EQ(handed.write->values, found[0].write->values);
}

TEST_F(KeyLedger, NobodyWaitsForTheWritesOfAMapThatStopped) {
  ledger.hand(batch(1), epoch{1}, {write("a", 1, "Ada")});
  ledger.forget(map);
  EXPECT_EQ(0u, ledger.load_of(to_right).awaited);
  EXPECT_EQ(0u, ledger.load_of(to_right).not_back);
  EXPECT_TRUE(echo(batch(1), 1, "Ada")) << "its echo is still no change of the app's own";
}

TEST_F(KeyLedger, ABatchKnowsWhatItWroteToARow) {
  ledger.hand(batch(1), epoch{1}, {write("a", 1, "Ada"), write("b", 2, "Bo")});
  std::string const table = "customer", another = "order";
  row_values const before;
  row_values const row{value::of_int64(1), value::of_text("ADA"), value::of_text("other")};
  key_ledger::captured_change const change{table, operation::update, before, row};
  EXPECT_FALSE(ledger.match_altered(batch(1), {another, operation::update, before, row}));
  EXPECT_FALSE(ledger.match_altered(batch(2), change));
  auto const written = ledger.match_altered(batch(1), change);
  ASSERT_TRUE(written);
  EXPECT_EQ((row_values{value::of_int64(1), value::of_text("Ada"), value::unchanged()}),
            written->values);
  EXPECT_EQ((std::vector<bool>{true, true, false}), written->wrote);
  row_values const third{value::of_int64(3), value::null(), value::null()};
  EXPECT_FALSE(ledger.match_altered(batch(1), {table, operation::update, before, third}));
}

// Each change is of the write that it differs from least, and of none that was told of before the
// last.
TEST_F(KeyLedger, OfSeveralWritesToARowEachChangeIsOfOne) {
  ledger.hand(batch(1), epoch{1}, {write("a", 1, "Ada"), write("a", 1, "Bo"), key_alone("a", 1)});
  std::string const table = "customer";
  auto const now = [](char const* name, char const* stamp) {
    return row_values{value::of_int64(1), value::of_text(name), value::of_text(stamp)};
  };
  auto const wrote = [&](row_values const& before, row_values const& after) {
    auto const found = ledger.match_altered(batch(1), {table, operation::update, before, after});
    return !found ? "none" : found->wrote[1] ? found->values[1].as_string() : "no name";
  };
  EXPECT_EQ("Ada", wrote(now("Al", "1"), now("Ada", "2")));
  EXPECT_EQ("no name", wrote(now("Ada", "2"), now("Ada", "3"))) << "a rule changed it once more";
  EXPECT_EQ("Bo", wrote(now("Ada", "3"), now("Bo", "4")));
  EXPECT_EQ("no name", wrote(now("Bo", "4"), now("Ada", "5")));
}

// One that says less fits more rows.
TEST_F(KeyLedger, AnEchoIsOfTheWriteThatTellsTheMostOfIt) {
  ledger.hand(batch(1), epoch{1}, {key_alone("a", 1), write("a", 1, "Bo")});
  std::string const table = "customer";
  row_values const before{value::of_int64(1), value::of_text("Al"), value::of_text("1")};
  auto stamped = row_values{value::of_int64(1), value::of_text("Bo"), value::of_text("2")};
  key_ledger::captured_change const change{table, operation::update, before, stamped};
  auto const echoed = ledger.match_echo(batch(1), epoch{1}, change);
  ASSERT_TRUE(echoed);
  EXPECT_EQ((std::vector<std::size_t>{0, 1}), echoed->shape->columns);
}

TEST_F(KeyLedger, TheBytesOfAWriteCountUntilItComesBack) {
  auto const bytes = [&] { return ledger.load_of(to_right).bytes_not_back; };
  ledger.hand(batch(1), epoch{1}, {write("a", 1, std::string(1000, 'x'))});
  EXPECT_GT(bytes(), 1000u);
  ledger.hand(batch(2), epoch{1}, {});
  ledger.hand_more(batch(2), {write("b", 2, std::string(1000, 'x'))});
  EXPECT_GT(bytes(), 2000u);
  ledger.came_back(batch(1), source_position{1, 50});
  EXPECT_LT(bytes(), 1200u);
  ledger.hand_more(batch(1), {write("a", 1, std::string(1000, 'x'))});
  ledger.passed(batch(1), map);
  EXPECT_LT(bytes(), 1200u);
  ledger.take_back(batch(2));
  EXPECT_EQ(0u, bytes());
  ledger.hand(batch(3), epoch{1}, {write("a", 1, "Ada")});
  ledger.forget(map);
  EXPECT_EQ(0u, bytes()) << "nothing of a stopped map is awaited";
}

}  // namespace
}  // namespace dualwrite::engine
