// Rows of a table in the order of a key.
#pragma once

#include "engine/connectors/sqlite/database.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::sqlite {

// Where keys are stored otherwise than we write them a chunk holds all that is behind its begin:
// the database puts them in order by what is stored, and the next chunk would begin behind what we
// write.
// Errors: `table_missing`; `value_not_convertible` where a bound cannot be a key of the table, or
// where all of such a table is too much at once; those of database.
[[nodiscard]] result<chunk> read_chunk_of(database& on, chunk_request const& request);

}  // namespace dualwrite::engine::sqlite
