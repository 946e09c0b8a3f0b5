// Bytes that are meant to be text.
#pragma once

#include <string>
#include <string_view>

namespace dualwrite {

// Whether all of it is characters; surrogates and characters written too long are none.
[[nodiscard]] bool is_utf8(std::string_view bytes);

// Text of an app, made valid UTF-8, so that a reader takes it.
[[nodiscard]] std::string utf8(std::string_view bytes);

}  // namespace dualwrite
