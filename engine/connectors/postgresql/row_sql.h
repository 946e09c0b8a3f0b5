// Parts of statements about rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/connectors/postgresql/connection.h"
#include "events/table_schema.h"

namespace dualwrite::engine::postgresql {

// Quoted.
[[nodiscard]] std::string name_of(table_schema const& schema, std::size_t column);
// Whether it is GENERATED ALWAYS AS IDENTITY: a row can be made with it, and it cannot be changed.
[[nodiscard]] bool is_fixed(column_schema const& column);
// Between an INSERT's columns and what is inserted into them.
[[nodiscard]] char const* overriding(table_schema const& schema,
                                     std::vector<std::size_t> const& columns);
// `first` is the number of the first parameter.
[[nodiscard]] std::string key_condition(table_schema const& schema,
                                        std::vector<std::size_t> const& columns,
                                        std::size_t first);
// Of an array that is begun with "{", and ended with "}".
void add_element(std::string& array, std::optional<std::string_view> text);
// A value that passes check_value().
void add_element(std::string& array, value const& what);
[[nodiscard]] std::string array_of(std::vector<std::string> const& texts);
// Errors: `value_not_convertible`.
[[nodiscard]] result<void> add_values(parameters& to, row_values const& values);

}  // namespace dualwrite::engine::postgresql
