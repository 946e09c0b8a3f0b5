// The life of a table map, event by event.
#include <gtest/gtest.h>

#include "tests/support/story.h"

namespace dualwrite::projections {
namespace {

class MapStatus : public testing::Test, protected story {
 protected:
  MapStatus() { begin(); }
  map_row const& row() { return *views.status.find(map); }
};

TEST_F(MapStatus, RunsByAnInitialSync) {
  EXPECT_EQ(map_state::idle, row().state);
  EXPECT_FALSE(row().captures());
  auto const asked = of_map(RunRequested{map});
  EXPECT_EQ(asked, row().pending);
  InitialSyncStarted started;
  started.map = map;
  started.legs = {direction::left_to_right};
  auto const execution = execution_id{of_map(started).value};
  EXPECT_EQ(map_state::initializing, row().state);
  EXPECT_TRUE(row().execution_open);
  of_map(InitialSyncCompleted{map, execution, end_state::succeeded, 0});
  EXPECT_EQ(map_state::initializing, row().state) << "what came meanwhile is applied first";
  of_map(MapStarted{map, asked});
  EXPECT_EQ(map_state::running, row().state);
  EXPECT_EQ(asked, row().answered);
  EXPECT_FALSE(row().pending);
  EXPECT_TRUE(row().initial_sync_done);
}

TEST_F(MapStatus, HoldsAfterAnInitialSyncWithErrors) {
  of_map(RunRequested{map});
  auto const execution = execution_id{of_map(InitialSyncStarted{map, side::left, {}}).value};
  of_map(InitialSyncCompleted{map, execution, end_state::failed, 3});
  EXPECT_EQ(map_state::holding, row().state);
  EXPECT_TRUE(row().captures());
  EXPECT_EQ("not_running", status_name(row().state));
}

TEST_F(MapStatus, PausesWithAReasonAndResumes) {
  of_map(MapResumed{map, of_map(RunRequested{map}), {}, {}});
  of_map(CaughtUp{map});
  auto const asked = of_map(PauseRequested{map, rule_id{9}, "too many errors"});
  EXPECT_EQ(map_state::running, row().state) << "until no batch can start any more";
  of_map(MapPaused{map, asked, {}});
  EXPECT_EQ(map_state::paused, row().state);
  EXPECT_EQ(rule_id{9}, row().paused_by);
  EXPECT_EQ("too many errors", row().reason);
  of_map(MapResumed{map, of_map(ResumeRequested{map, {}, {}}), {}, {}});
  EXPECT_EQ(map_state::resuming, row().state);
  EXPECT_EQ("", row().reason);
  of_map(CaughtUp{map});
  EXPECT_EQ(map_state::running, row().state);
}

TEST_F(MapStatus, ARefusedActionLeavesItsAnswer) {
  auto const asked = of_map(RunRequested{map});
  of_map(ActionFailed{map, asked, 1007, "no such column"});
  EXPECT_EQ(map_state::idle, row().state);
  EXPECT_FALSE(row().pending);
  EXPECT_EQ(1007, row().answered_code);
  EXPECT_EQ("no such column", row().answered_detail);
}

TEST_F(MapStatus, AStopAnswersWhatItOvertakes) {
  of_map(RunRequested{map});
  of_map(InitialSyncStarted{map, side::left, {}});
  auto const asked = of_map(StopRequested{map, {}, "by hand"});
  MapStopped stopped;
  stopped.map = map;
  stopped.request = asked;
  of_map(stopped);
  EXPECT_EQ(map_state::idle, row().state);
  EXPECT_FALSE(row().pending);
  EXPECT_FALSE(row().execution_open);
  EXPECT_FALSE(row().initial_sync_done);
}

TEST_F(MapStatus, ANewDefinitionIsANewVersion) {
  of_map(MapChanged{map, 2, R"({"new":1})"});
  EXPECT_EQ(2u, row().version);
  EXPECT_EQ(R"({"new":1})", row().definition);
}

TEST_F(MapStatus, TheNewestSchemaOfATableCounts) {
  EXPECT_FALSE(views.status.schema_of(app_id{1}, "customer"));
  of_link(SchemaObserved{app_id{1}, "customer", blob{"one"}});
  auto const second = of_link(SchemaObserved{app_id{1}, "customer", blob{"two"}});
  of_link(SchemaObserved{app_id{2}, "customer", blob{"three"}});
  EXPECT_EQ(schema_id{second.value}, views.status.schema_of(app_id{1}, "customer"));
}

}  // namespace
}  // namespace dualwrite::projections
