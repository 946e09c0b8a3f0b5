// The windows of alert rules against a count of everything, at every event of random streams.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
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

struct error_seen {
  instant at;
  map_id map;  // none: of the app
  direction way = direction::left_to_right;
  fault_class kind = fault_class::application;
};

constexpr std::int64_t within = 4'000;

// Steps in time are multiples of a quarter of the span, and none at all: many errors lie exactly at
// its edge, and many in one commit. A clock that steps back gives times that stand still.
class random_stream {
 public:
  explicit random_stream(std::uint64_t seed) : chance_(seed) {
    for (auto& map : maps_) {
      MapCreated created;
      created.link = link_id{1};
      map = map_id{one.tell(created).value};
    }
    AlertRuleCreated made;
    made.link = link_id{1};
    made.classes = {fault_class::application, fault_class::network};
    made.count = static_cast<std::uint32_t>(1 + chance_() % 6);
    made.within_us = within;
    made.ways = static_cast<alert_ways>(chance_() % 3);
    made.per_map = chance_() % 2 == 0;
    if (chance_() % 2 == 0) made.maps = {maps_[0], maps_[1]};
    terms = terms_as<std::string>(made);
    id = rule_id{one.tell(made).value};
    for (auto const map : maps_) one.tell(MapResumed{map, {}});
  }

  void step() {
    one.now = one.now + duration(static_cast<duration::rep>(chance_() % 4) * within / 4);
    error_seen seen{one.now, {}, static_cast<direction>(chance_() % 2), {}};
    seen.kind = static_cast<fault_class>(1 + 5 * (chance_() % 2));
    if (chance_() % 3 == 0) seen.kind = fault_class::mapping;
    if (chance_() % 3 == 0) {
      AttemptFailed failed;
      failed.link = link_id{1 + chance_() % 2};
      failed.way = seen.way;
      failed.kind = seen.kind;
      one.tell(failed);
      if (failed.link == link_id{1}) errors_.push_back(seen);
      return;
    }
    seen.map = maps_[chance_() % maps_.size()];
    RecordParked parked;
    parked.map = seen.map;
    parked.way = seen.way;
    parked.kind = seen.kind;
    parked.state = chance_() % 8 == 0 ? park_state::waiting : park_state::failed;
    one.tell(parked);
    if (parked.state == park_state::failed) errors_.push_back(seen);
  }

  // Errors of a window from `begin` on that its rule counts.
  std::uint64_t count(map_id window, instant now) const {
    return static_cast<std::uint64_t>(
        std::count_if(errors_.begin(), errors_.end(), [&](error_seen const& seen) {
          if ((now - seen.at).count() >= within || !terms.counts(seen.kind)) return false;
          if (!terms.covers(seen.way)) return false;
          if (!seen.map) return true;
          return terms.covers(seen.map) && (!window || seen.map == window);
        }));
  }

  stream one;
  alert_terms terms;
  rule_id id;

 private:
  std::mt19937_64 chance_;
  std::array<map_id, 3> maps_;
  std::vector<error_seen> errors_;
};

TEST(AlertCount, IsThatOfACountOfEverything) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    random_stream random(seed);
    for (int i = 0; i < 200; ++i) {
      random.step();
      auto const& version = random.one.view.rules.at(random.id).versions.at(1);
      ASSERT_EQ(random.terms.per_map ? version.maps.size() : 1u, version.windows.size());
      for (auto const& [map, window] : version.windows) {
        auto const now = random.one.now;
        ASSERT_EQ(random.count(map, now) >= random.terms.count,
                  window.falls_below(random.terms) > now)
            << "seed " << seed << " error " << i;
        if (!window.errors.empty() && window.errors.newest() == now) {
          ASSERT_EQ(random.count(map, now) >= random.terms.count,
                    window.crosses(random.terms.count, random.terms.within()))
              << "seed " << seed << " error " << i;
        }
        ASSERT_LE(window.errors.size(), random.terms.count);
      }
    }
  }
}

}  // namespace
}  // namespace dualwrite::projections
