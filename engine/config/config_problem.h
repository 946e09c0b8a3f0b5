// What is wrong with a configuration file, and how it is told.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dualwrite::engine {

// The names are what people search for: never rename.
enum class config_code : std::uint8_t {
  syntax,         // this is not YAML
  not_supported,  // YAML that this file does without: anchors, aliases, merge keys, tags, several
                  // documents
  unknown_key,    // there is no such setting here
  duplicate_key,  // it stands here twice
  missing_key,    // a setting that is needed
  wrong_type,     // a text where a number is needed, and the like
  invalid_value,  // of the right type, but not one of those that are possible
  invalid_name,   // a name that could not be typed or shown
  name_taken,     // two things of the same name
  unknown_app,    // a link ties apps that the file has
  used_twice,     // a column or a table is paired twice
  secret_unreadable,  // the variable or the file that holds a secret is not there
  secret_in_file,     // a password stands in the file itself
  expression,         // does not parse
  not_one_to_one,     // a value map that goes both ways, but has no way back
  unreachable_rule,   // an alert rule that cannot fire at the pace of retries
};

[[nodiscard]] std::string_view name_of(config_code code);

struct config_problem {
  std::uint32_t line = 1;    // from 1
  std::uint32_t column = 1;  // from 1, in characters
  std::uint32_t width = 1;   // characters of the line that it is about; at least 1
  config_code code = config_code::syntax;
  bool is_warning = false;    // does not keep the configuration from being used
  std::string message{};      // a sentence
  std::string suggestion{};   // what to do; may be empty
  std::string source_line{};  // the line of the file, without its end

  friend bool operator==(config_problem const&, config_problem const&) = default;
};

// As a compiler prints them:
//   dualwrite.yaml:4:30: error: There is no key 'pth' in an app of connector sqlite. [unknown_key]
//       4 |   crm: { connector: sqlite, pth: crm.db }
//         |                             ^~~
//         = did you mean 'path'?
[[nodiscard]] std::string format_problems(std::span<config_problem const> problems,
                                          std::string_view file_name);

}  // namespace dualwrite::engine
