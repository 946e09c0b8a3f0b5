// Which life of which database a capture is of, and where that life has come to.
#pragma once

#include <cstdint>

#include "engine/connectors/postgresql/connection.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

// A life is a database of a server on one of its timelines: a server that was set back by its own
// means, or a standby that took the place of another, goes on with a timeline of its own, and what
// was told of the former one need not be true of it.
//
// Behind every commit that was made before the call.
[[nodiscard]] result<source_position> head_of(connection& on);

}  // namespace dualwrite::engine::postgresql
