#include "events/store/memory_event_log.h"

#include <gmock/gmock.h>

#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

using tests::dice;

constexpr log_id id{5};

encoded_event event_of(char what) {
  return {{stream_kind::map, 1}, {}, 1, {static_cast<std::byte>(what), std::byte{}, std::byte{}}};
}

class MemoryEventLog : public testing::Test {
 protected:
  // Three acknowledged blocks of one event.
  void SetUp() override {
    for (char const what : {'a', 'b', 'c'}) {
      auto const event = event_of(what);
      ASSERT_TRUE(log_.append({&event, 1}, instant{what}, log_.head().at, epoch{}));
    }
  }
  void begin(char what) {
    auto const event = event_of(what);
    ASSERT_TRUE(log_.begin_append({&event, 1}, instant{what}, sequence{next_++}));
  }
  // The code that opening the disk gives, `ok` where it opens.
  static error_code code_of(memory_disk disk, memory_checks checks = {}) {
    auto const again = memory_event_log::reopen(std::move(disk), checks);
    return again ? error_code::ok : again.error().code;
  }

  memory_event_log log_{id};
  std::uint64_t next_ = 3;
};

TEST_F(MemoryEventLog, WhatIsNotSyncedIsInvisibleAndLostInACrash) {
  begin('d');
  EXPECT_EQ(log_.head().at, sequence{3});
  auto const again = memory_event_log::reopen(log_.crash({}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->log->head(), log_.head());
  EXPECT_FALSE(again->trimmed);
  ASSERT_TRUE(log_.sync());
  EXPECT_EQ(log_.head().at, sequence{4});
}

TEST_F(MemoryEventLog, BlocksBecomeDurableOneByOne) {
  begin('d');
  begin('e');
  ASSERT_TRUE(log_.sync_next());
  EXPECT_EQ(log_.head().at, sequence{4});
  EXPECT_EQ(memory_event_log::reopen(log_.crash({}))->log->head().at, sequence{4});
  ASSERT_TRUE(log_.sync_next());
  EXPECT_EQ(log_.head().at, sequence{5});
}

TEST_F(MemoryEventLog, ACrashMayKeepAWholeBlockThatWasNotSynced) {
  begin('d');
  auto const all = log_.unsynced_bytes();
  begin('e');
  auto const again = memory_event_log::reopen(log_.crash({all, false}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->log->head().at, sequence{4});
  EXPECT_FALSE(again->trimmed);
}

TEST_F(MemoryEventLog, TornTailIsTrimmedAtEveryByte) {
  begin('d');
  for (std::size_t kept = 1; kept < log_.unsynced_bytes(); ++kept) {
    auto const again = memory_event_log::reopen(log_.crash({kept, kept % 2 == 0}));
    ASSERT_TRUE(again) << to_string(again.error());
    ASSERT_TRUE(again->trimmed);
    EXPECT_EQ(again->trimmed->head, log_.head());
    EXPECT_TRUE(again->log->verify().ok);
  }
}

TEST_F(MemoryEventLog, AnOldAnchorIsEnoughAfterAPowerCut) {
  log_.sync_anchor();
  begin('d');
  ASSERT_TRUE(log_.sync());
  auto const disk = log_.crash({0, true});
  EXPECT_EQ(disk.anchored->at, sequence{3});
  auto const again = memory_event_log::reopen(disk);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->log->head().at, sequence{4});
}

TEST_F(MemoryEventLog, CutSyncedTailIsRefusedByTheAnchorOnly) {
  auto disk = log_.crash({});
  disk.blocks.pop_back();
  EXPECT_EQ(code_of(disk), error_code::log_behind_anchor);
  EXPECT_EQ(code_of(disk, {.anchor = false}), error_code::ok);
  disk.anchored.reset();
  EXPECT_EQ(code_of(disk), error_code::log_anchor_missing);
}

TEST_F(MemoryEventLog, MissingAnchorIsRefused) {
  auto disk = log_.crash({});
  disk.anchored.reset();
  EXPECT_EQ(code_of(disk), error_code::log_anchor_missing);
}

TEST_F(MemoryEventLog, AnchorOfAnotherLogOrChainIsRefused) {
  auto disk = log_.crash({});
  disk.anchored->chain[0] ^= std::byte{1};
  EXPECT_EQ(code_of(disk), error_code::log_corrupt);
  disk.anchored->log = log_id{6};
  EXPECT_EQ(code_of(disk), error_code::log_anchor_missing);
}

TEST_F(MemoryEventLog, EveryFlippedByteOfAnAcknowledgedBlockIsRefused) {
  auto const whole = log_.crash({});
  for (std::size_t block = 0; block < whole.blocks.size(); ++block) {
    for (std::size_t at = 0; at < whole.blocks[block]->size(); ++at) {
      auto disk = whole;
      auto bytes = *disk.blocks[block];
      bytes[at] ^= std::byte{0x10};
      disk.blocks[block] = std::make_shared<std::vector<std::byte> const>(std::move(bytes));
      EXPECT_NE(code_of(disk), error_code::ok) << block << " " << at;
    }
  }
}

TEST_F(MemoryEventLog, NothingIsTakenAfterAFailedWrite) {
  log_.fail_next(error_code::log_write_failed);
  begin('d');
  EXPECT_EQ(log_.sync().error().code, error_code::log_write_failed);
  auto const event = event_of('e');
  EXPECT_EQ(log_.append({&event, 1}, instant{'e'}, sequence{4}, epoch{}).error().code,
            error_code::log_write_failed);
  // Whether the failed block is there after all is decided by the disk.
  EXPECT_EQ(memory_event_log::reopen(log_.crash({}))->log->head().at, sequence{3});
  EXPECT_EQ(memory_event_log::reopen(log_.crash({SIZE_MAX, false}))->log->head().at, sequence{4});
}

TEST_F(MemoryEventLog, FullDiskRefusesOneAppendWhole) {
  log_.fail_next(error_code::log_disk_reserve);
  auto const event = event_of('d');
  auto const refused = log_.append({&event, 1}, instant{'d'}, sequence{3}, epoch{});
  EXPECT_EQ(refused.error().code, error_code::log_disk_reserve);
  EXPECT_TRUE(log_.append({&event, 1}, instant{'d'}, sequence{3}, epoch{}));
}

}  // namespace
}  // namespace dualwrite
