// The program: reads its command line, does it, and ends with the code that docs/cli.md lists.
#include <fmt/format.h>
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "engine/cli/command_table.h"

int main(int count, char** words) {
  using namespace dualwrite::engine;
  try {
    std::signal(SIGPIPE, SIG_IGN);
    auto const line = parse_command_line({words + 1, words + count});
    if (!line) {
      fmt::print(stderr, "dualwrite: {}\n", line.error().detail);
      return static_cast<int>(exit_code::usage);
    }
    return static_cast<int>(line->command->run(*line));
  } catch (std::exception const& why) {
    fmt::print(stderr, "dualwrite: internal error: {}\n", why.what());
    return static_cast<int>(exit_code::internal);
  }
}
