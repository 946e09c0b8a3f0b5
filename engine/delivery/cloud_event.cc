#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "engine/delivery/webhook_channel.h"
#include "events/calendar.h"
#include "events/utf8_text.h"

namespace dualwrite::engine {
namespace {

namespace json = boost::json;
using projections::message_kind;

// The whole text of an error is in the log.
constexpr std::size_t sample_bytes_max = 1'000;

std::string_view type_of_message(message_kind kind) {
  switch (kind) {
    case message_kind::fired:
      return "dualwrite.alert.fired";
    case message_kind::resolved:
      return "dualwrite.alert.resolved";
    case message_kind::test:
      return "dualwrite.alert.test";
    case message_kind::announced:
      return "dualwrite.maintenance.announced";
    case message_kind::begun:
      return "dualwrite.maintenance.begun";
    case message_kind::ended:
      return "dualwrite.maintenance.ended";
  }
  return "dualwrite.unknown";
}

json::array groups_of(letter_facts const& facts) {
  json::array out;
  for (auto const& group : facts.groups) {
    json::object one;
    one["map"] = group.map;
    one["class"] = name_of(group.kind);
    one["code"] = utf8(group.code);
    one["text"] = utf8(group.text.substr(0, sample_bytes_max));
    one["count"] = group.count;
    one["event"] = std::to_string(group.sample.value);
    out.push_back(std::move(one));
  }
  return out;
}

json::object data_of(letter_facts const& facts) {
  constexpr std::string_view actions[] = {"none", "pause", "stop"};
  json::object data;
  data["link"] = facts.link;
  data["name"] = facts.topic;
  json::array maps;
  for (auto const& map : facts.maps) {
    json::object one;
    one["name"] = map.name;
    one["queued"] = std::to_string(map.queued);
    maps.push_back(std::move(one));
  }
  data["maps"] = std::move(maps);
  if (facts.kind == message_kind::ended) return data;
  if (facts.kind >= message_kind::announced) {
    data["begins"] = print_timestamp_tz(facts.since.us);
    data["ends"] = print_timestamp_tz(facts.until.us);
    return data;
  }
  data["condition"] = facts.condition;
  data["action"] = actions[static_cast<std::size_t>(facts.action)];
  if (facts.kind == message_kind::test) return data;
  data["since"] = print_timestamp_tz(facts.since.us);
  data["count"] = facts.count;
  data["measured"] = std::to_string(facts.measured);
  data["errors"] = groups_of(facts);
  return data;
}

}  // namespace

std::string cloud_event(message const& what, std::string_view source) {
  json::object event;
  event["specversion"] = "1.0";
  event["id"] = what.id;
  event["source"] = source;
  event["type"] = type_of_message(what.facts.kind);
  event["subject"] = what.facts.topic;
  event["time"] = print_timestamp_tz(what.written_at.us);
  event["datacontenttype"] = "application/json";
  if (!what.follows.empty()) event["follows"] = what.follows;
  event["data"] = data_of(what.facts);
  return json::serialize(event);
}

}  // namespace dualwrite::engine
