// What is read from the log in the order of the source's commits, however it was appended.
#include "replay/record_cursor.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "events/row_image.h"
#include "events/store/memory_event_log.h"

namespace dualwrite::replay {
namespace {

constexpr link_id link{1};
constexpr app_id left{10};
constexpr app_id right{11};
constexpr auto to_right = direction::left_to_right;

class RecordCursor : public testing::Test {
 protected:
  template <class Event>
  void add(Event const& event, std::uint32_t span = 1) {
    auto drafted = draft({stream_kind::link, link.value}, link, event);
    drafted.span = span;
    std::vector<encoded_event> const group{std::move(drafted)};
    now_.us += 1'000'000;
    ASSERT_TRUE(log().append(group, now_, log().head().at, epoch{}));
  }
  void begin_capture() { add(CaptureStarted{link, side::left, left, 1, 0, {}}); }
  // An event of a transaction: rows named after the commit and their places in it.
  void block(std::uint64_t commit, std::uint32_t first, std::uint32_t count, bool last) {
    record_packer pack;
    for (std::uint32_t i = 0; i < count; ++i) {
      auto const image = encode_row(row_values{value::of_text(name(commit, first + i))});
      pack.add({i, 0, operation::insert, {}, image, {}});
    }
    RecordsCaptured captured;
    captured.link = link;
    captured.commit = commit;
    captured.first_index = first;
    captured.last = last;
    captured.tables = {{schema_id{3}, count}};
    captured.count = count;
    captured.records = blob{pack.bytes()};
    add(captured, count);
  }
  void echo() { add(EchoSeen{link, opposite(to_right), {}, {}, batch_number{++echoes_}, 1, 0, 0}); }
  static std::string name(std::uint64_t commit, std::uint32_t row) {
    return std::to_string(commit) + "." + std::to_string(row);
  }
  record_cursor read(std::size_t events_max = record_cursor::no_limit) {
    return {log(), link, to_right, left, {}, events_max};
  }
  // The rows of a unit; `|` where a batch may end behind it, `e` for an echo.
  static std::string shown(queued_unit const& unit) {
    std::string out;
    for (auto const& item : unit.items) {
      auto const* record = std::get_if<queued_record>(&item);
      out += record == nullptr ? "e" : std::string(decode_row(record->after)->at(0).as_string());
      out += " ";
    }
    return out + (unit.ends ? "| " : "");
  }
  // All that there is up to here.
  std::string rest(record_cursor& from, sequence until) {
    std::string out;
    while (true) {
      auto const unit = from.next(until);
      EXPECT_TRUE(unit);
      if (unit && *unit) out += shown(**unit);
      if (!unit || (!*unit && !from.ended_early())) return out;
    }
  }
  std::string all() {
    auto cursor = read();
    return rest(cursor, log().head().at);
  }

  memory_event_log& log() { return *log_; }
  void begin_anew() { log_ = std::make_unique<memory_event_log>(log_id{7}); }

