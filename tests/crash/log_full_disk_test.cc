#include <cstring>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/mount.h>

#include "tests/crash/writer_child.h"
#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite::tests {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

// A disk of 32 MiB that the test may fill.
class LogOnFullDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=32m") != 0) {
      GTEST_SKIP() << "needs the right to mount a small disk: " << std::strerror(errno);
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }

  static rocks_log_options options() {
    auto options = small_log();
    options.reserve_bytes = 5 * mebibyte;
    options.ballast_bytes = 6 * mebibyte;
    return options;
  }
  std::filesystem::path path() const { return folder_.path() / "log-folder"; }

  // Takes all the room that is left.
  void fill() {
    std::ofstream out{folder_.path() / "filler", std::ios::binary};
    std::string const zeros(64 * 1024, '\0');
    while (out.write(zeros.data(), static_cast<std::streamsize>(zeros.size())) && out.flush())
      continue;
  }

  result<log_head> append(event_log& log) {
    encoded_event event{{stream_kind::map, 1}, {}, 1, {}};
    for (int i = 0; i < 200'000; ++i)
      event.bytes.push_back(static_cast<std::byte>(dice_.below(256)));
    return log.append({&event, 1}, instant{1}, log.head().at, epoch{});
  }

  temporary_folder folder_;
  dice dice_{1};
  bool mounted_ = false;
};

TEST_F(LogOnFullDisk, AppendsAreRefusedWholeBeforeTheDiskIsFullAndGoOnWithRoom) {
  auto opened = rocks_event_log::open(path(), options());
  ASSERT_TRUE(opened) << to_string(opened.error());
  int taken = 0;
  auto last = append(*opened->log);
  for (; last; last = append(*opened->log)) ++taken;
  EXPECT_EQ(last.error().code, error_code::log_disk_reserve) << to_string(last.error());
  EXPECT_GT(taken, 10);
  EXPECT_TRUE(opened->log->verify().ok);
  auto const head = opened->log->head();

  fill();
  EXPECT_EQ(append(*opened->log).error().code, error_code::log_disk_reserve);
  opened->log.reset();
  auto again = rocks_event_log::open(path(), options());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(again->log->head(), head);
  EXPECT_TRUE(again->log->verify().ok);
  EXPECT_EQ(append(*again->log).error().code, error_code::log_disk_reserve);

  again->log.reset();
  std::filesystem::remove(folder_.path() / "filler");
  auto roomy = options();
  roomy.reserve_bytes = mebibyte;
  roomy.ballast_bytes = mebibyte;
  again = rocks_event_log::open(path(), roomy);
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_TRUE(append(*again->log));
}

// Without a reserve the disk fills up under the writer. How it ends is RocksDB's affair; what it
// was told is not.
TEST_F(LogOnFullDisk, NothingAcknowledgedIsLostWhenTheDiskFillsUpUnderTheWriter) {
  writer_report last;
  {
    writer_child child{{path(), 3, 200'000, 0, 0}};
    while (auto const report = child.next()) {
      if (report->kind == report_kind::acknowledged) last = *report;
    }
    child.end(0);
  }
  EXPECT_GT(last.at, 1000u);
  auto const opened = rocks_event_log::open(path(), options());
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_GE(opened->log->head().at.value, last.at);
  EXPECT_EQ(opened->log->head_at(sequence{last.at})->chain, last.chain);
  EXPECT_TRUE(opened->log->verify().ok) << opened->log->verify().reason;
}

}  // namespace
}  // namespace dualwrite::tests
