// How the program ends. The numbers are for scripts: never renumber.
#pragma once

#include <string_view>

#include "events/error.h"

namespace dualwrite::engine {

enum class exit_code : int {
  fine = 0,
  internal = 1,
  usage = 2,
  config_invalid = 3,
  record_errors = 4,
  unreachable = 5,
  not_authorized = 6,
  not_found = 7,
  refused = 8,
  timed_out = 9,
};

[[nodiscard]] exit_code exit_code_of(error_code code);
// For a code that came over the wire; `internal` where this release does not know it.
[[nodiscard]] error_code error_code_named(std::string_view name);

}  // namespace dualwrite::engine
