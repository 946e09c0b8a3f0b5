#include "engine/cli/progress_bar.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace dualwrite::engine {
namespace {

std::string shown(std::string const& legs) {
  return progress_text("customers", boost::json::parse(R"({"legs":[)" + legs + "]}"));
}

TEST(ProgressBar, TellsHowFarHowFastAndHowLong) {
  EXPECT_EQ("customers  -> [##########..........] 1000/2000 rows, 50 %, 400/s, 3 s left  <- waits",
            shown(R"({"direction":"left_to_right","state":"running","rows":"1000",)"
                  R"("expected_rows":"2000","rows_per_second":"400"},)"
                  R"({"direction":"right_to_left","state":"waiting","rows":"0",)"
                  R"("expected_rows":"0","rows_per_second":"0"})"));
}

TEST(ProgressBar, ALegThatIsThroughSaysWhatItCopied) {
  EXPECT_EQ("customers  <- 100 rows, done",
            shown(R"({"direction":"right_to_left","state":"completed","rows":"100",)"
                  R"("expected_rows":"90","rows_per_second":"7"})"));
}

TEST(ProgressBar, MoreRowsThanExpectedAreNoMoreThanAll) {
  EXPECT_EQ("customers  -> [####################] 120/100 rows, 100 %, 60/s, 0 s left",
            shown(R"({"direction":"left_to_right","state":"running","rows":"120",)"
                  R"("expected_rows":"100","rows_per_second":"60"})"));
}

TEST(ProgressBar, WithoutACountThereIsNoBar) {
  EXPECT_EQ("customers  -> 120 rows, 60/s",
            shown(R"({"direction":"left_to_right","state":"running","rows":"120",)"
                  R"("expected_rows":"0","rows_per_second":"60"})"));
}

TEST(ProgressBar, LongTimesAreInMinutesAndHours) {
  auto const left = [](std::string const& rows) {
    auto const text = shown(R"({"direction":"left_to_right","state":"running","rows":"0",)"
                            R"("expected_rows":")" +
                            rows + R"(","rows_per_second":"1"})");
    return text.substr(text.rfind(", ") + 2);
  };
  EXPECT_EQ("1:05 min left", left("65"));
  EXPECT_EQ("2:01 h left", left("7260"));
}

}  // namespace
}  // namespace dualwrite::engine
