#include "engine/api/route_table.h"

#include <gtest/gtest.h>

#include <set>

namespace dualwrite::engine {
namespace {

result<route const*> route_of(char const* method, char const* path, api_request& request) {
  request.method = method;
  request.path = path;
  return find_route(request);
}

TEST(RouteTable, PartsOfThePathAreTakenOutUnescaped) {
  api_request request;
  auto const found = route_of("GET", "/api/v1/maps/erp-crm%2Fcustomers", request);
  ASSERT_TRUE(found);
  EXPECT_EQ("show_map", (*found)->name);
  EXPECT_EQ("erp-crm/customers", request.parts["map"]);
}

TEST(RouteTable, FixedWordsGoBeforeNames) {
  api_request request;
  EXPECT_EQ("stream_events", (*route_of("GET", "/api/v1/events/stream", request))->name);
  EXPECT_EQ("validate_map", (*route_of("POST", "/api/v1/maps/a/validate", request))->name);
  EXPECT_EQ("act_on_map", (*route_of("POST", "/api/v1/maps/a/run", request))->name);
}

TEST(RouteTable, WhatIsNotThereIsToldFromAWrongMethod) {
  api_request request;
  EXPECT_EQ(error_code::unknown_path, route_of("GET", "/api/v1/nothing", request).error().code);
  EXPECT_EQ(error_code::unknown_path, route_of("GET", "/api/v1/maps/", request).error().code);
  EXPECT_EQ(error_code::method_not_allowed,
            route_of("DELETE", "/api/v1/maps", request).error().code);
}

TEST(OpenApi, HasEveryRouteUnderANameOfItsOwn) {
  auto const document = open_api();
  EXPECT_EQ("3.1.0", document.at("openapi").as_string());
  std::set<std::string_view> names;
  for (auto const& one : routes()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    EXPECT_TRUE(document.at("paths").as_object().contains(one.pattern)) << one.pattern;
  }
}

}  // namespace
}  // namespace dualwrite::engine
