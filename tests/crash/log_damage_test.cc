// One fault each in a copy of a closed log: it is refused or named, or the log is whole all the
// same.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite::tests {
namespace {

namespace fs = std::filesystem;

std::string read_file(fs::path const& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(fs::path const& path, std::string const& bytes) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
}

std::vector<fs::path> files_with(fs::path const& folder, std::string const& ending) {
  std::vector<fs::path> found;
  for (auto const& file : fs::directory_iterator{folder}) {
    auto const name = file.path().filename().string();
    bool const named =
        ending.starts_with(".") ? file.path().extension() == ending : name.starts_with(ending);
    if (named && file.file_size() > 0) found.push_back(file.path());
  }
  std::ranges::sort(found);
  return found;
}

class LogDamage : public testing::Test {
 protected:
  // A log with table files and a write-ahead log, closed; and its anchor as it was before the last
  // appends.
  void SetUp() override {
    auto opened = rocks_event_log::open(whole(), small_log());
    ASSERT_TRUE(opened) << to_string(opened.error());
    append(*opened->log, 1);
    oldest_wal_ = read_file(files_with(whole() / "log", ".log").back());
    append(*opened->log, 39);
    old_anchor_ = read_file(whole() / "anchor");
    append(*opened->log, 3);
    head_ = opened->log->head();
    opened->log.reset();
    ASSERT_FALSE(files_with(whole() / "log", ".sst").empty());
    ASSERT_FALSE(files_with(whole() / "log", ".log").empty());
  }

