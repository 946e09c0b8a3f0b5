// Durations as people write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/instant.h"

namespace dualwrite {

// "500ms", "15m", "1d": a whole number and one of us, ms, s, m, h, d, w. Nothing where it is not,
// or is beyond 10,000 years.
[[nodiscard]] std::optional<duration> parse_duration(std::string_view text);
// With the largest unit that is exact; a duration that is not negative reads back as it was.
[[nodiscard]] std::string print_duration(duration span);

}  // namespace dualwrite
