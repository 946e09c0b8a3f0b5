// What COPY takes and tells, in its text format.
#pragma once

#include <cstddef>
#include <string>

#include "events/value.h"

namespace dualwrite::engine::postgresql {

// A value of a line; what stands between values and lines is the caller's.
void add_copied(std::string& line, value const& what);

// The line that a refusal is about, from 1 on; zero where that is not told.
[[nodiscard]] std::size_t copied_line(std::string const& context, std::string const& table);

}  // namespace dualwrite::engine::postgresql
