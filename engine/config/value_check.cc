#include "engine/config/value_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/config/scalars.h"
#include "engine/mapping/expression_parser.h"
#include "engine/mapping/near_name.h"

namespace dualwrite::engine {
namespace {

std::string type_hint(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
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

class value_checker {
 public:
  explicit value_checker(check_state& state) : state_(state) {}

  void check(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    switch (rule.kind) {
      case key_kind::value_map:
        return check_value_map(key, value, rule);
      case key_kind::choice_list:
        return check_choices(key, value, rule);
      case key_kind::mail_list:
        return check_mails(key, value, rule);
      case key_kind::name_list:
        return check_names(key, value, rule);
      case key_kind::literal:
        state_.needs(
            key,
            value,
            rule,
            {yaml_kind::text, yaml_kind::whole_number, yaml_kind::number, yaml_kind::boolean});
        return;
      case key_kind::whole_number:
        if (state_.needs(key, value, rule, {yaml_kind::whole_number}))
          check_number(key, value, rule);
        return;
      case key_kind::boolean:
        state_.needs(key, value, rule, {yaml_kind::boolean});
        return;
      case key_kind::choice:
        if (state_.needs(key, value, rule, {yaml_kind::text})) check_choice(key, value, rule);
        return;
      default:
        if (!state_.needs(key, value, rule, {yaml_kind::text})) return;
        if (value.text.empty()) return refuse_empty(key, value, rule);
        if (value.text.find('\0') != std::string::npos) {
          return state_.refuse(
              value,
              config_code::invalid_value,
              fmt::format("'{}' holds a NUL character, where texts end.", key.text));
        }
        check_text(key, value, rule);
        return;
    }
  }

 private:
  void refuse_empty(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    state_.refuse(value,
                  config_code::invalid_value,
                  fmt::format("'{}' is empty; it needs {}.", key.text, describe(rule)));
  }
  void need(bool holds, yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (holds) return;
    state_.refuse(value,
                  config_code::invalid_value,
                  fmt::format("'{}' needs {}, not '{}'.", key.text, describe(rule), value.text),
                  fmt::format("as in {}: {}", key.text, rule.example));
  }

  void check_text(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    switch (rule.kind) {
      case key_kind::name:
        return state_.check_name(value);
      case key_kind::duration: {
        auto const span = parse_duration(value.text);
        return need(
            span && span->count() >= rule.min && span->count() <= rule.max, key, value, rule);
      }
      case key_kind::address:
        return need(parse_address(value.text).has_value(), key, value, rule);
      case key_kind::mail:
        return need(is_mail_address(value.text), key, value, rule);
      case key_kind::moment:
        return need(parse_moment(value.text).has_value(), key, value, rule);
      case key_kind::zone:
        return need(is_time_zone(value.text), key, value, rule);
      case key_kind::expression:
        return check_expression(key, value);
      case key_kind::secret:
      case key_kind::postgresql_url:
      case key_kind::smtp_url:
      case key_kind::http_url:
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
    state_.refuse(value,
                  config_code::invalid_value,
                  fmt::format("'{}' cannot be '{}'.", key.text, value.text),
                  did_you_mean(value.text, rule.choices));
  }

  void check_choices(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!state_.needs(key, value, rule, {yaml_kind::list})) return;
    if (value.items.empty()) return refuse_empty(key, value, rule);
    std::set<std::string> seen;
    for (auto const& item : value.items) {
      if (!state_.needs(key, item, rule, {yaml_kind::text})) continue;
      check_choice(key, item, rule);
      refuse_repeated(item, seen);
    }
  }

  void check_names(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!state_.needs(key, value, rule, {yaml_kind::list})) return;
    if (value.items.empty()) return refuse_empty(key, value, rule);
    std::set<std::string> seen;
    for (auto const& item : value.items) {
      if (!state_.needs(key, item, rule, {yaml_kind::text})) continue;
      state_.check_name(item);
      // Names stand in lists with commas between them.
      if (item.text.find(',') != std::string::npos)
        state_.refuse(item, config_code::invalid_name, "A name in a list has no comma.");
      refuse_repeated(item, seen);
    }
  }
  void refuse_repeated(yaml_node const& item, std::set<std::string>& seen) {
    if (seen.insert(item.text).second) return;
    state_.refuse(item,
                  config_code::used_twice,
                  fmt::format("'{}' stands twice.", item.text),
                  "keep one of them.");
  }

  void check_mails(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!state_.needs(key, value, rule, {yaml_kind::text, yaml_kind::list})) return;
    auto const check = [&](yaml_node const& node, text_place part) {
      auto const address = std::string_view(node.text).substr(part.offset, part.length);
      if (is_mail_address(address)) return;
      state_.faulty.insert(&node);
      auto const message = address.empty() ? std::string("An address is missing here.")
                                           : fmt::format("'{}' is not a mail address.", address);
      state_.problems.error(config_code::invalid_value,
                            node.place_of(part),
                            message,
                            fmt::format("as in {}: {}", key.text, rule.example));
    };
    if (value.kind == yaml_kind::text) {
      for (auto const part : split_list(value.text)) check(value, part);
    }
    for (auto const& item : value.items) {
      if (state_.needs(key, item, rule, {yaml_kind::text})) check(item, {0, item.text.size()});
    }
  }

