#include "events/calendar.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/random_values.h"

namespace dualwrite {
namespace {

TEST(Calendar, PrintsTheGoldenDays) {
  struct {
    std::int64_t days;
    std::string_view text;
  } const rows[] = {
      {0, "1970-01-01"},
      {-1, "1969-12-31"},
      {11016, "2000-02-29"},
      {19723, "2024-01-01"},
      {-719528, "0000-01-01"},
      {-719529, "-0001-12-31"},
      {2932896, "9999-12-31"},
      {2932897, "+10000-01-01"},
      {time_infinity, "infinity"},
      {time_minus_infinity, "-infinity"},
  };
  for (auto const& row : rows) {
    EXPECT_EQ(print_date(row.days), row.text);
    auto const read = parse_date(row.text);
    ASSERT_TRUE(read) << row.text;
    EXPECT_EQ(*read, row.days);
  }
}

TEST(Calendar, AgreesWithTheStandardLibraryOnEveryDayOfItsYears) {
  for (std::int64_t days = -12'000'000; days < 11'000'000; days += 97) {
    std::chrono::year_month_day const date{
        std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
    auto const year = static_cast<int>(date.year());
    if (year < 0 || year > 9999) continue;
    auto const wanted = fmt::format("{:04}-{:02}-{:02}",
                                    year,
                                    static_cast<unsigned>(date.month()),
                                    static_cast<unsigned>(date.day()));
    ASSERT_EQ(print_date(days), wanted);
    ASSERT_EQ(*parse_date(wanted), days);
  }
}

TEST(Calendar, ReadsTheGoldenTimestamps) {
  struct {
    std::string_view text;
    std::int64_t us;
    std::string_view printed;
  } const rows[] = {
      {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
      {"1970-01-01 00:00:00.000001Z", 1, "1970-01-01T00:00:00.000001Z"},
      {"1969-12-31T23:59:59.5Z", -500'000, "1969-12-31T23:59:59.5Z"},
      {"1970-01-01T01:00:00+01:00", 0, "1970-01-01T00:00:00Z"},
      {"1970-01-01T01:00:00+01", 0, "1970-01-01T00:00:00Z"},
      {"1969-12-31T18:30:00-0530", 0, "1970-01-01T00:00:00Z"},
      {"1970-01-01T24:00:00Z", day_us, "1970-01-02T00:00:00Z"},
      {"1970-01-01T00:00Z", 0, "1970-01-01T00:00:00Z"},
      {"1970-01-01T00:00:00.1000000000z", 100'000, "1970-01-01T00:00:00.1Z"},
      {"infinity", time_infinity, "infinity"},
      {"-infinity", time_minus_infinity, "-infinity"},
  };
  for (auto const& row : rows) {
    auto const read = parse_timestamp_tz(row.text);
    ASSERT_TRUE(read) << row.text;
    EXPECT_EQ(*read, row.us) << row.text;
    EXPECT_EQ(print_timestamp_tz(*read), row.printed);
  }
}

TEST(Calendar, RefusesWhatIsNoPointInTime) {
  for (std::string const text : {"",
                                 "2024-1-01",
                                 "2024-13-01",
                                 "2024-00-01",
                                 "2023-02-29",
                                 "1900-02-29",
                                 "2024-04-31",
                                 "24-01-01",
                                 "12024-01-01",
                                 "2024-01-01x",
                                 "2024-01-01T00:00:00",
                                 "+9999999-01-01"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
  for (std::string const text : {"24:00:01",
                                 "25:00",
                                 "12:60",
                                 "12:00:60",
                                 "12",
                                 "1:00",
                                 "12:00:00.",
                                 "12:00:00.0000001",
                                 "12:00Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
  EXPECT_FALSE(parse_timestamp("2024-01-01T00:00:00Z")) << "a zone would be dropped";
  EXPECT_FALSE(parse_timestamp_tz("2024-01-01T00:00:00")) << "a zone would be guessed";
  EXPECT_FALSE(parse_timestamp("2024-01-01"));
  EXPECT_FALSE(parse_timestamp("+300000-01-01T00:00:00")) << "beyond 64 bits of microseconds";
  EXPECT_FALSE(parse_timestamp_tz("2024-01-01T00:00:00+19:00"));
}

TEST(Calendar, PrintsTheGoldenIntervals) {
  struct {
    interval span;
    std::string_view text;
  } const rows[] = {
      {{0, 0, 0}, "PT0S"},
      {{14, 3, 0}, "P1Y2M3D"},
      {{0, 0, 14'706'700'000}, "PT4H5M6.7S"},
      {{-1, 0, -500'000}, "P-1MT-0.5S"},
      {{0, -1, 3'600'000'000}, "P-1DT1H"},
      {{0, 0, 60'000'000}, "PT1M"},
  };
  for (auto const& row : rows) {
    EXPECT_EQ(print_interval(row.span), row.text);
    auto const read = parse_interval(row.text);
    ASSERT_TRUE(read) << row.text;
    EXPECT_EQ(*read, row.span);
  }
  for (std::string const text : {"",
                                 "P",
                                 "PT",
                                 "1Y",
                                 "P1",
                                 "P1S",
                                 "PT1Y",
                                 "P1M1Y",
                                 "P1D1D",
                                 "P9999999999Y",
                                 "PT1.5H",
                                 "P1YT"}) {
    EXPECT_FALSE(parse_interval(text)) << text;
  }
}

TEST(Calendar, ReadsBackWhatItPrints) {
  test::random_values random(4);
  for (int round = 0; round < 5000; ++round) {
    auto const days = random.any_days();
    EXPECT_EQ(*parse_date(print_date(days)), days) << print_date(days);
    auto const of_day = random.number(0, day_us);
    EXPECT_EQ(*parse_time(print_time(of_day)), of_day);
    auto const us = random.any_int64() / 2;
    EXPECT_EQ(*parse_timestamp(print_timestamp(us)), us) << print_timestamp(us);
    EXPECT_EQ(*parse_timestamp_tz(print_timestamp_tz(us)), us);
    auto const span = random.any_interval();
    auto const read = parse_interval(print_interval(span));
    ASSERT_TRUE(read) << print_interval(span);
    EXPECT_EQ(*read, span) << print_interval(span);
  }
}

}  // namespace
}  // namespace dualwrite
