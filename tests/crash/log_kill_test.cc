#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tests/crash/writer_child.h"
#include "tests/support/log_under_test.h"
#include "tests/support/random_events.h"

namespace dualwrite::tests {
namespace {

constexpr int kills = 100;

// Kills writers of one log at random moments. Each next one must open the log by itself and find
// all that the one before was told is durable, under the same digest.
TEST(LogKill, NothingAcknowledgedIsMissingAfterAHundredKills) {
  temporary_folder const folder;
  dice dice{1};
  writer_report last{report_kind::acknowledged, 0, 0, {}};
  int torn = 0;
  std::uint64_t acknowledged = 0;
  for (int life = 0; life < kills; ++life) {
    // Mostly what one commit has, and now and then much more, which is torn more often.
    std::size_t const group_bytes = dice.one_in(4) ? 3'000'000 : 200'000;
    writer_child child{{folder.path(), dice.below(1'000'000), group_bytes, last.at}};
    auto const first = child.next();
    ASSERT_NO_FATAL_FAILURE(expect_goes_on(first, last)) << "life " << life;
    if (first->kind == report_kind::trimmed) ++torn;

    std::this_thread::sleep_for(std::chrono::microseconds{dice.below(100'000)});
    child.end(SIGKILL);
    while (auto const report = child.next()) {
      ASSERT_EQ(report->kind, report_kind::acknowledged) << report->at;
      last = *report;
      ++acknowledged;
    }
  }

  auto options = small_log();
  auto const opened = rocks_event_log::open(folder.path(), options);
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_GE(opened->log->head().at.value, last.at);
  auto const report = opened->log->verify();
  EXPECT_TRUE(report.ok) << report.reason;
  std::printf("%d kills, %d torn tails, %llu groups acknowledged\n",
              kills,
              torn,
              static_cast<unsigned long long>(acknowledged));
  RecordProperty("torn", torn);
  EXPECT_GT(acknowledged, static_cast<std::uint64_t>(kills));
}

}  // namespace
}  // namespace dualwrite::tests
