// What a table declares of its rows, as a question that is asked before they are written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/connectors/postgresql/postgresql_schema.h"

namespace dualwrite::engine::postgresql {

// Whether a value is refused by NOT NULL, or by the length of its column.
[[nodiscard]] bool breaks_column_rules(column_schema const& column,
                                       std::optional<std::string> const& text);

// A condition on a relation `r` with columns of the table, which holds for rows that CHECK, foreign
// keys or unique indexes of it will refuse; empty where there are none.
// It is a guess that saves work: a rule on a column that is not given, an expression or the table
// itself is not asked, nor whether two of the relation's rows have the same unique value.
// Errors: those of connection.
[[nodiscard]] result<std::string> breaks_declared_rules(connection& on,
                                                        table_facts const& of,
                                                        std::vector<std::size_t> const& columns,
                                                        std::vector<std::size_t> const& key);

}  // namespace dualwrite::engine::postgresql
