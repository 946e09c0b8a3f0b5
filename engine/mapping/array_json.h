// Arrays as the text that they have in a column without arrays: JSON, where only what JSON has is
// without quotes. [1,null,2.50], [true,["a \"b\"","2026-01-01"]].
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "events/result.h"
#include "events/value.h"

namespace dualwrite::engine {

// `array` is one, of elements that print as text.
[[nodiscard]] std::string print_array(value const& array);

// What is between commas is given to `read` as text, without its quotes.
// Errors: `value_not_convertible` with the reason alone; those of `read`.
[[nodiscard]] result<value> parse_array(std::string_view json,
                                        std::function<result<value>(std::string)> const& read);

}  // namespace dualwrite::engine
