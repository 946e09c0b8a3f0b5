// Parts of statements about single rows.
#pragma once

#include <string>
#include <vector>

#include "engine/connectors/postgresql/connection.h"
#include "events/table_schema.h"

namespace dualwrite::engine::postgresql {

// Quoted.
[[nodiscard]] std::string name_of(table_schema const& schema, std::size_t column);
// `first` is the number of the first parameter.
[[nodiscard]] std::string key_condition(table_schema const& schema,
                                        std::vector<std::size_t> const& columns,
                                        std::size_t first);
// Errors: `value_not_convertible`.
[[nodiscard]] result<void> add_values(parameters& to, row_values const& values);

}  // namespace dualwrite::engine::postgresql