  void append(event_log& log, int groups) {
    for (int i = 0; i < groups; ++i) {
      auto group = random_group(dice_);
      group.push_back({{stream_kind::link, 1}, {}, 1, random_bytes(dice_, 60'000)});
      auto const head = log.head();
      ASSERT_TRUE(log.append(group, head.recorded_at + duration{1}, head.at, epoch{}));
    }
  }

  fs::path whole() const { return folder_.path() / "whole"; }
  fs::path copy() const { return folder_.path() / "copy"; }
  void fresh_copy() {
    fs::remove_all(copy());
    fs::copy(whole(), copy(), fs::copy_options::recursive);
  }

  // What an operator is told: the code of the refusal, or of the verification; `ok` where the log
  // is whole.
  error_code outcome() {
    auto const opened = rocks_event_log::open(copy(), small_log());
    if (!opened) return opened.error().code;
    if (opened->log->head() != head_) return error_code::ok;  // shorter and silent: the test fails
    auto const report = opened->log->verify();
    whole_after_all_ = report.ok;
    return report.ok ? error_code::ok : error_code::log_corrupt;
  }

  // Flips bytes of files, one in a copy at a time; returns how many were refused or named. No other
  // may matter.
  int flip(std::string const& ending, int rounds) {
    int named = 0;
    for (int round = 0; round < rounds; ++round) {
      fresh_copy();
      auto const files = files_with(copy() / "log", ending);
      auto const& file = files[dice_.below(files.size())];
      auto bytes = read_file(file);
      auto const at = dice_.below(bytes.size());
      bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1u << dice_.below(8)));
      write_file(file, bytes);
      whole_after_all_ = false;
      auto const code = outcome();
      if (code != error_code::ok) {
        ++named;
        EXPECT_EQ(class_of(code), error_class::corrupt) << name_of(code);
      } else {
        EXPECT_TRUE(whole_after_all_) << file << " at " << at;
      }
      fs::remove(copy() / "anchor");
      EXPECT_EQ(outcome(), error_code::log_anchor_missing);
    }
    return named;
  }

  temporary_folder folder_;
  dice dice_{21};
  std::string old_anchor_;
  std::string oldest_wal_;
  log_head head_;
  bool whole_after_all_ = false;
};

TEST_F(LogDamage, WholeLogOpens) {
  fresh_copy();
  EXPECT_EQ(outcome(), error_code::ok);
  EXPECT_TRUE(whole_after_all_);
}

TEST_F(LogDamage, FlippedBitInTheWriteAheadLogIsRefused) {
  EXPECT_GE(flip(".log", 60), 57);
}

TEST_F(LogDamage, FlippedBitInATableIsNamed) {
  EXPECT_GE(flip(".sst", 40), 30);
}

TEST_F(LogDamage, FlippedBitInTheManifestIsRefused) {
  EXPECT_GE(flip("MANIFEST", 20), 15);
}

TEST_F(LogDamage, FlippedByteInTheAnchorIsRefused) {
  fresh_copy();
  auto const bytes = read_file(copy() / "anchor");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
    write_file(copy() / "anchor", flipped);
    ASSERT_EQ(outcome(), error_code::log_anchor_missing) << at;
  }
}

TEST_F(LogDamage, CutSyncedTailIsRefusedAndNothingIsChanged) {
  for (int round = 0; round < 20; ++round) {
    fresh_copy();
    auto const file = files_with(copy() / "log", ".log").back();
    auto const length = fs::file_size(file);
    fs::resize_file(file, round == 0 ? length - 1 : dice_.below(length));
    std::map<fs::path, std::string> before;
    for (auto const& kept : fs::directory_iterator{copy() / "log"})
      before[kept.path()] = read_file(kept.path());
    EXPECT_EQ(outcome(), error_code::log_behind_anchor);
    EXPECT_EQ(outcome(), error_code::log_behind_anchor) << "the second time";
    for (auto const& [path, bytes] : before) {
      if (path.filename().string().starts_with("LOG")) continue;
      EXPECT_EQ(read_file(path), bytes) << path;
    }
    EXPECT_FALSE(fs::exists(copy() / "recovering"));
    fs::remove(copy() / "anchor");
    EXPECT_EQ(outcome(), error_code::log_anchor_missing);
  }
}

TEST_F(LogDamage, RemovedNewestWriteAheadLogIsRefused) {
  fresh_copy();
  fs::remove(files_with(copy() / "log", ".log").back());
  EXPECT_EQ(outcome(), error_code::log_behind_anchor);
  fs::remove(copy() / "anchor");
  EXPECT_EQ(outcome(), error_code::log_anchor_missing);
}

TEST_F(LogDamage, RemovedTableIsRefused) {
  fresh_copy();
  fs::remove(files_with(copy() / "log", ".sst").front());
  EXPECT_EQ(class_of(outcome()), error_class::corrupt);
}

TEST_F(LogDamage, RemovedLogIsRefused) {
  fresh_copy();
  fs::remove_all(copy() / "log");
  EXPECT_EQ(outcome(), error_code::log_behind_anchor);
}

// One of what can befall a file: a bit, its end, itself, its place.
std::string befall(fs::path const& folder, dice& dice) {
  std::vector<fs::path> files;
  for (auto const& one : fs::recursive_directory_iterator{folder}) {
    if (one.is_regular_file() && one.file_size() > 0) files.push_back(one.path());
  }
  std::ranges::sort(files);
  auto const& file = files[dice.below(files.size())];
  auto bytes = read_file(file);
  switch (dice.below(5)) {
    case 0:
      fs::remove(file);
      return "removed " + file.string();
    case 1:
      fs::resize_file(file, dice.below(bytes.size()));
      return "cut " + file.string();
    case 2: {
      auto const& other = files[dice.below(files.size())];
      write_file(file, read_file(other));
      write_file(other, bytes);
      return "swapped " + file.string() + " and " + other.string();
    }
    default:
      bytes[dice.below(bytes.size())] ^= static_cast<char>(1u << dice.below(8));
      write_file(file, bytes);
      return "a bit of " + file.string();
  }
}

// RocksDB ends the process at one.
TEST_F(LogDamage, OlderWriteAheadFileAfterANewerOneIsRefused) {
  fresh_copy();
  write_file(copy() / "log" / "999999.log", oldest_wal_);
  EXPECT_EQ(outcome(), error_code::log_corrupt);
}

// DW_DAMAGES says how many.
TEST_F(LogDamage, WhateverBefallsOneFileIsFoundOrHarmless) {
  auto const* const asked = std::getenv("DW_DAMAGES");
  int const damages = asked == nullptr ? 500 : std::atoi(asked);
  int found = 0;
  for (int round = 0; round < damages; ++round) {
    fresh_copy();
    fs::remove(copy() / "ballast");  // large, and nothing is in it
    auto const what = befall(copy(), dice_);
    whole_after_all_ = false;
    auto const code = outcome();
    found += code != error_code::ok;
    ASSERT_TRUE(code != error_code::ok || whole_after_all_) << "silent: " << what;
  }
  std::printf("%d of %d damages found, the others harmless\n", found, damages);
  EXPECT_GT(found, damages / 2);
}

TEST_F(LogDamage, TornTailBehindTheAnchorIsTrimmedSetAsideAndReportedUntilNoted) {
  for (int round = 0; round < 20; ++round) {
    fresh_copy();
    write_file(copy() / "anchor", old_anchor_);
    auto const file = files_with(copy() / "log", ".log").back();
    fs::resize_file(file, fs::file_size(file) - 1 - dice_.below(50'000));
    auto const torn = read_file(file);

    auto first = rocks_event_log::open(copy(), small_log());
    ASSERT_TRUE(first) << to_string(first.error());
    ASSERT_TRUE(first->trimmed);
    EXPECT_LT(first->log->head().at, head_.at);
    EXPECT_EQ(first->trimmed->head, first->log->head());
    EXPECT_EQ(read_file(fs::path{first->trimmed->set_aside} / file.filename()), torn);
    first->log.reset();

    auto again = rocks_event_log::open(copy(), small_log());
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_TRUE(again->trimmed) << "nothing in the log says so yet";
    append(*again->log, 1);
    again->log.reset();
    auto const noted = rocks_event_log::open(copy(), small_log());
    ASSERT_TRUE(noted);
    EXPECT_FALSE(noted->trimmed);
    EXPECT_TRUE(noted->log->verify().ok);
  }
}

}  // namespace
}  // namespace dualwrite::tests
