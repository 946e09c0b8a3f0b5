// What the states of the server's refusals say.
#pragma once

#include <string_view>

#include "events/error.h"

namespace dualwrite::engine::postgresql {

// `raised_in` is the server's own function that refused.
// What is not known to heal by itself is not waited for: it is `row_refused`.
[[nodiscard]] error_code code_of(std::string_view state, std::string_view raised_in = {});

}  // namespace dualwrite::engine::postgresql
