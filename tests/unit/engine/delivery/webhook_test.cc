// What web hooks are told, and to whom nothing is told.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

#include "engine/delivery/webhook_channel.h"

namespace dualwrite::engine {
namespace {

TEST(Webhook, IsSignedAsItsStandardSays) {
  // Made with openssl: printf 'msg_1.1700000000.{"a":1}' | openssl dgst -sha256 -hmac key -binary
  // | base64
  EXPECT_EQ("v1,KSgv0SSgWzG5LPnm9tfWJRfBlWqAqHz+OlObgspQi/g=",
            webhook_signature("key", "msg_1", 1'700'000'000, "{\"a\":1}"));
  EXPECT_NE(webhook_signature("key", "msg_1", 1'700'000'000, "{\"a\":1}"),
            webhook_signature("key", "msg_1", 1'700'000'001, "{\"a\":1}"));
}

TEST(Webhook, PrivateAddressesAreKnownInEveryForm) {
  for (auto const* one : {"127.0.0.1",
                          "127.8.9.10",
                          "10.0.0.1",
                          "172.16.0.1",
                          "172.31.255.255",
                          "192.168.1.1",
                          "169.254.169.254",
                          "100.64.0.1",
                          "0.0.0.0",
                          "255.255.255.255",
                          "224.0.0.1",
                          "::1",
                          "::",
                          "fe80::1",
                          "fd00::1",
                          "ff02::1",
                          "::ffff:10.0.0.1",
                          "64:ff9b::7f00:1",
                          "nonsense"}) {
    EXPECT_TRUE(is_private_address(one)) << one;
  }
  for (auto const* one : {"8.8.8.8",
                          "172.32.0.1",
                          "192.169.0.1",
                          "100.128.0.1",
                          "2001:4860:4860::8888",
                          "::ffff:8.8.8.8"}) {
    EXPECT_FALSE(is_private_address(one)) << one;
  }
}

TEST(Webhook, ItsBodyIsACloudEvent) {
  message what;
  what.id = "a.7.b";
  what.follows = "a.3.b";
  what.written_at = {1'700'000'000'000'000};
  what.facts.topic = "too many";
  what.facts.link = "erp-crm";
  what.facts.condition = "10 application errors within 15m";
  what.facts.action = alert_action::pause;
  what.facts.maps = {{"customers", 3}};
  what.facts.groups = {
      {"customers", fault_class::application, "CHECK", "bad \xff name", 10, sequence{42}}};
  auto const body = boost::json::parse(cloud_event(what, "/dualwrite/1"));
  EXPECT_EQ("1.0", body.at("specversion").as_string());
  EXPECT_EQ("a.7.b", body.at("id").as_string());
  EXPECT_EQ("/dualwrite/1", body.at("source").as_string());
  EXPECT_EQ("dualwrite.alert.fired", body.at("type").as_string());
  EXPECT_EQ("2023-11-14T22:13:20Z", body.at("time").as_string());
  EXPECT_EQ("pause", body.at("data").at("action").as_string());
  EXPECT_EQ("customers", body.at("data").at("maps").at(0).at("name").as_string());
  EXPECT_EQ("bad \xEF\xBF\xBD name", body.at("data").at("errors").at(0).at("text").as_string());
}

}  // namespace
}  // namespace dualwrite::engine
