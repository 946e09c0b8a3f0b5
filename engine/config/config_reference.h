// The tables of docs/config.md, made from the table of keys.
#pragma once

#include <string>

namespace dualwrite::engine {

// Markdown: a section for each object of the file, a row for each of its keys.
[[nodiscard]] std::string config_reference();

}  // namespace dualwrite::engine
