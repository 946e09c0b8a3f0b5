#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tests/crash/loop_disk.h"
#include "tests/crash/writer_child.h"
#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite::tests {
namespace {

constexpr int cuts = 100;

// Cuts the power of the disk below a writer at random moments. What it was told is durable has to
// be there when the disk is back, under the same digest, in a log that opens by itself.
TEST(LogPower, NothingAcknowledgedIsMissingAfterAHundredPowerCuts) {
  temporary_folder const folder;
  loop_disk disk{folder.path()};
  if (!disk.why().empty()) GTEST_SKIP() << disk.why();
  auto const log_folder = disk.path() / "log-folder";
  dice dice{1};
  writer_report last{report_kind::acknowledged, 0, 0, {}};
  int torn = 0;
  int acknowledged = 0;
  for (int life = 0; life < cuts; ++life) {
    std::size_t const group_bytes = dice.one_in(4) ? 500'000 : 20'000;
    writer_child child{{log_folder, dice.below(1'000'000), group_bytes, last.at}};
    auto const first = child.next();
    ASSERT_NO_FATAL_FAILURE(expect_goes_on(first, last)) << "life " << life;
    if (first->kind == report_kind::trimmed) ++torn;

    std::this_thread::sleep_for(std::chrono::microseconds{dice.below(60'000)});
    if (!disk.cut_power()) {
      child.end(SIGKILL);
      GTEST_SKIP() << disk.why();
    }
    child.end(SIGKILL);
    while (auto const report = child.next()) {
      if (report->kind == report_kind::refused) break;
      last = *report;
      ++acknowledged;
    }
    ASSERT_TRUE(disk.restart());
  }

  auto const opened = rocks_event_log::open(log_folder, small_log());
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_GE(opened->log->head().at.value, last.at);
  auto const report = opened->log->verify();
  EXPECT_TRUE(report.ok) << report.reason;
  std::printf("%d power cuts, %d torn tails, %d groups acknowledged\n", cuts, torn, acknowledged);
  EXPECT_GT(acknowledged, cuts);
}

}  // namespace
}  // namespace dualwrite::tests
