#include "engine/api/event_json.h"

#include <fmt/format.h>
#include <array>
#include <boost/json/array.hpp>

#include "engine/api/captured_record.h"
#include "engine/api/json_forms.h"
#include "events/row_image.h"

namespace dualwrite::engine {
namespace {

template <class T>
concept has_fields = requires(T& t) {
  t.fields();
};
template <class T>
concept has_name = requires(T t) {
  dualwrite::name_of(t);
};

template <has_fields T>
boost::json::object fields_json(T const& event);

// A key as its values; of other bytes their number only, since they are for machines.
boost::json::value blob_json(std::string_view name, std::string_view bytes) {
  bool const is_key = name == "key" || name.ends_with("_key");
  if (!is_key) return boost::json::value(fmt::format("{} bytes", bytes.size()));
  auto const values = decode_key(bytes);
  if (!values) return boost::json::value(fmt::format("{} bytes", bytes.size()));
  boost::json::array json;
  for (auto const& one : *values) json.push_back(json_of(one));
  return boost::json::value(std::move(json));
}

template <class T>
boost::json::value member_json(std::string_view name, T const& member) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return boost::json::value(utf8(member));
  } else if constexpr (std::is_same_v<T, blob>) {
    return blob_json(name, member.bytes);
  } else if constexpr (std::is_same_v<T, bool>) {
    return boost::json::value(member);
  } else if constexpr (std::is_same_v<T, direction> || std::is_same_v<T, side>) {
    return boost::json::value(name_of(member));
  } else if constexpr (std::is_enum_v<T> && has_name<T>) {
    return boost::json::value(dualwrite::name_of(member));
  } else if constexpr (std::is_enum_v<T>) {
    return boost::json::value(static_cast<unsigned>(member));
  } else if constexpr (std::is_same_v<T, instant>) {
    return json_of(member);
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    return json_of(member);
  } else if constexpr (std::is_integral_v<T>) {
    return boost::json::value(member);
  } else if constexpr (has_fields<T>) {
    return boost::json::value(fields_json(member));
  } else if constexpr (requires { member.begin(); }) {
    boost::json::array json;
    for (auto const& one : member) json.push_back(member_json(name, one));
    return boost::json::value(std::move(json));
  } else {
    return json_of(member);
  }
}

// The names stand in one text, in the order of the fields.
std::string_view next_name(std::string_view& names) {
  auto const end = names.find(',');
  auto name = names.substr(0, end);
  names = end == std::string_view::npos ? std::string_view{} : names.substr(end + 1);
  while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
  return name;
}

template <has_fields T>
boost::json::object fields_json(T const& event) {
  boost::json::object json;
  auto names = T::field_names;
  auto const put = [&](auto const& member) {
    auto const name = next_name(names);
    json[name] = member_json(name, member);
  };
  std::apply([&](auto const&... member) { (put(member), ...); }, event.fields());
  return json;
}

template <std::size_t... I>
constexpr auto types_of(std::index_sequence<I...>) {
  return std::array<event_type, sizeof...(I) + 1>{
      event_type::none, type_of<std::variant_alternative_t<I + 1, any_event>>...};
}
constexpr auto types = types_of(std::make_index_sequence<std::variant_size_v<any_event> - 1>());

}  // namespace

std::string stream_name(stream_id stream) {
  switch (stream.kind) {
    case stream_kind::system:
      return "system";
    case stream_kind::link:
      return fmt::format("link-{}", stream.id);
    case stream_kind::map:
      return fmt::format("map-{}", stream.id);
    case stream_kind::rule:
      return fmt::format("rule-{}", stream.id);
    case stream_kind::access:
      return "access";
    case stream_kind::plan:
      return fmt::format("plan-{}", stream.id);
  }
  return "unknown";
}

std::string_view name_of_type(event_view const& event) {
  return dualwrite::name_of(types[event.body.index()]);
}

boost::json::object event_json(event_view const& event) {
  boost::json::object json;
  json["sequence"] = json_of(event.at);
  json["span"] = event.span;
  json["type"] = name_of_type(event);
  json["stream"] = stream_name(event.stream);
  json["recorded_at"] = json_of(event.recorded_at);
  json["actor"] = event.from.actor.empty() ? "engine" : utf8(event.from.actor);
  if (event.from.correlation) json["correlation"] = json_of(event.from.correlation);
  if (event.from.cause) json["cause"] = json_of(event.from.cause);
  if (!event.from.command.empty()) json["command_id"] = utf8(event.from.command);
  auto const put = [&](auto const& body) {
    if constexpr (has_fields<std::remove_cvref_t<decltype(body)>>) json["data"] = fields_json(body);
  };
  std::visit(put, event.body);
  return json;
}

boost::json::object verify_json(verify_report const& report) {
  boost::json::object json;
  json["ok"] = report.ok;
  json["head"] = json_of(report.head.at);
  json["events"] = json_of(report.events);
  json["first_bad_sequence"] =
      report.first_bad ? json_of(report.first_bad) : boost::json::value(nullptr);
  json["reason"] =
      report.reason.empty() ? boost::json::value(nullptr) : boost::json::value(utf8(report.reason));
  return json;
}

boost::json::object event_json(projections::views const& state,
                               event_view const& event,
                               std::size_t records_max) {
  auto json = event_json(event);
  if (records_max == 0) return json;
  auto records = records_json(state, event, records_max);
  if (records && !records->is_null()) json["records"] = std::move(*records);
  return json;
}

boost::json::object cloud_event_json(log_id log, boost::json::object event) {
  boost::json::object json;
  json["specversion"] = "1.0";
  json["id"] = event["sequence"];
  json["source"] = fmt::format("urn:dualwrite:log:{}", log.value);
  json["type"] = fmt::format("dualwrite.{}", std::string_view(event["type"].as_string()));
  json["subject"] = event["stream"];
  json["time"] = event["recorded_at"];
  json["datacontenttype"] = "application/json";
  // Extension attributes; names may have small letters and digits only.
  for (auto const* name : {"sequence", "span", "actor", "correlation", "cause"}) {
    if (auto const* member = event.if_contains(name)) json[name] = *member;
  }
  if (auto const* command = event.if_contains("command_id")) json["commandid"] = *command;
  boost::json::object content;
  for (auto const* name : {"data", "records"}) {
    if (auto const* member = event.if_contains(name)) content[name] = *member;
  }
  json["data"] = std::move(content);
  return json;
}

}  // namespace dualwrite::engine
