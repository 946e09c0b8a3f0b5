// The routes over an engine between two applications in memory, without sockets.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/engine/api/asked_routes.h"

namespace dualwrite::engine {
namespace {

class Routes : public testing::Test, protected asked_routes {
 protected:
  Routes() { define(conflict_policy::newest_wins); }
};

TEST_F(Routes, AMapIsShownWithItsCountsAndActions) {
  auto const shown = json("GET", "/api/v1/maps/customers");
  EXPECT_EQ("not_running", text(shown, "status"));
  EXPECT_EQ("erp-crm", text(shown, "link"));
  EXPECT_EQ("0", text(shown, "queued"));
  EXPECT_EQ("run", shown.at("allowed_actions").at(0).as_string());
  EXPECT_EQ("left_to_right", shown.at("directions").at(0).at("direction").as_string());
  EXPECT_EQ(404u, ask("GET", "/api/v1/maps/custmers").status);
}

TEST_F(Routes, RunIsWaitedForAndRecordsArrive) {
  user(here.left, simulation::put(1, "Ann"));
  auto const done = json("POST", "/api/v1/maps/erp-crm%2Fcustomers/run?wait=1");
  EXPECT_EQ("completed", text(done, "state"));
  EXPECT_EQ("running", text(done.at("map"), "status"));
  EXPECT_EQ("1", text(done.at("map").at("directions").at(0), "applied"));
  auto const syncs = json("GET", "/api/v1/syncs");
  ASSERT_EQ(1u, syncs.at("items").as_array().size());
  EXPECT_EQ("succeeded", text(syncs.at("items").at(0), "state"));
}

TEST_F(Routes, AnAppThatDoesNotAnswerIsSeenOnItsMapsAndItsLinkUntilItDoes) {
  json("POST", "/api/v1/maps/customers/run?wait=1");
  EXPECT_TRUE(json("GET", "/api/v1/maps/customers").at("last_error").is_null());
  here.right_port.longest = std::chrono::hours(1);
  here.right_port.ask_for(simulation::fault_site::unreachable);
  user(here.left, simulation::put(1, "Ann"));
  ASSERT_TRUE(here.run_until([&] { return !here.views().outages.written.empty(); }));
  auto const away = json("GET", "/api/v1/maps/customers").at("last_error");
  EXPECT_EQ("right", text(away, "app"));
  EXPECT_EQ("network", text(away, "class"));
  EXPECT_EQ("app_unreachable", text(away, "code"));
  EXPECT_FALSE(json("GET", "/api/v1/status").at("links").at(0).at("outages").as_array().empty());

  here.right_port.heal();
  ASSERT_TRUE(here.run_until([&] { return are_equal() && here.views().outages.read.empty(); }));
  EXPECT_TRUE(json("GET", "/api/v1/maps/customers").at("last_error").is_null());
  EXPECT_TRUE(json("GET", "/api/v1/status").at("links").at(0).at("outages").as_array().empty());
}

TEST_F(Routes, AnActionThatIsNotAllowedIsAConflictAndInTheLog) {
  auto const refused = ask("POST", "/api/v1/maps/customers/pause");
  EXPECT_EQ(409u, refused.status);
  auto const last = json("GET", "/api/v1/events?type=CommandRefused&backward=1").at("items").at(0);
  EXPECT_EQ("CommandRefused", text(last, "type"));
  EXPECT_EQ("ann", text(last, "actor"));
  EXPECT_EQ("pause_map", text(last.at("data"), "command"));
}

TEST_F(Routes, ARepeatedCommandIdGetsTheFirstOutcome) {
  auto const first = ask("POST", "/api/v1/maps/customers/run?wait=1", {}, "once");
  auto const again = ask("POST", "/api/v1/maps/customers/run?wait=1", {}, "once");
  EXPECT_EQ(200u, again.status);
  EXPECT_EQ(text(boost::json::parse(first.body), "id"), text(boost::json::parse(again.body), "id"));
  EXPECT_EQ(409u, ask("POST", "/api/v1/maps/customers/run", {}, "another").status);
  EXPECT_EQ(409u, ask("POST", "/api/v1/maps/customers/run", {}, "another").status);
}

TEST_F(Routes, EventsArePagedToTheEnd) {
  std::string cursor;
  std::uint64_t last = 0;
  auto const head = here.log().head().at.value;
  do {
    auto const page =
        json("GET", "/api/v1/events?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (auto const& one : page.at("items").as_array()) {
      auto const at = std::stoull(text(one, "sequence"));
      EXPECT_EQ(last + 1, at);
      last = at + static_cast<std::uint64_t>(one.at("span").as_int64()) - 1;
    }
    cursor = page.at("next_cursor").is_null() ? "" : text(page, "next_cursor");
  } while (!cursor.empty());
  EXPECT_GE(last, head);
}

TEST_F(Routes, ActivityOfAnySelectionOfMapsIsOneListUnderOneFilter) {
  for (auto const* name : {"orders", "items"}) {
    auto other = definition;
    other.name = name;
    submit(create_map{link, name, print_definition(other)});
  }
  json("POST", "/api/v1/maps/customers/run?wait=1");
  json("POST", "/api/v1/maps/customers/pause?wait=1");
  auto const listed = [&](std::string const& query) {
    std::vector<std::string> found;
    auto const body = json("GET", "/api/v1/activity?" + query);
    for (auto const& one : body.at("items").as_array())
      found.push_back(text(one, "map") + ": " + text(one, "text"));
    return found;
  };
  using texts = std::vector<std::string>;
  EXPECT_EQ((texts{"items: created as items", "orders: created as orders"}),
            listed("map=orders,items"));
  EXPECT_EQ((texts{"customers: pause requested", "customers: run requested"}),
            listed("actor=ann&text=requested"));
  EXPECT_EQ(texts{}, listed("actor=ben"));
  EXPECT_EQ((texts{"customers: paused"}), listed("type=MapPaused"));
  EXPECT_EQ((texts{"items: created as items", "orders: created as orders"}),
            listed("filter=type%20%3D%20%27MapCreated%27%20and%20map%20%3C%3E%20%27customers%27"));
  EXPECT_EQ(listed("link=erp-crm"), listed(""));
  EXPECT_EQ(404u, ask("GET", "/api/v1/activity?map=orders,itms").status);
  EXPECT_EQ(400u, ask("GET", "/api/v1/activity?since=yesterday").status);
  EXPECT_EQ(422u, ask("GET", "/api/v1/activity?filter=nonsense").status);
}

TEST_F(Routes, AnEntryOfManyErrorsGivesItsWholeLogInPages) {
  here.right.table("customer").rule = [](row_values const&) -> std::optional<refusal> {
    return refusal{"check_name", "not this one"};
  };
  json("POST", "/api/v1/maps/customers/run?wait=1");
  for (std::int64_t i = 0; i < 250; ++i) user(here.left, simulation::put(i, "bad"));
  ASSERT_TRUE(here.run_until([&] { return count(event_type::RecordParked) == 250; }, 100'000));
  auto const entry = json("GET", "/api/v1/activity?type=RecordParked").at("items").at(0);
  EXPECT_EQ(250, entry.at("count").as_int64());
  auto const shown = json("GET", "/api/v1/activity/" + text(entry, "id"));
  EXPECT_TRUE(shown.at("more_events").as_bool());
  std::size_t parked = 0;
  std::string cursor;
  do {
    auto const page = json("GET",
                           "/api/v1/activity/" + text(entry, "id") + "/log?limit=40" +
                               (cursor.empty() ? "" : "&cursor=" + cursor));
    for (auto const& one : page.at("items").as_array())
      parked += text(one, "type") == "RecordParked";
    cursor = page.at("next_cursor").is_null() ? "" : text(page, "next_cursor");
  } while (!cursor.empty());
  EXPECT_EQ(250u, parked);
}

engine_settings in_small_parts() {
  engine_settings out;
  out.flow.capture_bytes_max = 64;
  return out;
}

class QueueRoute : public testing::Test, protected asked_routes {
 protected:
  QueueRoute() : asked_routes(in_small_parts()) { start(); }

  void commit(memory_app& app, std::int64_t first, std::int64_t count) {
    std::vector<row_change> changes;
    for (auto id = first; id < first + count; ++id) changes.push_back(simulation::put(id, "name"));
    ASSERT_TRUE(app.commit(changes));
  }
};

TEST_F(QueueRoute, GivesEachRecordOnceWhereTransactionsLieInManyParts) {
  json("POST", "/api/v1/maps/customers/pause?wait=1");
  commit(here.left, 0, 40);
  commit(here.right, 100, 40);
  commit(here.left, 200, 1);
  ASSERT_TRUE(here.run_until([&] { return queued() == 81; }));
  ASSERT_GT(count(event_type::RecordsCaptured), 10u) << "each is one part";
  std::set<std::string> ids;
  std::size_t pages = 0;
  std::string cursor;
  do {
    auto const page = json("GET", "/api/v1/maps/customers/queue?limit=7" + cursor);
    EXPECT_EQ("81", text(page, "queued"));
    for (auto const& one : page.at("items").as_array())
      EXPECT_TRUE(ids.insert(text(one, "id")).second) << text(one, "id");
    auto const& next = page.at("next_cursor");
    cursor = next.is_null() ? "" : "&cursor=" + std::string(next.as_string());
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(81u, ids.size());
  EXPECT_GE(pages, 3u);
}

TEST_F(Routes, AChangeOfADefinitionSaysWhichColumnsComeAndGo) {
  auto changed = definition;
  changed.columns.front().only = direction::left_to_right;
  column_pair note;
  note.left = "note";
  note.right = "remark";
  changed.columns.push_back(note);
  changed.queue.records = 10;
  submit(change_map{map, print_definition(changed)});
  auto const entry = json("GET", "/api/v1/activity?type=MapChanged").at("items").at(0);
  auto const shown = json("GET", "/api/v1/activity/" + text(entry, "id"));
  EXPECT_EQ(
      boost::json::parse(R"(["column name/name: direction", "column note/remark comes", "queue"])"),
      shown.at("changes"));
}

TEST_F(Routes, WhatIsMissingIsToldApart) {
  EXPECT_EQ(404u, ask("GET", "/api/v1/errors/1").status);
  EXPECT_EQ(404u, ask("GET", "/api/v1/syncs/1").status);
  EXPECT_EQ(404u, ask("GET", "/api/v1/syncs/nothing").status);
  EXPECT_EQ(404u, ask("GET", "/api/v1/syncs/customers").status) << "it has had none";
  EXPECT_EQ(404u, ask("GET", "/api/v1/events/999999").status);
  EXPECT_EQ(400u, ask("GET", "/api/v1/events/x").status);
  EXPECT_EQ(400u, ask("GET", "/api/v1/errors?limit=0").status);
  EXPECT_EQ(400u, ask("POST", "/api/v1/errors/retry", "{}").status);
}

TEST_F(Routes, MetricsNameEveryMap) {
  auto const reply = ask("GET", "/metrics");
  EXPECT_NE(std::string::npos,
            reply.body.find("dualwrite_queued_records{link=\"erp-crm\",map=\"customers\"} 0\n"));
}

}  // namespace
}  // namespace dualwrite::engine
