// Reads a table in portions, each with the position in the server's log that it was read at.
#pragma once

#include "engine/connectors/postgresql/connection.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

// A commit is in the server's log a moment before other sessions see it, so no place in the log is
// a snapshot's by itself. For as long as it takes to begin the snapshot and to ask for the place,
// `guard` keeps writers off the table: nothing of it is committed in between. A table that is never
// free of writers is waited for, shortly: they wait behind us.
// Errors: `app_busy` where a writer holds the table too long; those of connection.
[[nodiscard]] result<chunk> read_rows(connection& on,
                                      connection& guard,
                                      chunk_request const& request);

}  // namespace dualwrite::engine::postgresql
