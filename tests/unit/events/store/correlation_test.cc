// What belongs to one request is found by the index, on both logs.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>

#include "events/codec.h"
#include "events/store/rocks_walk.h"
#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

using namespace tests;

encoded_event event_of(sequence correlation, std::uint64_t map) {
  origin const from{"ann", correlation, sequence{1}, "c-1"};
  return draft({stream_kind::map, map}, link_id{map}, MapResumed{map_id{map}, sequence{40}}, from);
}

// Appends random groups; says which sequences name which correlation.
std::map<std::uint64_t, std::vector<sequence>> fill(event_log& log, dice& dice) {
  std::map<std::uint64_t, std::vector<sequence>> of;
  for (int group = 0; group < 60; ++group) {
    std::vector<encoded_event> events;
    auto at = log.head().at + 1;
    for (std::uint64_t i = 0, n = 1 + dice.below(30); i < n; ++i) {
      auto const correlation = dice.below(6);
      of[correlation].push_back(at);
      events.push_back(event_of(sequence{correlation}, 1 + dice.below(3)));
      at = at + 1;
    }
    EXPECT_TRUE(log.append(events, instant{group}, log.head().at, epoch{}));
  }
  return of;
}

std::vector<sequence> sequences(event_log const& log, read_request request) {
  std::vector<sequence> found;
  auto const cursor = log.read(request);
  while (true) {
    auto const event = cursor->next();
    EXPECT_TRUE(event);
    if (!event || !*event) return found;
    found.push_back((*event)->at);
  }
}

void expect_found(event_log const& log,
                  dice& dice,
                  std::map<std::uint64_t, std::vector<sequence>> const& of) {
  for (std::uint64_t correlation = 1; correlation < 7; ++correlation) {
    auto expected = of.contains(correlation) ? of.at(correlation) : std::vector<sequence>{};
    sequence const from{dice.below(log.head().at.value)};
    auto const below = [&](sequence at) { return at < from; };
    read_request request{from, false, {}, sequence{correlation}};
    auto forward = expected;
    std::erase_if(forward, below);
    EXPECT_EQ(forward, sequences(log, request));
    request.backward = true;
    std::erase_if(expected, [&](sequence at) { return at > from; });
    std::ranges::reverse(expected);
    EXPECT_EQ(expected, sequences(log, request));
  }
}

TEST(Correlation, IsReadFromEverywhereBothWays) {
  dice dice{31};
  memory_log_under_test memory;
  rocks_log_under_test disk;
  for (log_under_test* one :
       {static_cast<log_under_test*>(&memory), static_cast<log_under_test*>(&disk)}) {
    auto const of = fill(one->log(), dice);
    for (int i = 0; i < 10; ++i) expect_found(one->log(), dice, of);
    EXPECT_TRUE(one->log().verify().ok) << one->log().verify().reason;
    one->reopen();
    expect_found(one->log(), dice, of);
  }
}

TEST(Correlation, IsWhatDecodingSaysAndAnyBytesAreSafe) {
  dice dice{32};
  auto const whole = event_of(sequence{0x0102030405060708}, 3).bytes;
  EXPECT_EQ(sequence{0x0102030405060708}, correlation_of(whole));
  EXPECT_EQ(sequence{}, correlation_of(event_of({}, 3).bytes));
  EXPECT_EQ(sequence{}, correlation_of({}));
  for (int round = 0; round < 20'000; ++round) {
    // In an allocation of its own length, so that a sanitizer sees a read behind its end.
    std::vector<std::byte> bytes(
        whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(dice.below(whole.size() + 1)));
    bytes.shrink_to_fit();
    for (std::uint64_t i = dice.below(4); i > 0 && !bytes.empty(); --i) {
      bytes[dice.below(bytes.size())] = static_cast<std::byte>(dice.below(256));
    }
    static_cast<void>(correlation_of(bytes));
    auto const decoded = decode({sequence{1}, 1, {}, {}, bytes});
    if (decoded) {
      EXPECT_EQ(decoded->from.correlation, correlation_of(bytes));
    }
  }
}

class OlderIndex : public testing::Test {
 protected:
  // As a release left it that knew no correlations, or died while it made their index.
  void forget_correlations(std::uint64_t lines_kept) {
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    auto const path = (folder_.path() / "log").string();
    auto const status = rocksdb::DB::Open(
        {}, path, {{"default", {}}, {"blocks", {}}, {"streams", {}}}, &families, &opened);
    ASSERT_TRUE(status.ok()) << status.ToString();
    std::unique_ptr<rocksdb::DB> const database{opened};
    ASSERT_TRUE(database->Delete({}, families[0], "index").ok());
    std::unique_ptr<rocksdb::Iterator> lines{database->NewIterator({}, families[2])};
    for (lines->Seek("\xff"); lines->Valid(); lines->Next()) {
      if (lines_kept > 0) {
        --lines_kept;
      } else {
        ASSERT_TRUE(database->Delete({}, families[2], lines->key()).ok());
      }
    }
    lines.reset();
    for (auto* family : families) database->DestroyColumnFamilyHandle(family);
  }
  std::unique_ptr<rocks_event_log> open() {
    auto opened = rocks_event_log::open(folder_.path(), small_log());
    EXPECT_TRUE(opened) << to_string(opened.error());
    return opened ? std::move(opened->log) : nullptr;
  }

  temporary_folder folder_;
  dice dice_{33};
};

TEST_F(OlderIndex, IsCompletedAtTheNextOpening) {
  auto log = open();
  auto const of = fill(*log, dice_);
  for (std::uint64_t const kept : {0, 20}) {
    log.reset();
    forget_correlations(kept);
    log = open();
    expect_found(*log, dice_, of);
    EXPECT_TRUE(log->verify().ok) << log->verify().reason;
  }
}

TEST_F(OlderIndex, AMissingLineIsNamed) {
  auto log = open();
  std::vector<encoded_event> const events{event_of({}, 1), event_of(sequence{5}, 1)};
  ASSERT_TRUE(log->append(events, instant{}, {}, epoch{}));
  log.reset();
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  auto const path = (folder_.path() / "log").string();
  ASSERT_TRUE(rocksdb::DB::Open(
                  {}, path, {{"default", {}}, {"blocks", {}}, {"streams", {}}}, &families, &opened)
                  .ok());
  auto const key = posting_key({correlation_kind, 5}, sequence{2});
  EXPECT_TRUE(opened->Delete({}, families[2], text(key)).ok());
  for (auto* family : families) opened->DestroyColumnFamilyHandle(family);
  delete opened;
  log = open();
  auto const report = log->verify();
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(sequence{2}, report.first_bad);
}

}  // namespace
}  // namespace dualwrite
