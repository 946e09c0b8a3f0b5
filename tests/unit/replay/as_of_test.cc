#include "replay/as_of.h"

#include <gtest/gtest.h>

#include "events/codec.h"
#include "events/store/memory_event_log.h"
#include "projections/archive.h"

namespace dualwrite::replay {
namespace {

using projections::map_state;

// A map is made, run, paused and resumed, a second apart.
class AsOf : public testing::Test {
 protected:
  AsOf() {
    add(draft({stream_kind::link, 1}, link_id{1}, LinkCreated{"erp-crm", app_id{1}, app_id{2}}));
    add(draft({stream_kind::map, 2}, link_id{1}, MapCreated{link_id{1}, "customers", "{}"}));
    add(of_map(RunRequested{map_id{2}}));
    add(of_map(MapResumed{map_id{2}, sequence{3}, {}, {}}));
    add(of_map(CaughtUp{map_id{2}}));
    add(of_map(PauseRequested{map_id{2}, {}, {}}));
    add(of_map(MapPaused{map_id{2}, sequence{6}, {}}));
  }
  template <class Event>
  encoded_event of_map(Event const& event) {
    return draft({stream_kind::map, 2}, link_id{1}, event);
  }
  void add(encoded_event event) {
    std::vector<encoded_event> const group{std::move(event)};
    now_.us += 1'000'000;
    ASSERT_TRUE(log.append(group, now_, log.head().at, epoch{}));
  }
  map_state state_at(result<projections::map_status> const& status) {
    EXPECT_TRUE(status);
    return status->find(map_id{2})->state;
  }

  memory_event_log log{log_id{7}};

 private:
  instant now_;
};

TEST_F(AsOf, EveryMomentIsTheFoldUpToThere) {
  projections::map_status folded;
  auto const cursor = log.read({sequence{1}, false, std::nullopt});
  while (true) {
    auto const stored = cursor->next();
    ASSERT_TRUE(stored);
    if (!*stored) break;
    folded.fold(*decode(**stored));
    auto const by_sequence = status_as_of(log, (*stored)->at);
    auto const by_time = status_as_of(log, (*stored)->recorded_at);
    ASSERT_TRUE(by_sequence && by_time);
    EXPECT_EQ(projections::save(folded), projections::save(*by_sequence));
    EXPECT_EQ(projections::save(folded), projections::save(*by_time));
  }
}

TEST_F(AsOf, AMapThatIsPausedNowWasRunningBefore) {
  EXPECT_EQ(map_state::running, state_at(status_as_of(log, sequence{5})));
  EXPECT_EQ(map_state::running, state_at(status_as_of(log, instant{6'999'999})));
  EXPECT_EQ(map_state::paused, state_at(status_as_of(log, instant{7'000'000})));
}

TEST_F(AsOf, BeforeTheFirstEventThereIsNothing) {
  auto const status = status_as_of(log, instant{5});
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->maps.empty());
}

TEST_F(AsOf, TheFutureIsRefused) {
  EXPECT_EQ(error_code::sequence_not_found, status_as_of(log, sequence{99}).error().code);
}

}  // namespace
}  // namespace dualwrite::replay
