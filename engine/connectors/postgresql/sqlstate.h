// What the states of the server's refusals say.
#pragma once

#include <string_view>

#include "events/error.h"

namespace dualwrite::engine::postgresql {

// Where the server refused: its own function, and the statements and functions around it.
struct refused_in {
  std::string_view function{};
  std::string_view context{};
};
// What is not known to heal by itself is not waited for: it is `row_refused`.
[[nodiscard]] error_code code_of(std::string_view state, refused_in const& where);

}  // namespace dualwrite::engine::postgresql
