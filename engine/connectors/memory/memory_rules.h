// What an application in memory holds its rows to, beside what a test gives it as functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/connectors/memory/memory_app.h"

namespace dualwrite::engine {

using memory_tables = std::map<std::string, memory_table>;

[[nodiscard]] row_values pick(row_values const& row, std::vector<std::size_t> const& columns);

[[nodiscard]] bool has_null(row_values const& values);

// The row of these values; `columns` need not be the table's key. Nothing where there is none.
[[nodiscard]] row_values const* find_row(memory_table const& table,
                                         std::vector<std::size_t> const& columns,
                                         row_values const& values);

// What `row`, which stands in its table already, breaks: not-null, unique, foreign keys.
[[nodiscard]] std::optional<refusal> breach_of(memory_tables const& tables,
                                               memory_table const& table,
                                               row_values const& row);

// Whether others refer to `gone`, which stood in `table`, and find nothing there any more.
[[nodiscard]] std::optional<refusal> breach_without(memory_tables const& tables,
                                                    memory_table const& table,
                                                    row_values const& gone);

}  // namespace dualwrite::engine
