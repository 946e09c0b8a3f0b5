// Bytes that are meant to be text.
#pragma once

#include <string>
#include <string_view>

namespace dualwrite {

// Text of an app, made valid UTF-8, so that a reader takes it.
[[nodiscard]] std::string utf8(std::string_view bytes);

}  // namespace dualwrite
