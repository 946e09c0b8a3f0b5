// Values between SQLite's five storage classes and our types. A column's declared type says what
// its values are to be; a value that is stored otherwise is given as what it is, so that the
// mapping can say which record has it.
#pragma once

#include <span>
#include <string_view>

#include "engine/connectors/sqlite/database.h"
#include "events/table_schema.h"
#include "events/value.h"

namespace dualwrite::engine::sqlite {

// What a declared type stands for, by SQLite's own rules of affinity and by the names that people
// use for the rest.
[[nodiscard]] value_type type_of(std::string_view declared);

[[nodiscard]] value to_value(stored const& what, column_schema const& column);

// Errors: `value_not_convertible` where SQLite cannot keep the value as it is (a decimal of more
// than 15 digits in a column of numeric affinity, a float that is not a number).
[[nodiscard]] result<stored> to_stored(value const& what, column_schema const& column);

// Reads "1,'it''s',X'00',TX'6100',NULL": what quote() made of a row, and of a text with a NUL in it
// T and its bytes.
// Errors: `value_malformed`.
[[nodiscard]] result<std::vector<stored>> parse_quoted(std::string_view text);

}  // namespace dualwrite::engine::sqlite
