// The routes over an engine between two applications in memory, without sockets.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>

#include "engine/api/route_table.h"
#include "tests/simulation/world.h"

namespace dualwrite::engine {
namespace {

class Routes : public testing::Test {
 protected:
  Routes() {
    table_schema schema;
    schema.table = "customer";
    schema.columns.resize(2);
    schema.columns[0].name = "id";
    schema.columns[0].type = value_type::int64;
    schema.columns[0].nullable = false;
    schema.columns[1].name = "name";
    schema.key = {0};
    here.left.add_table(schema);
    here.right.add_table(schema);
    define();
  }

  void define() {
    map_definition definition;
    definition.name = "customers";
    definition.left.table = definition.right.table = "customer";
    definition.key = {{"id", "id"}};
    column_pair name;
    name.left = name.right = "name";
    definition.columns = {name};
    auto const left = here.submit(register_app{"left", "memory"});
    auto const right = here.submit(register_app{"right", "memory"});
    ASSERT_TRUE(left && right);
    auto const link =
        here.submit(create_link{"erp-crm", app_id{left->value}, app_id{right->value}});
    ASSERT_TRUE(link);
    ASSERT_TRUE(
        here.submit(create_map{link_id{link->value}, "customers", print_definition(definition)}));
  }

  api_reply ask(std::string method,
                std::string target,
                std::string body = {},
                std::string id = {}) {
    api_request request;
    request.method = std::move(method);
    request.body = std::move(body);
    request.command_id = std::move(id);
    request.actor = "ann";
    auto const taken = take_target(target, request);
    if (!taken) return problem_reply(taken.error());
    auto const found = find_route(request);
    if (!found) return problem_reply(found.error());
    auto reply = std::make_shared<std::optional<api_reply>>();
    auto work = [this, route = *found, request, reply]() -> boost::asio::awaitable<void> {
      auto mine = request;
      auto given = co_await route->reply(context, std::move(mine));
      *reply = given ? *given : problem_reply(given.error());
    };
    boost::asio::co_spawn(here.io(), work, boost::asio::detached);
    here.run_until([&] { return reply->has_value(); });
    return reply->value_or(api_reply{0, {}, {}});
  }
  boost::json::value json(std::string method, std::string target, std::string body = {}) {
    return boost::json::parse(ask(std::move(method), std::move(target), std::move(body)).body);
  }
  std::string text(boost::json::value const& from, std::string_view name) {
    return std::string(from.at(name).as_string());
  }
  void put(memory_app& app, std::int64_t id, std::string name) {
    row_values row{value::of_int64(id), value::of_text(std::move(name))};
    ASSERT_TRUE(app.commit({{"customer", operation::update, std::move(row)}}));
  }

  simulation::world here;
  boost::asio::thread_pool pool{1};
  api_context context{here.core(), here.log(), here.time, pool, {}, {}};
};

TEST_F(Routes, AMapIsShownWithItsCountsAndActions) {
  auto const map = json("GET", "/api/v1/maps/customers");
  EXPECT_EQ("not_running", text(map, "status"));
  EXPECT_EQ("erp-crm", text(map, "link"));
  EXPECT_EQ("0", text(map, "queued"));
  EXPECT_EQ("run", map.at("allowed_actions").at(0).as_string());
  EXPECT_EQ("left_to_right", map.at("directions").at(0).at("direction").as_string());
  EXPECT_EQ(404u, ask("GET", "/api/v1/maps/custmers").status);
}

TEST_F(Routes, RunIsWaitedForAndRecordsArrive) {
  put(here.left, 1, "Ann");
  auto const done = json("POST", "/api/v1/maps/erp-crm%2Fcustomers/run?wait=1");
  EXPECT_EQ("completed", text(done, "state"));
  EXPECT_EQ("running", text(done.at("map"), "status"));
  EXPECT_EQ("1", text(done.at("map").at("directions").at(0), "applied"));
  auto const syncs = json("GET", "/api/v1/syncs");
  ASSERT_EQ(1u, syncs.at("items").as_array().size());
  EXPECT_EQ("succeeded", text(syncs.at("items").at(0), "state"));
}

TEST_F(Routes, AnActionThatIsNotAllowedIsAConflictAndInTheLog) {
  auto const refused = ask("POST", "/api/v1/maps/customers/pause");
  EXPECT_EQ(409u, refused.status);
  auto const last = json("GET", "/api/v1/events?backward=1&limit=1").at("items").at(0);
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

TEST_F(Routes, WhatIsMissingIsToldApart) {
  EXPECT_EQ(404u, ask("GET", "/api/v1/errors/1").status);
  EXPECT_EQ(404u, ask("GET", "/api/v1/syncs/1").status);
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
