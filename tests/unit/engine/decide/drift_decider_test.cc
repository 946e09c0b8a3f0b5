// Tables that are not as they were, and what that asks of the maps that have them.
#include <gtest/gtest.h>

#include "engine/decide/drift_decider.h"
#include "engine/mapping/map_definition.h"
#include "tests/support/story.h"

namespace dualwrite::engine {
namespace {

using projections::map_state;

table_schema customer(char const* column) {
  table_schema out;
  out.table = "customer";
  out.columns.resize(2);
  out.columns[0].name = "id";
  out.columns[0].type = value_type::int64;
  out.columns[0].nullable = false;
  out.columns[1].name = column;
  out.key = {0};
  return out;
}

class DriftDecider : public testing::Test, protected story {
 protected:
  DriftDecider() {
    begin();
    for (auto const app : {app_id{1}, app_id{2}}) see(app, customer("name"));
    both = add("both", {});
    to_right = add("to right", direction::left_to_right);
  }
  map_id add(char const* name, std::optional<direction> only) {
    map_definition definition;
    definition.name = name;
    definition.left.table = definition.right.table = "customer";
    definition.key = {{"id", "id"}};
    column_pair column;
    column.left = column.right = "name";
    column.only = only;
    definition.columns = {column};
    auto const text = print_definition(definition);
    return map_id{tell({stream_kind::map, 0}, MapCreated{link, name, text}).value};
  }
  void see(app_id app, table_schema const& table) {
    auto const bytes = encode_schema(table);
    of_link(SchemaObserved{app, table.table, blob{bytes}});
  }
  void start(map_id which) {
    map = which;
    of_map(MapResumed{which, of_map(RunRequested{which}), {}, {}});
    of_map(CaughtUp{which});
  }
  // "SchemaObserved pause 5 stop 6"
  std::string show(drafts const& events) {
    std::string out;
    for (auto const& event : events) {
      stored_event stored;
      stored.stream = event.stream;
      stored.bytes = {event.bytes.data(), event.bytes.size()};
      auto const view = decode(stored);
      out += out.empty() ? "" : " ";
      if (view->as<SchemaObserved>() != nullptr) out += "SchemaObserved";
      if (auto const* pause = view->as<PauseRequested>()) {
        reason = pause->reason;
        out += "pause " + std::to_string(pause->map.value);
      }
      if (auto const* stop = view->as<StopRequested>())
        out += "stop " + std::to_string(stop->map.value);
    }
    return out;
  }
  std::string named(char const* what, map_id which) {
    return what + std::string(" ") + std::to_string(which.value);
  }

  map_id both, to_right;
  std::string reason;
};

TEST_F(DriftDecider, ATableThatIsAsItWasLeadsToNothing) {
  start(both);
  EXPECT_EQ("", show(decide_observed(views, link, app_id{1}, customer("name"))));
}

TEST_F(DriftDecider, OnlyMapsAtWorkThatDoNotFitPause) {
  start(both);
  auto const lacking = decide_observed(views, link, app_id{2}, customer("fullname"));
  EXPECT_EQ("SchemaObserved " + named("pause", both), show(lacking));
  EXPECT_NE(std::string::npos, reason.find("customer has changed")) << reason;
  EXPECT_NE(std::string::npos, reason.find("'name'")) << reason;
  start(to_right);
  EXPECT_EQ("SchemaObserved " + named("pause", both) + " " + named("pause", to_right),
            show(decide_observed(views, link, app_id{2}, customer("fullname"))));
}

TEST_F(DriftDecider, AColumnThatNoMapNamesIsJustSeen) {
  start(both);
  auto wider = customer("name");
  wider.columns.push_back({});
  wider.columns.back().name = "rating";
  EXPECT_EQ("SchemaObserved", show(decide_observed(views, link, app_id{2}, wider)));
}

TEST_F(DriftDecider, ATableThatIsGoneStopsItsReadersAndPausesItsWriters) {
  start(both);
  start(to_right);
  EXPECT_EQ(named("stop", both) + " " + named("stop", to_right),
            show(decide_gone(views, app_id{1}, "customer", "gone")));
  EXPECT_EQ(named("stop", both) + " " + named("pause", to_right),
            show(decide_gone(views, app_id{2}, "customer", "gone")));
  EXPECT_EQ("", show(decide_gone(views, app_id{2}, "other", "gone")));
}

TEST_F(DriftDecider, AMapFitsByTheTablesThatWereSeenLast) {
  auto const& row = *views.status.find(both);
  EXPECT_TRUE(fits(views.status, row));
  see(app_id{2}, customer("fullname"));
  auto const now = fits(views.status, row);
  ASSERT_FALSE(now);
  EXPECT_EQ(error_code::invalid_definition, now.error().code);
}

}  // namespace
}  // namespace dualwrite::engine
