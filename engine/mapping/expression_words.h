// The words of expressions: what people call the types, and what only the grammar may use.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/value.h"

namespace dualwrite::engine {

// Names are in lower case.
[[nodiscard]] std::optional<value_type> type_before_text(std::string_view name);
[[nodiscard]] std::optional<value_type> type_after_as(std::string_view name);
// What to write instead of a name that no type has.
[[nodiscard]] std::string which_type_is_meant(std::string_view name);
[[nodiscard]] bool is_keyword(std::string_view name);

}  // namespace dualwrite::engine
