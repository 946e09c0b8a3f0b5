// The name that was probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dualwrite::engine {

// The known name that differs least from `name`, capitals aside, by at most a third of its letters;
// empty where none does.
[[nodiscard]] std::string near_name(std::string_view name, std::span<std::string_view const> known);

}  // namespace dualwrite::engine
