// Backups that are made beside a writer, and logs that are made from them.
#include "events/store/log_backup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite {
namespace {

using namespace tests;
namespace fs = std::filesystem;

class LogBackup : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = rocks_event_log::open(folder_.path() / "data", small_log());
    ASSERT_TRUE(opened) << to_string(opened.error());
    log_ = std::move(opened->log);
  }
  fs::path at(std::string const& name) const { return folder_.path() / name; }
  void append(int groups) {
    for (int i = 0; i < groups; ++i) {
      instant const now{static_cast<std::int64_t>(log_->head().at.value)};
      ASSERT_TRUE(log_->append(random_group(dice_), now, log_->head().at, epoch{}));
    }
  }
  // Everything up to the backup's head, as the log itself has it, and nothing else.
  void expect_restored(std::string const& backup, std::string const& name, log_head const& head) {
    auto const report = restore_log(at(backup), at(name));
    ASSERT_TRUE(report) << to_string(report.error());
    EXPECT_TRUE(report->ok) << report->reason;
    EXPECT_EQ(head, report->head);
    if (head.at) {
      EXPECT_EQ(head, *log_->head_at(head.at));
    }
    auto const restored = rocks_event_log::open(at(name), small_log());
    ASSERT_TRUE(restored) << to_string(restored.error());
    EXPECT_FALSE(restored->trimmed);
    EXPECT_EQ(head, restored->log->head());
  }

  temporary_folder folder_;
  std::unique_ptr<rocks_event_log> log_;
  dice dice_{51};
};

TEST_F(LogBackup, HoldsWhatWasDurableAndOpensAsALog) {
  append(20);
  auto const head = log_->head();
  auto const report = log_->backup(at("backup"));
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(head, report->head);
  EXPECT_GT(report->bytes, 0u);
  append(5);
  expect_restored("backup", "restored", head);
  EXPECT_FALSE(fs::exists(at("data") / "backing-up"));
}

TEST_F(LogBackup, MadeBesideAWriterEndsAtABlockThatWasAcknowledged) {
  append(5);
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    while (!done) append(1);
  });
  std::vector<log_head> heads;
  for (int i = 0; i < 12; ++i) {
    auto const report = log_->backup(at("backup" + std::to_string(i)));
    ASSERT_TRUE(report) << to_string(report.error());
    heads.push_back(report->head);
  }
  done = true;
  writer.join();
  for (std::size_t i = 0; i < heads.size(); ++i) {
    expect_restored("backup" + std::to_string(i), "restored" + std::to_string(i), heads[i]);
  }
  EXPECT_TRUE(log_->verify().ok);
}

TEST_F(LogBackup, OfAnEmptyLogIsOne) {
  ASSERT_TRUE(log_->backup(at("backup")));
  expect_restored("backup", "restored", {test_log, {}, {}, {}});
}

TEST_F(LogBackup, APlaceThatIsTakenIsLeftAlone) {
  fs::create_directory(at("backup"));
  std::ofstream(at("backup") / "mine") << "mine";
  EXPECT_EQ(error_code::backup_failed, log_->backup(at("backup")).error().code);
  EXPECT_TRUE(fs::exists(at("backup") / "mine"));
  ASSERT_TRUE(log_->backup(at("other")));
  EXPECT_EQ(error_code::backup_failed, restore_log(at("other"), at("backup")).error().code);
  EXPECT_TRUE(fs::exists(at("backup") / "mine"));
}

TEST_F(LogBackup, WhatACrashLeftOfOneIsNotInTheWay) {
  fs::create_directories(at("data") / "backing-up" / "log");
  std::ofstream(at("data") / "backing-up" / "log" / "CURRENT") << "half";
  ASSERT_TRUE(log_->backup(at("backup")));
  expect_restored("backup", "restored", {test_log, {}, {}, {}});
}

TEST_F(LogBackup, ADamagedOneIsNotRestored) {
  append(30);
  ASSERT_TRUE(log_->backup(at("backup")));
  int damaged = 0;
  for (auto const& file : fs::directory_iterator(at("backup") / "log")) {
    if (file.path().extension() != ".sst" || file.file_size() < 20'000) continue;
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(10'000);
    bytes.put('x').put('y').put('z');
    ++damaged;
  }
  ASSERT_GT(damaged, 0);
  auto const report = restore_log(at("backup"), at("restored"));
  EXPECT_TRUE(!report || !report->ok);
  EXPECT_FALSE(fs::exists(at("restored")));
  EXPECT_FALSE(fs::exists(at("restored.restoring")));
}

TEST_F(LogBackup, WithoutItsAnchorOrItsEndItIsRefused) {
  append(3);
  ASSERT_TRUE(log_->backup(at("backup")));
  append(3);
  ASSERT_TRUE(log_->backup(at("later")));
  fs::copy_file(
      at("later") / "anchor", at("backup") / "anchor", fs::copy_options::overwrite_existing);
  EXPECT_EQ(error_code::log_behind_anchor, restore_log(at("backup"), at("restored")).error().code);
  fs::remove(at("backup") / "anchor");
  EXPECT_EQ(error_code::backup_failed, restore_log(at("backup"), at("restored")).error().code);
  EXPECT_FALSE(fs::exists(at("restored")));
}

}  // namespace
}  // namespace dualwrite
