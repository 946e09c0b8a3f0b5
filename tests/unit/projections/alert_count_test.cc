// The window of an alert rule against a count of everything, at every event of random streams.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "projections/alert_windows.h"

namespace dualwrite::projections {
namespace {

struct stream {
  alert_windows view;
  sequence last;
  instant now{1'000'000'000};

  template <class Event>
  sequence tell(Event const& event) {
    auto const made = draft({stream_kind::link, 1}, link_id{1}, event);
    stored_event stored;
    stored.at = last + 1;
    stored.recorded_at = now;
    stored.stream = made.stream;
    stored.bytes = {made.bytes.data(), made.bytes.size()};
    view.fold(*decode(stored));
    return last = stored.at;
  }
};

// Steps in time are multiples of a quarter of the span, and none at all: many errors lie exactly at
// its edge, and many in one commit.
TEST(AlertCount, IsThatOfACountOfEverything) {
  constexpr std::int64_t within = 4'000;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 chance(seed);
    stream one;
    AlertRuleCreated created;
    created.link = link_id{1};
    created.classes = {fault_class::application};
    created.count = static_cast<std::uint32_t>(1 + chance() % 6);
    created.within_us = within;
    rule_id const id{one.tell(created).value};
    std::vector<instant> errors;
    for (int i = 0; i < 300; ++i) {
      one.now = one.now + duration(static_cast<duration::rep>(chance() % 4) * within / 4);
      AttemptFailed failed;
      failed.link = link_id{1 + chance() % 2};
      failed.kind = chance() % 3 == 0 ? fault_class::network : fault_class::application;
      one.tell(failed);
      if (failed.link == created.link && failed.kind == fault_class::application)
        errors.push_back(one.now);
      auto const in_span = std::count_if(errors.begin(), errors.end(), [&](instant at) {
        return !errors.empty() && (errors.back() - at).count() < within;
      });
      auto const& rule = one.view.rules.at(id);
      ASSERT_EQ(in_span >= created.count, rule.crossed()) << "seed " << seed << " error " << i;
      ASSERT_LE(rule.errors.size(), created.count);
      auto const now_in_span = std::count_if(errors.begin(), errors.end(), [&](instant at) {
        return (one.now - at).count() < within;
      });
      ASSERT_EQ(now_in_span >= created.count, rule.falls_below() > one.now) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace dualwrite::projections
