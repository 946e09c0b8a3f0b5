// How a database is reached.
#pragma once

#include <string>

#include "events/result.h"

namespace dualwrite::engine::postgresql {

// What libpq takes; where the text is `file:PATH`, the first line of that file as it is now.
// Errors: `app_unreachable` where the file cannot be read.
[[nodiscard]] result<std::string> url_named(std::string const& text);

// The settings that our sessions need, as libpq's `options`. What the URL itself wishes stands
// before ours, which counts.
[[nodiscard]] std::string options_with(std::string const& url);

}  // namespace dualwrite::engine::postgresql
