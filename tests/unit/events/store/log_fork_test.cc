// Logs that go on under another id, from what is sound of a former one.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "events/codec.h"
#include "events/store/head_key.h"
#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

using namespace tests;
namespace fs = std::filesystem;

constexpr log_id forked_id{78};

encoded_event fork_event(log_head const& former) {
  LogForked forked;
  forked.former = former.log;
  forked.head = former.at;
  return draft({}, {}, forked);
}

result<std::vector<encoded_event>> only_the_fork(event_log const& former) {
  return std::vector<encoded_event>{fork_event(former.head())};
}

class LogFork : public testing::Test {
 protected:
  void SetUp() override { log_ = open("data"); }
  fs::path at(std::string const& name) const { return folder_.path() / name; }
  std::unique_ptr<rocks_event_log> open(std::string const& name) {
    auto opened = rocks_event_log::open(at(name), small_log());
    EXPECT_TRUE(opened) << to_string(opened.error());
    return opened ? std::move(opened->log) : nullptr;
  }
  void append(event_log& to, int groups) {
    for (int i = 0; i < groups; ++i) {
      instant const now{static_cast<std::int64_t>(to.head().at.value)};
      ASSERT_TRUE(to.append(random_group(dice_), now, to.head().at, epoch{}));
    }
  }
  result<verify_report> fork(std::string const& from, std::string const& to) {
    return fork_log(at(from), at(to), forked_id, instant{1}, only_the_fork);
  }

  temporary_folder folder_;
  std::unique_ptr<rocks_event_log> log_;
  dice dice_{61};
};

TEST_F(LogFork, GoesOnUnderItsOwnIdBehindTheFormerHead) {
  append(*log_, 20);
  auto const former = log_->head();
  log_.reset();
  auto const report = fork("data", "forked");
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->ok) << report->reason;
  auto const forked = open("forked");
  EXPECT_EQ(forked_id, forked->head().log);
  EXPECT_EQ(former.at + 1, forked->head().at);
  EXPECT_EQ(former, *forked->head_at(former.at));
  append(*forked, 10);
  EXPECT_TRUE(forked->verify().ok) << forked->verify().reason;
  EXPECT_TRUE(forked->verify(former.at).ok);
  auto const cursor = forked->read({});
  sequence next{1};
  while (auto const event = *cursor->next()) {
    ASSERT_EQ(next, event->at);
    next = event->last() + 1;
  }
  EXPECT_EQ(forked->head().at + 1, next);
  EXPECT_EQ(former, open("data")->head());
}

TEST_F(LogFork, ABackupOfAForkIsRestoredAndAForkCanBeForked) {
  append(*log_, 5);
  log_.reset();
  ASSERT_TRUE(fork("data", "forked"));
  auto forked = open("forked");
  ASSERT_TRUE(forked->backup(at("backup")));
  auto const restored = restore_log(at("backup"), at("restored"));
  ASSERT_TRUE(restored) << to_string(restored.error());
  EXPECT_TRUE(restored->ok) << restored->reason;
  forked.reset();
  auto const again = fork_log(at("forked"), at("again"), log_id{79}, instant{1}, only_the_fork);
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_TRUE(again->ok) << again->reason;
}

TEST_F(LogFork, HoldsWhatWasSignedBeforeItAndNothingThatWasSignedBehind) {
  auto const key = std::move(*head_key::in(folder_.path()));
  append(*log_, 5);
  auto const before = key->sign(log_->head());
  ASSERT_TRUE(log_->backup(at("backup")));
  append(*log_, 5);
  auto const behind = key->sign(log_->head());
  ASSERT_TRUE(fork("backup", "forked"));
  auto const forked = open("forked");
  EXPECT_TRUE(check_signed_head(before, *forked));
  EXPECT_FALSE(check_signed_head(behind, *forked));
  append(*forked, 20);
  EXPECT_FALSE(check_signed_head(behind, *forked));
}

TEST_F(LogFork, TakesALogWithoutAnchorOrWithATornEnd) {
  append(*log_, 5);
  auto const former = log_->head();
  log_.reset();
  fs::remove(at("data") / "anchor");
  EXPECT_EQ(error_code::log_anchor_missing,
            rocks_event_log::open(at("data"), small_log()).error().code);
  ASSERT_TRUE(fork("data", "forked"));
  EXPECT_EQ(former, *open("forked")->head_at(former.at));
}

TEST_F(LogFork, TakesOnlyWhatIsSoundOfADamagedLog) {
  for (int i = 0; i < 20; ++i) {
    append(*log_, 2);
    ASSERT_TRUE(log_->backup(at("flushed" + std::to_string(i))));  // a table file each
  }
  auto const former = log_->head();
  log_.reset();
  std::vector<fs::path> tables;
  for (auto const& file : fs::directory_iterator(at("data") / "log")) {
    if (file.path().extension() == ".sst") tables.push_back(file.path());
  }
  std::ranges::sort(tables);
  std::fstream bytes(tables[tables.size() / 2], std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(100);
  bytes << "damage";
  bytes.close();
  auto const report = fork("data", "forked");
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->ok) << report->reason;
  EXPECT_TRUE(report->head.at < former.at);
  EXPECT_GT(report->head.at.value, 1u);
  EXPECT_TRUE(open("forked")->verify().ok);
}

TEST_F(LogFork, AnIdThatChangesWithoutALogForkedIsNamed) {
  append(*log_, 5);
  log_.reset();
  auto const without = [](event_log const&) -> result<std::vector<encoded_event>> {
    return std::vector<encoded_event>{draft({}, {}, EngineStarted{"x"})};
  };
  auto const report = fork_log(at("data"), at("forked"), forked_id, instant{1}, without);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->ok);
  EXPECT_FALSE(fs::exists(at("forked")));
}

TEST_F(LogFork, ALogForkedOfAnotherLogDoesNotHelp) {
  append(*log_, 5);
  log_.reset();
  auto const of_another = [](event_log const& former) -> result<std::vector<encoded_event>> {
    auto head = former.head();
    head.log = log_id{5};
    return std::vector<encoded_event>{fork_event(head)};
  };
  auto const report = fork_log(at("data"), at("forked"), forked_id, instant{1}, of_another);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->ok);
}

TEST_F(LogFork, OfNothingIsRefused) {
  log_.reset();
  EXPECT_EQ(error_code::log_corrupt, fork("data", "forked").error().code);
  EXPECT_FALSE(fs::exists(at("forked")));
}

TEST(MemoryFork, ReopensAcrossTheChangeOfItsId) {
  // The blocks of a fork, as a disk holds them.
  memory_event_log former{test_log};
  encoded_event const event{{}, {}, 1, {std::byte{1}}};
  ASSERT_TRUE(former.append({&event, 1}, instant{1}, {}, epoch{}));
  auto disk = former.crash({});
  auto const head = former.head();
  auto const forked = fork_event(head);
  auto block = encode_block({forked_id, head.at + 1, head.chain}, instant{2}, {&forked, 1});
  ASSERT_TRUE(block);
  disk.anchored = anchor{forked_id, block->header.last, block->header.chain};
  disk.blocks.push_back(std::make_shared<std::vector<std::byte> const>(block->bytes));
  auto const again = memory_event_log::reopen(disk);
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(forked_id, again->log->head().log);
  EXPECT_TRUE(again->log->verify().ok) << again->log->verify().reason;
}

}  // namespace
}  // namespace dualwrite