  void check_value_map(yaml_node const& key, yaml_node const& value, key_rule const& rule) {
    if (!state_.needs(key, value, rule, {yaml_kind::object, yaml_kind::list})) return;
    if (value.items.empty() && value.members.empty())
      return state_.refuse(value,
                           config_code::invalid_value,
                           fmt::format("'{}' is empty.", key.text),
                           "leave it out.");
    std::set<std::string> seen;
    auto const check = [&](yaml_node const& one) {
      if (one.is_refused) return void(state_.faulty.insert(&value));
      if (one.is_single() && one.kind != yaml_kind::null) return;
      state_.faulty.insert(&value);
      state_.refuse(
          one,
          config_code::wrong_type,
          fmt::format("'{}' maps values to values, and this is {}.", key.text, name_of(one.kind)),
          one.kind == yaml_kind::null ? "for NULL, name a default." : "");
    };
    for (auto const& [left, right] : value.members) {
      check(left);
      check(right);
      if (seen.insert(left.text).second) continue;
      state_.faulty.insert(&value);
      state_.refuse_twice(left, key.text);
    }
    for (auto const& pair : value.items) {
      if (pair.kind != yaml_kind::list || pair.items.size() != 2) {
        state_.faulty.insert(&value);
        state_.refuse(pair,
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
    state_.faulty.insert(&value);
    auto const inside = !value.line_starts.empty()
                            ? std::string()
                            : " " + inner_place(value.text, parsed.fault->where.offset);
    state_.problems.error(
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
      state_.problems.hide(value.where);
      return state_.refuse(
          value,
          config_code::secret_in_file,
          rule.kind == key_kind::secret
              ? fmt::format("'{}' must not stand in the file itself.", key.text)
              : fmt::format("'{}' holds a password, which must not stand in the file.", key.text),
          fmt::format("name a variable or a file that holds it: {}: env:NAME or {}: file:PATH",
                      key.text,
                      key.text));
    }
    need(is_url_of(rule.kind, value.text), key, value, rule);
  }
  static bool is_url_of(key_kind kind, std::string_view text) {
    if (kind == key_kind::smtp_url) return is_smtp_url(text);
    return kind == key_kind::http_url ? is_http_url(text) : is_postgresql_url(text);
  }

  check_state& state_;
};

}  // namespace

void check_state::refuse(yaml_node const& node,
                         config_code code,
                         std::string message,
                         std::string suggestion) {
  faulty.insert(&node);
  problems.error(code, node.where, std::move(message), std::move(suggestion));
}

void check_state::refuse_twice(yaml_node const& key, std::string_view where) {
  refuse(key,
         config_code::duplicate_key,
         fmt::format("'{}' stands twice in {}.", key.text, where),
         "keep one of them.");
}

bool check_state::needs(yaml_node const& key,
                        yaml_node const& value,
                        key_rule const& rule,
                        std::initializer_list<yaml_kind> kinds) {
  if (std::find(kinds.begin(), kinds.end(), value.kind) != kinds.end()) return true;
  if (value.is_refused) return faulty.insert(&value), false;
  auto const message =
      value.kind == yaml_kind::null
          ? fmt::format("'{}' has no value; it needs {}.", key.text, describe(rule))
          : fmt::format("'{}' needs {}, not {}.", key.text, describe(rule), name_of(value.kind));
  refuse(value, config_code::wrong_type, message, type_hint(key, value, rule));
  return false;
}

void check_state::check_name(yaml_node const& value) {
  if (is_valid_name(value.text)) return;
  refuse(value,
         config_code::invalid_name,
         fmt::format("'{}' cannot be a name.", value.text),
         "a name has 1 to 100 bytes, no slash or control character, no space at either end and "
         "no dash at the front.");
}

std::string did_you_mean(std::string_view name, std::span<std::string_view const> known) {
  auto const near = near_name(name, known);
  return near.empty() ? fmt::format("write one of {}.", fmt::join(known, ", "))
                      : fmt::format("did you mean '{}'?", near);
}

void check_plain_value(check_state& state,
                       yaml_node const& key,
                       yaml_node const& value,
                       key_rule const& rule) {
  value_checker(state).check(key, value, rule);
}

}  // namespace dualwrite::engine
