// Arrays as PostgreSQL writes them: {1,NULL,"a, b",{...}}; in front of it may stand bounds, as in
// [0:1]={1,2}.
#pragma once

#include <string>
#include <string_view>

#include "events/result.h"
#include "events/table_schema.h"

namespace dualwrite::engine::postgresql {

// `column` is of arrays, and says what their elements are.
// Errors: `value_malformed`; also for bounds, which an array of ours has not.
[[nodiscard]] result<value> to_array(std::string_view text, column_schema const& column);

// Of an array that passes check_value().
[[nodiscard]] std::string array_text(value const& array);

}  // namespace dualwrite::engine::postgresql
