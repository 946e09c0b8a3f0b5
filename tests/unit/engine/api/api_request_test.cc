#include "engine/api/api_request.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "engine/api/json_forms.h"
#include "engine/api/page.h"

namespace dualwrite::engine {
namespace {

TEST(ApiRequest, TakesEscapesOutOfTheQuery) {
  api_request request;
  ASSERT_TRUE(take_target("/api/v1/errors?map=a%2Fb&text=x+y&flag", request));
  EXPECT_EQ("/api/v1/errors", request.path);
  EXPECT_EQ("a/b", request.asked("map"));
  EXPECT_EQ("x y", request.asked("text"));
}

TEST(ApiRequest, ACutEscapeIsRefused) {
  for (auto const* target : {"/x?a=%", "/x?a=%4", "/x?a=%zz"}) {
    api_request request;
    EXPECT_FALSE(take_target(target, request)) << target;
  }
}

TEST(ApiRequest, EscapeAndUnescapeAreInverse) {
  std::string const odd = "a/b c%&?Köln\x01";
  EXPECT_EQ(odd, *unescape(escape(odd), false));
}

TEST(ApiRequest, NumbersHaveLimits) {
  api_request request;
  request.query = {{"limit", "7"}, {"bad", "7x"}, {"huge", "99999999999999999999"}};
  EXPECT_EQ(7u, *request.number("limit", 1, 10));
  EXPECT_EQ(1u, *request.number("none", 1, 10));
  EXPECT_FALSE(request.number("limit", 1, 6));
  EXPECT_FALSE(request.number("bad", 1, 10));
  EXPECT_FALSE(request.number("huge", 1, 10));
}

TEST(ApiRequest, ABodyIsAnObjectOrNothing) {
  api_request request;
  EXPECT_TRUE(request.json()->empty());
  for (auto const* body : {"[]", "1", "{", "{\"a\":1} x"}) {
    request.body = body;
    EXPECT_FALSE(request.json()) << body;
  }
}

TEST(Problem, CarriesCodeNumberAndStatus) {
  auto const reply = problem_reply(error{error_code::unknown_map, "custmers"});
  EXPECT_EQ(404u, reply.status);
  EXPECT_EQ("application/problem+json", reply.type);
  auto const body = boost::json::parse(reply.body);
  EXPECT_EQ("unknown_map", body.at("code").as_string());
  EXPECT_EQ(1001, body.at("number").as_int64());
  EXPECT_EQ("custmers", body.at("detail").as_string());
}

TEST(Page, ACursorComesBackAsItWasGiven) {
  api_request request;
  request.query["cursor"] = print_cursor(18446744073709551615u);
  EXPECT_EQ(18446744073709551615u, page_wish::from(request)->behind);
  for (auto const* wrong : {"x1", "c", "c1z", "1"}) {
    request.query["cursor"] = wrong;
    EXPECT_FALSE(page_wish::from(request)) << wrong;
  }
}

TEST(JsonForms, BigNumbersAreTextsAndBadBytesAreReplaced) {
  EXPECT_EQ("9223372036854775808", json_of(std::uint64_t{9223372036854775808u}).as_string());
  EXPECT_EQ(
      "a\xEF\xBF\xBD"
      "b",
      utf8("a\xFF"
           "b"));
  EXPECT_EQ("Köln", utf8("Köln"));
  EXPECT_EQ("1970-01-01T00:00:01Z", json_of(instant{1'000'000}).as_string());
}

}  // namespace
}  // namespace dualwrite::engine
