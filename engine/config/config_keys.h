// Every key that a configuration file may hold: the one table by which files are checked, the JSON
// Schema is made and the reference is written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dualwrite::engine {

enum class key_kind : std::uint8_t {
  text,          // any, but not empty
  name,          // of an app, a link, a map or a rule; see is_valid_name
  path,          // of a file or folder; relative to the configuration file's folder
  whole_number,  // from min to max
  boolean,
  duration,        // from min to max, in microseconds
  choice,          // one of choices
  choice_list,     // some of choices
  address,         // HOST:PORT
  mail,            // one mail address
  mail_list,       // mail addresses in one text with commas between them, or a list of them
  name_list,       // some names
  moment,          // a date with a time, as clocks show it
  zone,            // of the time zone database
  http_url,        // env:NAME, file:PATH, or a URL without a password
  postgresql_url,  // env:NAME, file:PATH, or a URL or connection string without a password
  smtp_url,        // env:NAME, file:PATH, or a URL without a password
  secret,          // env:NAME or file:PATH
  expression,      // SQL
  literal,         // a single value as it is written: text, number, true or false
  value_map,       // values of the left side with those of the right side
  object,          // members
  object_list,     // objects of members
  object_map,      // names with objects of members
};

struct object_rule;

struct key_rule {
  std::string_view name{};
  key_kind kind = key_kind::text;
  bool required = false;
  std::string_view fallback{};  // what holds where the key is absent, for people
  std::string_view meaning{};   // a sentence
  std::string_view example{};   // YAML
  std::span<std::string_view const> choices{};
  std::int64_t min = 0;
  std::int64_t max = 0;
  object_rule const* members = nullptr;
};

// The keys of an object. Where `variants` are named, the object has those of the variant too whose
// `value` its `tag` has. Where `alternatives` are named, it has the `key` of exactly one of them,
// and the keys of its `also`, but those of no other.
struct object_rule {
  struct variant {
    std::string_view value{};
    std::span<key_rule const> keys{};
  };

  struct alternative {
    std::string_view key{};
    std::span<std::string_view const> also{};
  };

  std::string_view called{};  // "a link", "an app"
  std::span<key_rule const> keys{};
  std::string_view tag{};
  std::span<variant const> variants{};
  std::span<alternative const> alternatives{};

  // The keys of this variant; those that are common where the value is none of them.
  [[nodiscard]] std::vector<key_rule const*> keys_of(std::string_view value) const;
};

// The whole file.
[[nodiscard]] object_rule const& file_rule();

// "a whole number from 1 to 5", "one of left, right": what a value has to be.
[[nodiscard]] std::string describe(key_rule const& rule);

// The names of enums in files; the index is the enum's number.
[[nodiscard]] std::span<std::string_view const> conflict_choices();
[[nodiscard]] std::span<std::string_view const> delete_choices();
[[nodiscard]] std::span<std::string_view const> unit_choices();
[[nodiscard]] std::span<std::string_view const> limit_choices();  // of queues: keep, detach
[[nodiscard]] std::span<std::string_view const> side_choices();
[[nodiscard]] std::span<std::string_view const> way_choices();     // the third one is "both"
[[nodiscard]] std::span<std::string_view const> action_choices();  // of alert rules
[[nodiscard]] std::span<std::string_view const> scope_choices();   // of alert rules: link, map
[[nodiscard]] std::span<std::string_view const> effect_choices();  // of alert rules: restart, now
[[nodiscard]] std::span<std::string_view const> repetition_choices();
[[nodiscard]] std::span<std::string_view const> alert_way_choices();
[[nodiscard]] std::span<std::string_view const>
fault_choices();  // without `none` and `dependency`: from 1 to 9

}  // namespace dualwrite::engine
