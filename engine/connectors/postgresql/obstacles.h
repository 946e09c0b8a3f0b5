// What of a table, its server and our role keeps a map from being kept in step.
#pragma once

#include <vector>

#include "engine/connectors/postgresql/connection.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

// `publication` is the one that captures.
// Errors: `table_missing`; those of connection.
[[nodiscard]] result<std::vector<obstacle>> obstacles_of(connection& on,
                                                         table_use const& use,
                                                         std::string const& publication);

}  // namespace dualwrite::engine::postgresql
