#include "engine/config/key_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/config/value_check.h"
#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

std::string capitalised(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 32);
  return text;
}

// Whatever stands behind such a key, it is better not shown.
bool sounds_secret(std::string_view key) {
  return key.find("pass") != std::string_view::npos ||
         key.find("secret") != std::string_view::npos ||
         key.find("token") != std::string_view::npos;
}

class key_checker {
 public:
  explicit key_checker(check_state& state) : state_(state) {}

  void check_object(yaml_node const& node, object_rule const& rule, text_place owner) {
    if (node.is_refused) return void(state_.faulty.insert(&node));
    if (node.kind != yaml_kind::object) {
      return state_.refuse(node,
                           config_code::wrong_type,
                           fmt::format("{} needs keys with values, not {}.",
                                       capitalised(std::string(rule.called)),
                                       name_of(node.kind)));
    }
    auto const known = keys_of(node, rule);
    present_keys present;
    for (auto const& [key, value] : node.members) {
      if (key.is_refused) continue;
      if (key.text == "<<") {
        refuse_merge(key);
        // What it would bring is not missing.
        for (auto const* one : known.keys) present.emplace(one->name);
        continue;
      }
      auto const found = std::find_if(known.keys.begin(), known.keys.end(), [&](auto const* one) {
        return one->name == key.text;
      });
      if (found == known.keys.end()) {
        present.insert(refuse_unknown(key, value, known));
        continue;
      }
      if (node.find(key.text) != &value) {
        state_.refuse_twice(key, known.called);
        state_.faulty.insert(&value);
        continue;
      }
      present.insert(key.text);
      check_value(key, value, **found);
    }
    for (auto const* key : known.keys) {
      if (!key->required || present.contains(key->name)) continue;
      if (known.is_guess && key->name != rule.tag) continue;
      refuse_absent(known.called, *key, owner);
    }
    if (!rule.alternatives.empty()) check_alternatives(node, rule, present, owner);
  }

 private:
  using present_keys = std::set<std::string, std::less<>>;

  void check_alternatives(yaml_node const& node,
                          object_rule const& rule,
                          present_keys const& present,
                          text_place owner) {
    object_rule::alternative const* chosen = nullptr;
    for (auto const& one : rule.alternatives) {
      if (!present.contains(one.key)) continue;
      if (chosen != nullptr) return refuse_beside(node, one.key, chosen->key);
      chosen = &one;
    }
    if (chosen == nullptr) {
      std::vector<std::string_view> names;
      for (auto const& one : rule.alternatives) names.push_back(one.key);
      return state_.problems.error(config_code::missing_key,
                                   owner,
                                   fmt::format("{} needs one of {}.",
                                               capitalised(std::string(rule.called)),
                                               fmt::join(names, ", ")));
    }
    for (auto const& one : rule.alternatives) {
      for (auto const key : one.also) {
        if (&one == chosen && !present.contains(key)) refuse_absent(rule, key, owner);
        if (&one != chosen && present.contains(key)) refuse_beside(node, key, chosen->key);
      }
    }
  }
  void refuse_beside(yaml_node const& node, std::string_view key, std::string_view other) {
    for (auto const& [name, value] : node.members) {
      if (name.text != key) continue;
      return state_.refuse(name,
                           config_code::invalid_value,
                           fmt::format("'{}' cannot stand beside '{}'.", key, other),
                           "keep one of them.");
    }
  }
  void refuse_absent(object_rule const& rule, std::string_view name, text_place owner) {
    auto const key = std::find_if(
        rule.keys.begin(), rule.keys.end(), [&](auto const& one) { return one.name == name; });
    refuse_absent(std::string(rule.called), *key, owner);
  }
  void refuse_absent(std::string const& called, key_rule const& key, text_place owner) {
    state_.problems.error(
        config_code::missing_key,
        owner,
        fmt::format("{} needs '{}': {}", capitalised(called), key.name, lower_first(key.meaning)),
        fmt::format("add {}: {}", key.name, key.example));
  }

  static std::string lower_first(std::string_view sentence) {
    std::string text(sentence);
    if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z')
      text.front() = static_cast<char>(text.front() + 32);
    return text;
  }
  void refuse_merge(yaml_node const& key) {
    state_.refuse(key,
                  config_code::not_supported,
                  "A merge key (<<) cannot be used here.",
                  "write the settings out where they belong.");
  }
  struct known_keys {
    std::string called;
    std::vector<key_rule const*> keys;
    bool is_guess = false;
  };
  // Where the object does not tell which variant it is, that is what is wrong with it, and not the
  // keys of its variant.
  static known_keys keys_of(yaml_node const& node, object_rule const& rule) {
    known_keys known{std::string(rule.called), rule.keys_of({}), false};
    if (rule.tag.empty()) return known;
    auto const* tag = node.find(rule.tag);
    for (auto const& one : rule.variants) {
      if (tag == nullptr || tag->text != one.value) continue;
      return {fmt::format("{} with {} {}", rule.called, rule.tag, one.value),
              rule.keys_of(one.value),
              false};
    }
    for (auto const& one : rule.variants) {
      for (auto const& key : one.keys) known.keys.push_back(&key);
    }
    known.is_guess = true;
    return known;
  }

  // Gives the key that was probably meant.
  std::string refuse_unknown(yaml_node const& key,
                             yaml_node const& value,
                             known_keys const& known) {
    std::vector<std::string_view> names;
    for (auto const* one : known.keys) names.push_back(one->name);
    if (sounds_secret(key.text)) state_.problems.hide(value.where);
    state_.refuse(key,
                  config_code::unknown_key,
                  fmt::format("There is no key '{}' in {}.", key.text, known.called),
                  did_you_mean(key.text, names));
    return near_name(key.text, names);
  }

  void check_value(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    switch (rule.kind) {
      case key_kind::object:
        return check_object(value, *rule.members, key.where);
      case key_kind::object_list:
        if (!state_.needs(key, value, rule, {yaml_kind::list})) return;
        for (auto const& item : value.items) check_object(item, *rule.members, item.where);
        return;
      case key_kind::object_map:
        return check_names(key, value, rule);
      default:
        return check_plain_value(state_, key, value, rule);
    }
  }

  void check_names(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!state_.needs(key, value, rule, {yaml_kind::object})) return;
    std::set<std::string> seen;
    for (auto const& [name, member] : value.members) {
      if (name.is_refused) {
        state_.faulty.insert(&member);
        continue;
      }
      if (name.text == "<<") {
        refuse_merge(name);
        state_.faulty.insert(&member);
        continue;
      }
      state_.check_name(name);
      if (!seen.insert(name.text).second) {
        state_.refuse_twice(name, key.text);
        state_.faulty.insert(&member);
        continue;
      }
      check_object(member, *rule.members, name.where);
    }
  }

  check_state& state_;
};

}  // namespace

faulty_nodes check_keys(yaml_node const& root, object_rule const& rule, problem_list& problems) {
  check_state state{problems, {}};
  key_checker(state).check_object(root, rule, {root.where.offset, 1});
  return std::move(state.faulty);
}

}  // namespace dualwrite::engine
