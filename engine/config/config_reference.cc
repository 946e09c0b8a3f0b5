#include "engine/config/config_reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <set>

#include "engine/config/config_keys.h"

namespace dualwrite::engine {
namespace {

struct reference {
  std::string out{};
  std::set<object_rule const*> told{};

  void row(key_rule const& key) {
    auto const fallback = key.required           ? std::string("*needed*")
                          : key.fallback.empty() ? std::string("none")
                                                 : std::string(key.fallback);
    auto const example =
        key.example == "see below" ? std::string("below") : fmt::format("`{}`", key.example);
    fmt::format_to(std::back_inserter(out),
                   "| `{}` | {} | {} | {} | {} |\n",
                   key.name,
                   describe(key),
                   fallback,
                   key.meaning,
                   example);
  }
  void head(std::string const& place, std::string const& what) {
    out += place.empty() ? fmt::format("### {}\n\n", what)
                         : fmt::format("### `{}`: {}\n\n", place, what);
    out += "| key | value | default | meaning | example |\n|---|---|---|---|---|\n";
  }
  void tell_alternatives(object_rule const& rule) {
    std::vector<std::string> choices;
    for (auto const& one : rule.alternatives) {
      auto text = fmt::format("`{}`", one.key);
      if (!one.also.empty()) text += fmt::format(" (with `{}`)", fmt::join(one.also, "` and `"));
      choices.push_back(std::move(text));
    }
    out += fmt::format("Exactly one of {}.\n\n", fmt::join(choices, ", "));
  }
  void section(std::string const& place, object_rule const& rule) {
    if (!told.insert(&rule).second) return;
    head(place, std::string(rule.called));
    for (auto const& key : rule.keys) row(key);
    out += "\n";
    if (!rule.alternatives.empty()) tell_alternatives(rule);
    for (auto const& one : rule.variants) {
      head(place, fmt::format("{} with `{}: {}` has besides", rule.called, rule.tag, one.value));
      for (auto const& key : one.keys) row(key);
      out += "\n";
    }
    for (auto const& key : rule.keys) {
      if (key.members == nullptr) continue;
      auto const dot = place.empty() ? "" : ".";
      auto const many = key.kind == key_kind::object_list  ? "[]"
                        : key.kind == key_kind::object_map ? ".NAME"
                                                           : "";
      section(fmt::format("{}{}{}{}", place, dot, key.name, many), *key.members);
    }
  }
};

}  // namespace

std::string config_reference() {
  reference made;
  made.section("", file_rule());
  return std::move(made.out);
}

}  // namespace dualwrite::engine
