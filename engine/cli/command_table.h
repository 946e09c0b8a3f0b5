// Every command of the program, once: for reading the command line, help, completion and the
// reference.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cli/exit_code.h"
#include "events/result.h"

namespace dualwrite::engine {

struct command_line;

struct cli_option {
  std::string_view name;   // without the dashes
  std::string_view value;  // what stands behind it; empty for a switch
  std::string_view help;
};

using cli_action = exit_code (*)(command_line const& line);

struct cli_command {
  std::string_view words;      // "map list"
  std::string_view arguments;  // "MAP…"
  std::string_view summary;
  std::string_view options;  // names, with spaces between them; `client` stands for those of every
                             // client command
  std::string_view example;
  std::size_t arguments_min = 0;
  std::size_t arguments_max = 0;
  cli_action run = nullptr;
};

[[nodiscard]] std::span<cli_command const> cli_commands();
// Those about catch-up errors and conflicts, and about alert rules and maintenance; they are among
// all of them.
[[nodiscard]] std::span<cli_command const> error_cli_commands();
[[nodiscard]] std::span<cli_command const> alert_cli_commands();
[[nodiscard]] std::span<cli_option const> cli_options();
[[nodiscard]] std::vector<cli_option const*> options_of(cli_command const& command);

// A command line that was understood.
struct command_line {
  cli_command const* command = nullptr;
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> options{};

  bool has(std::string const& option) const { return options.contains(option); }
  std::string get(std::string const& option, std::string otherwise = {}) const;
};

// Errors: `request_invalid` with what is wrong and a line to try.
[[nodiscard]] result<command_line> parse_command_line(std::vector<std::string> const& given);

}  // namespace dualwrite::engine
