// What clocks of a place show, and when the times of a maintenance plan come.
#include <gtest/gtest.h>

#include "engine/flow/maintenance_watch.h"
#include "engine/runtime/system_time_zones.h"
#include "events/calendar.h"

namespace dualwrite::engine {
namespace {

instant at(std::string_view text) {
  return {*parse_timestamp(text)};
}

TEST(TimeZones, AreThoseOfTheDatabase) {
  system_time_zones const zones;
  EXPECT_EQ(at("2026-12-05 21:00:00"), *zones.to_utc("Europe/Berlin", at("2026-12-05 22:00:00")));
  EXPECT_EQ(at("2026-07-05 20:00:00"), *zones.to_utc("Europe/Berlin", at("2026-07-05 22:00:00")));
  EXPECT_EQ(at("2026-07-05 22:00:00"), *zones.to_utc("UTC", at("2026-07-05 22:00:00")));
  EXPECT_EQ(error_code::unknown_zone, zones.to_utc("Europe/Berlln", {}).error().code);
}

TEST(TimeZones, WhatIsNeverShownIsWhenClocksAreSetAndWhatIsShownTwiceTheFirst) {
  system_time_zones const zones;
  EXPECT_EQ(at("2026-03-29 01:00:00"), *zones.to_utc("Europe/Berlin", at("2026-03-29 02:30:00")));
  EXPECT_EQ(at("2026-10-25 00:30:00"), *zones.to_utc("Europe/Berlin", at("2026-10-25 02:30:00")));
}

maintenance_terms weekly() {
  maintenance_terms terms;
  terms.pause_at = at("2026-10-17 22:00:00");
  terms.resume_at = at("2026-10-18 02:00:00");
  terms.zone = "Europe/Berlin";
  terms.repeat = repetition::weekly;
  return terms;
}

TEST(ComingTime, KeepsTheHourOfThePlaceWhenClocksAreSet) {
  system_time_zones const zones;
  auto const first = coming_time(weekly(), {}, at("2026-10-01 00:00:00"), zones);
  EXPECT_EQ(at("2026-10-17 20:00:00"), first->begins);
  auto const second = coming_time(weekly(), first->begins, first->ends, zones);
  EXPECT_EQ(at("2026-10-24 20:00:00"), second->begins);
  EXPECT_EQ(at("2026-10-25 00:00:00"), second->ends);
  auto const third = coming_time(weekly(), second->begins, second->ends, zones);
  EXPECT_EQ(at("2026-10-31 21:00:00"), third->begins) << "winter";
}

TEST(ComingTime, OneThatIsUnderWayStillComesAndOneThatIsOverDoesNot) {
  system_time_zones const zones;
  EXPECT_EQ(at("2026-10-17 20:00:00"),
            coming_time(weekly(), {}, at("2026-10-17 23:59:59"), zones)->begins);
  EXPECT_EQ(at("2026-10-24 20:00:00"),
            coming_time(weekly(), {}, at("2026-10-18 00:00:00"), zones)->begins);
  auto once = weekly();
  once.repeat = repetition::once;
  EXPECT_FALSE(coming_time(once, {}, at("2026-10-18 00:00:00"), zones));
  EXPECT_EQ(at("2036-10-18 20:00:00"),
            coming_time(weekly(), {}, at("2036-10-18 20:00:00"), zones)->begins)
      << "years later";
}

}  // namespace
}  // namespace dualwrite::engine
