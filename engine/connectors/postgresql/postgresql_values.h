// Values as PostgreSQL writes and reads them in text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "events/result.h"
#include "events/table_schema.h"

namespace dualwrite::engine::postgresql {

// Of a base type's name in pg_type; what is not known is carried as it is, as `opaque`.
[[nodiscard]] value_type type_of(std::string_view type_name);

// Errors: `value_malformed` where the text is not of the column's type.
[[nodiscard]] result<value> to_value(std::string_view text, column_schema const& column);

// As to_value(). A text that is not of the column's type, stands for more than is kept of it, or is
// no UTF-8 is carried as it is, as `opaque`: only records are refused whose map reads the column.
[[nodiscard]] value read_value(std::string_view text, column_schema const& column);

// Errors: `value_not_convertible` where PostgreSQL has no such value.
[[nodiscard]] result<void> check_value(value const& what);
// Of a value that passes check_value(), and is neither NULL nor unchanged.
void append_text(std::string& to, value const& what);
// NULL is nothing.
// Errors: those of check_value().
[[nodiscard]] result<std::optional<std::string>> to_text(value const& what);

// About how many bytes they take in a statement.
[[nodiscard]] std::size_t rough_bytes_of(std::span<value const> values);

}  // namespace dualwrite::engine::postgresql
