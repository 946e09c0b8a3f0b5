#include "engine/config/key_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "engine/config/scalars.h"
#include "engine/mapping/expression_parser.h"
#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

std::string did_you_mean(std::string_view name, std::span<std::string_view const> known) {
  auto const near = near_name(name, known);
  return near.empty() ? fmt::format("write one of {}.", fmt::join(known, ", "))
                      : fmt::format("did you mean '{}'?", near);
}

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
  explicit key_checker(problem_list& problems) : problems_(problems) {}

  faulty_nodes faulty;

  void check_object(yaml_node const& node, object_rule const& rule, text_place owner) {
    if (node.is_refused) return void(faulty.insert(&node));
    if (node.kind != yaml_kind::object) {
      return refuse(node,
                    config_code::wrong_type,
                    fmt::format("{} needs keys with values, not {}.",
                                capitalised(std::string(rule.called)),
                                name_of(node.kind)));
    }
    auto const known = keys_of(node, rule);
    std::set<std::string, std::less<>> present;
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
        refuse_twice(key, known.called);
        faulty.insert(&value);
        continue;
      }
      present.insert(key.text);
      check_value(key, value, **found);
    }
    for (auto const* key : known.keys) {
      if (!key->required || present.contains(key->name)) continue;
      if (known.is_guess && key->name != rule.tag) continue;
      problems_.error(
          config_code::missing_key,
          owner,
          fmt::format(
              "{} needs '{}': {}", capitalised(known.called), key->name, lower_first(key->meaning)),
          fmt::format("add {}: {}", key->name, key->example));
    }
  }

 private:
  void refuse(yaml_node const& node,
              config_code code,
              std::string message,
              std::string suggestion = {}) {
    faulty.insert(&node);
    problems_.error(code, node.where, std::move(message), std::move(suggestion));
  }
  static std::string lower_first(std::string_view sentence) {
    std::string text(sentence);
    if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z')
      text.front() = static_cast<char>(text.front() + 32);
    return text;
  }
  void refuse_merge(yaml_node const& key) {
    refuse(key,
           config_code::not_supported,
           "A merge key (<<) cannot be used here.",
           "write the settings out where they belong.");
  }
  void refuse_twice(yaml_node const& key, std::string_view where) {
    refuse(key,
           config_code::duplicate_key,
           fmt::format("'{}' stands twice in {}.", key.text, where),
           "keep one of them.");
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
    if (sounds_secret(key.text)) problems_.hide(value.where);
    refuse(key,
           config_code::unknown_key,
           fmt::format("There is no key '{}' in {}.", key.text, known.called),
           did_you_mean(key.text, names));
    return near_name(key.text, names);
  }

  bool needs(yaml_node const& key,
             yaml_node const& value,
             key_rule const& rule,
             std::initializer_list<yaml_kind> kinds) {
    if (std::find(kinds.begin(), kinds.end(), value.kind) != kinds.end()) return true;
    if (value.is_refused) return !faulty.insert(&value).second;
    auto const message =
        value.kind == yaml_kind::null
            ? fmt::format("'{}' has no value; it needs {}.", key.text, describe(rule))
            : fmt::format("'{}' needs {}, not {}.", key.text, describe(rule), name_of(value.kind));
    refuse(value, config_code::wrong_type, message, type_hint(key, value, rule));
    return false;
  }
  static std::string type_hint(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!value.is_single() || value.kind == yaml_kind::null) return {};
    switch (rule.kind) {
      case key_kind::text:
      case key_kind::name:
      case key_kind::path:
      case key_kind::expression:
        return fmt::format("put it in quotes if it is meant as a text: \"{}\"", value.text);
      case key_kind::boolean:
        if (value.text == "yes" || value.text == "on") return "write true.";
        return value.text == "no" || value.text == "off" ? "write false." : "";
      default:
        return fmt::format("as in {}: {}", key.text, rule.example);
    }
  }
  void need(bool holds, yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (holds) return;
    refuse(value,
           config_code::invalid_value,
           fmt::format("'{}' needs {}, not '{}'.", key.text, describe(rule), value.text),
           fmt::format("as in {}: {}", key.text, rule.example));
  }

  void check_value(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    switch (rule.kind) {
      case key_kind::object:
        return check_object(value, *rule.members, key.where);
      case key_kind::object_list:
        if (!needs(key, value, rule, {yaml_kind::list})) return;
        for (auto const& item : value.items) check_object(item, *rule.members, item.where);
        return;
      case key_kind::object_map:
        return check_names(key, value, rule);
      case key_kind::value_map:
        return check_value_map(key, value, rule);
      case key_kind::choice_list:
        return check_choices(key, value, rule);
      case key_kind::mail_list:
        return check_mails(key, value, rule);
      case key_kind::literal:
        needs(key,
              value,
              rule,
              {yaml_kind::text, yaml_kind::whole_number, yaml_kind::number, yaml_kind::boolean});
        return;
      case key_kind::whole_number:
        if (needs(key, value, rule, {yaml_kind::whole_number})) check_number(key, value, rule);
        return;
      case key_kind::boolean:
        needs(key, value, rule, {yaml_kind::boolean});
        return;
      case key_kind::choice:
        if (needs(key, value, rule, {yaml_kind::text})) check_choice(key, value, rule);
        return;
      default:
        if (!needs(key, value, rule, {yaml_kind::text})) return;
        if (value.text.empty())
          return refuse(value,
                        config_code::invalid_value,
                        fmt::format("'{}' is empty; it needs {}.", key.text, describe(rule)));
        check_text(key, value, rule);
        return;
    }
  }

  void check_text(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    switch (rule.kind) {
      case key_kind::name:
        return check_name(value);
      case key_kind::duration: {
        auto const span = parse_duration(value.text);
        return need(
            span && span->count() >= rule.min && span->count() <= rule.max, key, value, rule);
      }
      case key_kind::address:
        return need(parse_address(value.text).has_value(), key, value, rule);
      case key_kind::mail:
        return need(is_mail_address(value.text), key, value, rule);
      case key_kind::expression:
        return check_expression(key, value);
      case key_kind::secret:
      case key_kind::postgresql_url:
      case key_kind::smtp_url:
        return check_secret(key, value, rule);
      default:
        return;
    }
  }

  void check_number(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    bool const plain =
        value.text.size() < 18 && value.text.find_first_not_of("0123456789") == std::string::npos;
    auto const number = plain ? std::stoll(value.text) : rule.min - 1;
    need(number >= rule.min && number <= rule.max, key, value, rule);
  }

  void check_choice(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (std::find(rule.choices.begin(), rule.choices.end(), value.text) != rule.choices.end())
      return;
    refuse(value,
           config_code::invalid_value,
           fmt::format("'{}' cannot be '{}'.", key.text, value.text),
           did_you_mean(value.text, rule.choices));
  }

  void check_choices(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!needs(key, value, rule, {yaml_kind::list})) return;
    if (value.items.empty())
      return refuse(value,
                    config_code::invalid_value,
                    fmt::format("'{}' is empty; it needs {}.", key.text, describe(rule)));
    std::set<std::string> seen;
    for (auto const& item : value.items) {
      if (!needs(key, item, rule, {yaml_kind::text})) continue;
      check_choice(key, item, rule);
      if (!seen.insert(item.text).second)
        refuse(item,
               config_code::used_twice,
               fmt::format("'{}' stands twice.", item.text),
               "keep one of them.");
    }
  }

  void check_mails(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!needs(key, value, rule, {yaml_kind::text, yaml_kind::list})) return;
    auto const check = [&](yaml_node const& node, text_place part) {
      auto const address = std::string_view(node.text).substr(part.offset, part.length);
      if (is_mail_address(address)) return;
      faulty.insert(&node);
      auto const message = address.empty() ? std::string("An address is missing here.")
                                           : fmt::format("'{}' is not a mail address.", address);
      problems_.error(config_code::invalid_value,
                      node.place_of(part),
                      message,
                      fmt::format("as in {}: {}", key.text, rule.example));
    };
    if (value.kind == yaml_kind::text) {
      for (auto const part : split_list(value.text)) check(value, part);
    }
    for (auto const& item : value.items) {
      if (needs(key, item, rule, {yaml_kind::text})) check(item, {0, item.text.size()});
    }
  }

  void check_name(yaml_node const& value) {
    if (is_valid_name(value.text)) return;
    refuse(value,
           config_code::invalid_name,
           fmt::format("'{}' cannot be a name.", value.text),
           "a name has 1 to 100 bytes, no slash or control character, no space at either end and "
           "no dash at the front.");
  }

  void check_names(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!needs(key, value, rule, {yaml_kind::object})) return;
    std::set<std::string> seen;
    for (auto const& [name, member] : value.members) {
      if (name.is_refused) {
        faulty.insert(&member);
        continue;
      }
      if (name.text == "<<") {
        refuse_merge(name);
        faulty.insert(&member);
        continue;
      }
      check_name(name);
      if (!seen.insert(name.text).second) {
        refuse_twice(name, key.text);
        faulty.insert(&member);
        continue;
      }
      check_object(member, *rule.members, name.where);
    }
  }

  void check_value_map(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!needs(key, value, rule, {yaml_kind::object, yaml_kind::list})) return;
    if (value.items.empty() && value.members.empty())
      return refuse(value,
                    config_code::invalid_value,
                    fmt::format("'{}' is empty.", key.text),
                    "leave it out.");
    std::set<std::string> seen;
    auto const check = [&](yaml_node const& one) {
      if (one.is_single() && one.kind != yaml_kind::null) return;
      faulty.insert(&value);
      refuse(
          one,
          config_code::wrong_type,
          fmt::format("'{}' maps values to values, and this is {}.", key.text, name_of(one.kind)),
          one.kind == yaml_kind::null ? "for NULL, name a default." : "");
    };
    for (auto const& [left, right] : value.members) {
      check(left);
      check(right);
      if (seen.insert(left.text).second) continue;
      faulty.insert(&value);
      refuse_twice(left, key.text);
    }
    for (auto const& pair : value.items) {
      if (pair.kind != yaml_kind::list || pair.items.size() != 2) {
        faulty.insert(&value);
        refuse(pair,
               config_code::wrong_type,
               "A pair of values is needed here.",
               "as in [Germany, DE]");
        continue;
      }
      for (auto const& one : pair.items) check(one);
    }
  }

  void check_expression(yaml_node const& key, yaml_node const& value) {
    auto const parsed = parse_expression(value.text);
    if (!parsed.fault) return;
    faulty.insert(&value);
    auto const inside = value.content.length > 0
                            ? std::string()
                            : " " + inner_place(value.text, parsed.fault->where.offset);
    problems_.error(
        config_code::expression,
        value.place_of(parsed.fault->where),
        fmt::format("'{}' is not an expression{}: {}", key.text, inside, parsed.fault->reason),
        parsed.fault->fix);
  }
  // Where a text is escaped or folded, its places cannot be shown in the file.
  static std::string inner_place(std::string_view text, std::size_t offset) {
    auto const before = text.substr(0, offset);
    auto const line = 1 + std::count(before.begin(), before.end(), '\n');
    auto const last_end = before.rfind('\n');
    auto const column = offset - (last_end == std::string_view::npos ? 0 : last_end + 1) + 1;
    return line == 1 ? fmt::format("at its character {}", column)
                     : fmt::format("in its line {} at character {}", line, column);
  }

  void check_secret(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    auto const secret = parse_secret(value.text);
    if (secret.from != secret_source::itself) return need(!secret.name.empty(), key, value, rule);
    if (rule.kind == key_kind::secret || holds_password(value.text)) {
      problems_.hide(value.where);
      return refuse(
          value,
          config_code::secret_in_file,
          rule.kind == key_kind::secret
              ? fmt::format("'{}' must not stand in the file itself.", key.text)
              : fmt::format("'{}' holds a password, which must not stand in the file.", key.text),
          fmt::format("name a variable or a file that holds it: {}: env:NAME or {}: file:PATH",
                      key.text,
                      key.text));
    }
    need(rule.kind == key_kind::smtp_url ? is_smtp_url(value.text) : is_postgresql_url(value.text),
         key,
         value,
         rule);
  }

  problem_list& problems_;
};

}  // namespace

faulty_nodes check_keys(yaml_node const& root, object_rule const& rule, problem_list& problems) {
  key_checker checker(problems);
  checker.check_object(root, rule, {root.where.offset, 1});
  return std::move(checker.faulty);
}

}  // namespace dualwrite::engine
