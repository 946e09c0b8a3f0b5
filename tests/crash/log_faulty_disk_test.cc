// Writers on a disk that fails: nothing is acknowledged behind a failure, and the log opens again.
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/crash/writer_child.h"
#include "tests/support/log_under_test.h"

namespace dualwrite::tests {
namespace {

class LogOnFaultyDisk : public testing::Test {
 protected:
  ~LogOnFaultyDisk() override { ::unsetenv("DW_IO_FAULT"); }

  struct life {
    writer_report last;       // that was acknowledged
    error_code refused = {};  // what it ended with; ok where it did not say
    std::size_t acknowledged = 0;
  };
  // A writer until it ends by itself, or has acknowledged so many groups.
  life live(std::string const& fault, std::size_t groups_max = 10'000) {
    ::setenv("DW_IO_FAULT", fault.c_str(), 1);
    life lived;
    writer_child child{{folder_.path() / "log-folder", 5, 100'000}};
    ::unsetenv("DW_IO_FAULT");
    while (lived.acknowledged < groups_max) {
      auto const report = child.next();
      if (!report) break;
      EXPECT_EQ(error_code::ok, lived.refused) << "it goes on after a failure";
      if (report->kind == report_kind::acknowledged) {
        lived.last = *report;
        ++lived.acknowledged;
      } else if (report->kind == report_kind::refused) {
        lived.refused = static_cast<error_code>(report->at);
      }
    }
    child.end(lived.acknowledged < groups_max ? 0 : SIGKILL);
    return lived;
  }
  void expect_whole(writer_report const& last) {
    auto opened = rocks_event_log::open(folder_.path() / "log-folder", small_log());
    ASSERT_TRUE(opened) << to_string(opened.error());
    auto& log = *opened->log;
    ASSERT_GE(log.head().at.value, last.at) << "acknowledged events are missing";
    if (last.at > 0) {
      EXPECT_EQ(last.chain, log.head_at(sequence{last.at})->chain);
    }
    EXPECT_TRUE(log.verify().ok) << log.verify().reason;
    encoded_event const event{{stream_kind::map, 1}, {}, 1, {std::byte{1}}};
    EXPECT_TRUE(log.append({&event, 1}, log.head().recorded_at, log.head().at, epoch{}));
  }

  temporary_folder folder_;
};

// The numbers reach from the first group over the anchor's own writes; all come before a flush.
TEST_F(LogOnFaultyDisk, AFailedWriteEndsItAndLosesNothing) {
  for (int number : {1, 2, 3, 4, 5, 6, 7, 8}) {
    auto const lived = live("write:" + std::to_string(number));
    EXPECT_EQ(error_code::log_write_failed, lived.refused) << "write " << number;
    EXPECT_LT(lived.acknowledged, 1000u);
    expect_whole(lived.last);
  }
}

// Where a flush meets the failure first, a check of RocksDB's own may end the process before the
// next append hears of it: it says no last word then, but nothing that is not so.
TEST_F(LogOnFaultyDisk, AFailedWriteInTheBackgroundEndsItAndLosesNothing) {
  for (int number : {13, 21, 34, 55, 89, 144, 233, 377}) {
    auto const lived = live("write:" + std::to_string(number));
    bool const ended =
        lived.refused == error_code::log_write_failed || lived.refused == error_code::ok;
    EXPECT_TRUE(ended) << "write " << number << ": " << name_of(lived.refused);
    EXPECT_LT(lived.acknowledged, 2000u);
    expect_whole(lived.last);
  }
}

TEST_F(LogOnFaultyDisk, AFailedSyncEndsItAndLosesNothing) {
  for (int number : {1, 2, 3, 4, 5, 6, 7, 8, 13, 21, 34, 55}) {
    auto const lived = live("sync:" + std::to_string(number));
    EXPECT_EQ(error_code::log_write_failed, lived.refused) << "sync " << number;
    EXPECT_LT(lived.acknowledged, 1000u);
    expect_whole(lived.last);
  }
}

TEST_F(LogOnFaultyDisk, AFolderThatCannotBeWrittenIsRefusedAndLeftAlone) {
  auto const lived = live("", 20);
  auto const refused = live("read_only");
  EXPECT_EQ(error_code::folder_refused, refused.refused);
  EXPECT_EQ(0u, refused.acknowledged);
  expect_whole(lived.last);
}

TEST_F(LogOnFaultyDisk, ASlowOneIsWaitedFor) {
  auto const lived = live("slow:20000", 30);
  EXPECT_EQ(30u, lived.acknowledged);
  EXPECT_EQ(error_code::ok, lived.refused);
  expect_whole(lived.last);
}

}  // namespace
}  // namespace dualwrite::tests
