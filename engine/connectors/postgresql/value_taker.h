// Which row has a value already that must be unique.
#pragma once

#include <optional>
#include <string>

#include "engine/connectors/postgresql/postgresql_schema.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

// By the write's key columns; nothing where the index is on expressions, or the write does not
// bring all that it is on. After the refusal was taken back.
// Errors: those of connection.
[[nodiscard]] result<std::optional<referenced_row>> taker_of(connection& on,
                                                             target_write const& wish,
                                                             table_facts const& of,
                                                             std::string const& index);

}  // namespace dualwrite::engine::postgresql
