// What the command table says, for people and for shells.
#pragma once

#include <span>
#include <string>

#include "engine/cli/command_table.h"

namespace dualwrite::engine {

// Of one command, of a noun's commands, or of all.
[[nodiscard]] std::string help_text(std::span<std::string const> words);
[[nodiscard]] std::string bash_completion();
// docs/cli.md.
[[nodiscard]] std::string cli_reference();

}  // namespace dualwrite::engine
