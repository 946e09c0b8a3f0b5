// JSON as apps keep it: the same document may come back with other spaces, another order of
// members, other zeros.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/value.h"

namespace dualwrite::engine {

// One text for all texts of the same document: no spaces, members sorted by name and the last of
// equal names kept, strings with the shortest escapes, numbers as exact decimals without needless
// zeros. Nothing where the text is not JSON, or is nested deeper than 200.
[[nodiscard]] std::optional<std::string> canonical_json(std::string_view text);

// Whether two values are the same but for how an app spaces or orders JSON.
[[nodiscard]] bool is_same_document(value const& a, value const& b);

// A JSON string of the text, and the text of one; nothing where it is none.
[[nodiscard]] std::string quoted_json(std::string_view text);
[[nodiscard]] std::optional<std::string> unquoted_json(std::string_view text);

}  // namespace dualwrite::engine
