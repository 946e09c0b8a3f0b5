#include <algorithm>
#include <boost/json/array.hpp>

#include "engine/api/route_table.h"

namespace dualwrite::engine {
namespace {

using boost::json::array;
using boost::json::object;

object parameter(std::string_view name, std::string_view in, bool required) {
  object json;
  json["name"] = name;
  json["in"] = in;
  json["required"] = required;
  json["schema"] = object{{"type", "string"}};
  return json;
}

array parameters_of(route const& one) {
  array list;
  for (auto rest = one.pattern; rest.find('{') != std::string_view::npos;) {
    rest.remove_prefix(rest.find('{') + 1);
    list.push_back(parameter(rest.substr(0, rest.find('}')), "path", true));
  }
  for (auto rest = one.asks; !rest.empty();) {
    auto const end = std::min(rest.find(' '), rest.size());
    list.push_back(parameter(rest.substr(0, end), "query", false));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  bool const is_command = one.method == "POST" && one.role >= access_role::operates;
  if (is_command) list.push_back(parameter("Idempotency-Key", "header", false));
  return list;
}

object content(std::string_view type, object schema) {
  object media;
  media["schema"] = std::move(schema);
  object json;
  json[type] = std::move(media);
  return json;
}

object responses_of(route const& one) {
  object fine;
  fine["description"] = one.summary;
  object const any{{"type", "object"}};
  if (one.reply == nullptr) {
    fine["content"] = content("text/event-stream", object{{"type", "string"}});
  } else if (one.name == "metrics") {
    fine["content"] = content("text/plain", object{{"type", "string"}});
  } else {
    fine["content"] = content("application/json", any);
  }
  object problem;
  problem["description"] = "What is wrong.";
  problem["content"] =
      content("application/problem+json", object{{"$ref", "#/components/schemas/problem"}});
  object json;
  json["200"] = std::move(fine);
  json["default"] = std::move(problem);
  return json;
}

std::string_view role_name(access_role role) {
  switch (role) {
    case access_role::nobody:
      return "none";
    case access_role::viewer:
      return "viewer";
    case access_role::operates:
      return "operator";
    case access_role::admin:
      return "admin";
  }
  return "unknown";
}

object operation_of(route const& one) {
  object json;
  json["operationId"] = one.name;
  json["summary"] = one.summary;
  json["x-role"] = role_name(one.role);
  json["parameters"] = parameters_of(one);
  json["responses"] = responses_of(one);
  if (one.role == access_role::nobody) json["security"] = array{};
  if (one.method == "POST" && one.role != access_role::viewer) {
    object body;
    body["content"] = content("application/json", object{{"type", "object"}});
    json["requestBody"] = std::move(body);
  }
  return json;
}

object components() {
  object problem;
  problem["type"] = "object";
  object members;
  for (auto const* name : {"type", "title", "detail", "code", "sequence"}) {
    members[name] = object{{"type", "string"}};
  }
  for (auto const* name : {"status", "number"}) members[name] = object{{"type", "integer"}};
  problem["properties"] = std::move(members);
  problem["required"] = array{"type", "title", "status", "code"};
  object json;
  json["schemas"] = object{{"problem", std::move(problem)}};
  object bearer{{"type", "http"}, {"scheme", "bearer"}};
  json["securitySchemes"] = object{{"token", std::move(bearer)}};
  return json;
}

}  // namespace

object open_api() {
  object paths;
  for (auto const& one : routes()) {
    if (!paths.contains(one.pattern)) paths[one.pattern] = object{};
    std::string method(one.method);
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) {
      return static_cast<char>(c | 0x20);
    });
    paths[one.pattern].as_object()[method] = operation_of(one);
  }
  object json;
  json["openapi"] = "3.1.0";
  json["info"] = object{{"title", "dualwrite"}, {"version", "0.1.0"}};
  json["security"] = array{object{{"token", array{}}}};
  json["paths"] = std::move(paths);
  json["components"] = components();
  return json;
}

}  // namespace dualwrite::engine
