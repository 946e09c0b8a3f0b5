// Rows of an app that is captured.
#pragma once

#include "engine/flow/link_context.h"

namespace dualwrite::engine {

// Their snapshot is of the incarnation that we know the app by, their table as the map takes it.
// Errors: those of source_app, `table_changed` too where the table is of another form; `app_busy`
// where the app was set back, or is another one, until it is captured anew.
[[nodiscard]] async<chunk> read_chunk(link_context& context,
                                      compiled_map const& map,
                                      side of,
                                      chunk_request request);

}  // namespace dualwrite::engine