 private:
  std::unique_ptr<memory_event_log> log_ = std::make_unique<memory_event_log>(log_id{7});
  instant now_;
  std::uint64_t echoes_ = 0;
};

TEST_F(RecordCursor, ATransactionOfSeveralEventsComesEventByEventWhenAllOfItIsThere) {
  begin_capture();
  auto cursor = read();
  block(1, 0, 2, false);
  EXPECT_EQ("", rest(cursor, log().head().at)) << "it may come again";
  auto const before = cursor.position();
  block(1, 2, 1, false);
  EXPECT_EQ("", rest(cursor, log().head().at));
  block(1, 3, 1, true);
  auto const first = cursor.next(log().head().at);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ("1.0 1.1 ", shown(**first));
  EXPECT_EQ(log().head().at, (*first)->position);
  EXPECT_EQ(before, cursor.position()) << "a batch may not end inside";
  EXPECT_EQ("1.2 1.3 | ", rest(cursor, log().head().at));
  EXPECT_EQ(log().head().at, cursor.position());
}

TEST_F(RecordCursor, ATransactionMayComeBeforeItsEndIsThere) {
  begin_capture();
  auto const behind = log().head().at;
  auto cursor = read();
  block(1, 0, 2, false);
  auto const first = cursor.next(log().head().at, true);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ("1.0 1.1 ", shown(**first));
  EXPECT_EQ("", rest(cursor, log().head().at));
  EXPECT_EQ(behind, cursor.position());
  block(1, 2, 1, true);
  EXPECT_EQ("1.2 | ", rest(cursor, log().head().at));
  EXPECT_FALSE(cursor.was_void());
  EXPECT_EQ(log().head().at, cursor.position());
}

TEST_F(RecordCursor, ATransactionThatCameBeforeItsEndMayNeverBeComplete) {
  begin_capture();
  auto cursor = read();
  block(1, 0, 2, false);
  ASSERT_TRUE(cursor.next(log().head().at, true));
  begin_capture();
  block(1, 0, 3, true);
  EXPECT_EQ("", rest(cursor, log().head().at));
  EXPECT_TRUE(cursor.was_void());
  EXPECT_EQ("1.0 1.1 1.2 | ", all());
}

TEST_F(RecordCursor, WhatIsBehindTheEndIsNotRead) {
  begin_capture();
  block(1, 0, 1, true);
  auto const until = log().head().at;
  block(2, 0, 1, false);
  block(2, 1, 1, true);
  auto cursor = read();
  EXPECT_EQ("1.0 | ", rest(cursor, until));
  EXPECT_EQ("", rest(cursor, until + 1)) << "the end of the transaction is behind it";
  EXPECT_EQ("2.0 2.1 | ", rest(cursor, log().head().at));
}

TEST_F(RecordCursor, WhatACaptureLeftUnfinishedIsLeftOut) {
  begin_capture();
  block(1, 0, 1, false);
  block(1, 1, 1, false);
  echo();
  begin_capture();
  block(1, 0, 3, false);
  block(1, 3, 1, true);
  EXPECT_EQ("e | 1.0 1.1 1.2 1.3 | ", all());
}

TEST_F(RecordCursor, TheOtherSidesCaptureEndsNothing) {
  begin_capture();
  block(1, 0, 1, false);
  add(CaptureStarted{link, side::right, right, 1, 0, {}});
  block(1, 1, 1, true);
  EXPECT_EQ("1.0 1.1 | ", all());
}

TEST_F(RecordCursor, AReaderThatIsToReadLittleAtATimeFindsTheSame) {
  begin_capture();
  for (std::uint64_t commit = 1; commit <= 3; ++commit) {
    for (std::uint32_t i = 0; i < 20; ++i) block(commit, i, 1, i == 19);
    for (int i = 0; i < 10; ++i) add(LaneOpened{link, to_right, {}, epoch{1}, {}});
  }
  auto const expected = all();
  for (std::size_t const events_max : {1, 2, 7}) {
    auto cursor = read(events_max);
    EXPECT_EQ(expected, rest(cursor, log().head().at));
  }
}

// Whatever was captured, broken off and captured again, and however far it is read at a time: every
// transaction comes once, whole and in order.
TEST_F(RecordCursor, EveryTransactionComesOnce) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    begin_anew();
    begin_capture();
    std::string expected;
    std::vector<sequence> ends;
    for (std::uint64_t commit = 1; commit <= 15; ++commit) {
      std::uint32_t const rows = 1 + chance() % 9;
      std::string names;
      for (std::uint32_t i = 0; i < rows; ++i) names += name(commit, i) + " ";
      for (bool whole = false; !whole;) {
        for (std::uint32_t at = 0; at < rows;) {
          auto const count = std::min<std::uint32_t>(rows - at, 1 + chance() % 3);
          whole = at + count == rows;
          block(commit, at, count, whole);
          ends.push_back(log().head().at);
          at += count;
          if (whole || chance() % 6 != 0) continue;
          begin_capture();
          break;
        }
      }
      expected += names;
    }
    for (std::size_t const events_max : {std::size_t{2}, record_cursor::no_limit}) {
      auto cursor = read(events_max);
      std::string got;
      for (auto const& end : ends) {
        if (chance() % 3 == 0) got += rest(cursor, end);
      }
      got += rest(cursor, log().head().at);
      std::erase(got, '|');
      std::string spaced;
      for (auto const letter : got) {
        if (letter != ' ' || spaced.empty() || spaced.back() != ' ') spaced.push_back(letter);
      }
      EXPECT_EQ(expected, spaced);
      EXPECT_EQ(log().head().at, cursor.position());
    }
  }
}

}  // namespace
}  // namespace dualwrite::replay
