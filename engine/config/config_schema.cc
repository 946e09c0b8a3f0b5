#include <fmt/format.h>

#include <boost/json.hpp>

#include "engine/config/config_keys.h"
#include "engine/config/load.h"
#include "events/duration_text.h"

namespace dualwrite::engine {
namespace {

namespace json = boost::json;

constexpr std::string_view name_pattern =
    R"(^(?![ -])[^/\u0000-\u001f\u007f]*[^/ \u0000-\u001f\u007f]$)";
constexpr std::string_view secret_pattern = "env:[A-Za-z_][A-Za-z0-9_]*|file:.+";
constexpr std::string_view mail_pattern = R"(^[^@\s,]+@[A-Za-z0-9._-]+$)";

json::string to_json(std::string_view text) {
  return json::string(text.data(), text.size());
}

json::object text_of(std::string_view pattern) {
  return {{"type", "string"}, {"pattern", to_json(pattern)}};
}
json::array to_array(std::span<std::string_view const> choices) {
  json::array made;
  for (auto const one : choices) made.push_back(to_json(one));
  return made;
}
json::object literal_schema() {
  return {{"type", json::array{"string", "number", "boolean"}}};
}

json::object value_map_schema() {
  json::object const pair{
      {"type", "array"}, {"items", literal_schema()}, {"minItems", 2}, {"maxItems", 2}};
  json::object const names{
      {"type", "object"}, {"additionalProperties", literal_schema()}, {"minProperties", 1}};
  json::object const pairs{{"type", "array"}, {"items", pair}, {"minItems", 1}};
  return {{"oneOf", json::array{names, pairs}}};
}
json::object mail_list_schema() {
  json::object const one{{"type", "string"}, {"minLength", 3}};
  json::object const many{{"type", "array"}, {"items", text_of(mail_pattern)}};
  return {{"oneOf", json::array{one, many}}};
}

json::object schema_of(object_rule const& rule);

json::object schema_of_kind(key_rule const& rule) {
  switch (rule.kind) {
    case key_kind::text:
    case key_kind::path:
    case key_kind::expression:
      return {{"type", "string"}, {"minLength", 1}};
    case key_kind::name: {
      auto made = text_of(name_pattern);
      made["maxLength"] = 100;
      return made;
    }
    case key_kind::whole_number:
      return {{"type", "integer"}, {"minimum", rule.min}, {"maximum", rule.max}};
    case key_kind::boolean:
      return {{"type", "boolean"}};
    case key_kind::duration:
      return text_of("^[0-9]+(us|ms|s|m|h|d|w)$");
    case key_kind::choice:
      return {{"enum", to_array(rule.choices)}};
    case key_kind::choice_list: {
      json::object const one{{"enum", to_array(rule.choices)}};
      return {{"type", "array"}, {"items", one}, {"minItems", 1}, {"uniqueItems", true}};
    }
    case key_kind::address:
      return text_of(R"(^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$)");
    case key_kind::mail:
      return text_of(mail_pattern);
    case key_kind::mail_list:
      return mail_list_schema();
    case key_kind::name_list: {
      auto one = text_of(name_pattern);
      one["maxLength"] = 100;
      return {{"type", "array"}, {"items", one}, {"minItems", 1}, {"uniqueItems", true}};
    }
    case key_kind::moment:
      return text_of("^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?$");
    case key_kind::zone:
      return text_of("^[A-Za-z0-9+_/-]+$");
    case key_kind::http_url:
      return text_of(fmt::format(R"(^({}|https?://\S+)$)", secret_pattern));
    case key_kind::postgresql_url:
      return text_of(fmt::format(R"(^({}|postgres(ql)?://\S+|(?!.*://).*=.*)$)", secret_pattern));
    case key_kind::smtp_url:
      return text_of(fmt::format(R"(^({}|smtps?://\S+)$)", secret_pattern));
    case key_kind::secret:
      return text_of(fmt::format("^({})$", secret_pattern));
    case key_kind::literal:
      return literal_schema();
    case key_kind::value_map:
      return value_map_schema();
    case key_kind::object:
      return schema_of(*rule.members);
    case key_kind::object_list:
      return {{"type", "array"}, {"items", schema_of(*rule.members)}};
    case key_kind::object_map:
      return {{"type", "object"},
              {"propertyNames", {{"pattern", to_json(name_pattern)}, {"maxLength", 100}}},
              {"additionalProperties", schema_of(*rule.members)}};
  }
  return {};
}

// Some fallbacks are words for people ("any number"): those are no values.
void add_default(key_rule const& rule, json::object& into) {
  if (rule.fallback.empty()) return;
  std::string const text(rule.fallback);
  switch (rule.kind) {
    case key_kind::whole_number:
      if (text.find_first_not_of("0123456789") == std::string::npos)
        into["default"] = std::stoll(text);
      return;
    case key_kind::boolean:
      into["default"] = rule.fallback == "true";
      return;
    case key_kind::choice:
      if (std::find(rule.choices.begin(), rule.choices.end(), rule.fallback) != rule.choices.end())
        into["default"] = to_json(rule.fallback);
      return;
    case key_kind::duration:
      if (parse_duration(text)) into["default"] = to_json(rule.fallback);
      return;
    case key_kind::address:
    case key_kind::path:
      into["default"] = to_json(rule.fallback);
      return;
    default:
      return;
  }
}

json::object schema_of_keys(std::vector<key_rule const*> const& keys) {
  json::object properties;
  json::array required;
  for (auto const* key : keys) {
    auto one = schema_of_kind(*key);
    one["description"] = to_json(key->meaning);
    add_default(*key, one);
    properties[to_json(key->name)] = std::move(one);
    if (key->required) required.push_back(to_json(key->name));
  }
  json::object made{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) made["required"] = std::move(required);
  made["additionalProperties"] = false;
  return made;
}

json::array required_keys(object_rule::alternative const& one) {
  json::array made{to_json(one.key)};
  for (auto const key : one.also) made.push_back(to_json(key));
  return made;
}
// Exactly one of them, with its companions and without those of the others.
json::array schema_of_alternatives(std::span<object_rule::alternative const> alternatives) {
  json::array made;
  for (auto const& one : alternatives) {
    json::array others;
    for (auto const& other : alternatives) {
      if (other.key == one.key) continue;
      for (auto const& key : required_keys(other))
        others.push_back(json::object{{"required", json::array{key}}});
    }
    made.push_back(json::object{{"required", required_keys(one)},
                                {"not", json::object{{"anyOf", std::move(others)}}}});
  }
  return made;
}

json::object schema_of(object_rule const& rule) {
  if (!rule.alternatives.empty()) {
    auto made = schema_of_keys(rule.keys_of({}));
    made["oneOf"] = schema_of_alternatives(rule.alternatives);
    return made;
  }
  if (rule.variants.empty()) return schema_of_keys(rule.keys_of({}));
  json::array variants;
  for (auto const& one : rule.variants) {
    auto made = schema_of_keys(rule.keys_of(one.value));
    auto& tag = made["properties"].as_object()[to_json(rule.tag)].as_object();
    tag.erase("enum");
    tag["const"] = to_json(one.value);
    variants.push_back(std::move(made));
  }
  return {{"oneOf", std::move(variants)}};
}

// With line ends, for people.
void print(json::value const& from, std::string const& indent, std::string& out) {
  auto const inner = indent + "  ";
  auto const each = [&](auto const& container, char open, char close, auto print_one) {
    out += open;
    bool is_first = true;
    for (auto const& one : container) {
      out += is_first ? "\n" + inner : ",\n" + inner;
      is_first = false;
      print_one(one);
    }
    out += "\n" + indent + close;
  };
  if (auto const* object = from.if_object(); object != nullptr && !object->empty()) {
    each(*object, '{', '}', [&](auto const& member) {
      out += json::serialize(json::string(member.key())) + ": ";
      print(member.value(), inner, out);
    });
  } else if (auto const* list = from.if_array();
             list != nullptr && !list->empty() && list->front().is_object()) {
    each(*list, '[', ']', [&](auto const& one) { print(one, inner, out); });
  } else {
    out += json::serialize(from);
  }
}

}  // namespace

std::string config_schema() {
  json::object made{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                    {"title", "dualwrite configuration"}};
  for (auto const& member : schema_of(file_rule())) made[member.key()] = member.value();
  std::string out;
  print(made, "", out);
  out.push_back('\n');
  return out;
}

}  // namespace dualwrite::engine
