// What an app's table that is not as it was leads to. Nothing is written by a definition that does
// not fit: the map pauses, its records wait, and it says what differs.
#pragma once

#include <string>

#include "engine/decide/map_decider.h"
#include "events/table_schema.h"

namespace dualwrite::engine {

// SchemaObserved where the table was not seen like this before, and a PauseRequested for every map
// at work whose definition does not fit it. Nothing where it is as it was.
[[nodiscard]] drafts decide_observed(projections::views const& state,
                                     link_id link,
                                     app_id app,
                                     table_schema const& table);

// The app has no such table any more. Maps that write it pause; those that read it stop, because
// nothing tells what changed in it meanwhile.
[[nodiscard]] drafts decide_gone(projections::views const& state,
                                 app_id app,
                                 std::string const& table,
                                 std::string const& why);

// The map's table on one side must not be used as the map does: a PauseRequested that says why.
[[nodiscard]] drafts decide_barred(projections::views const& state,
                                   map_id map,
                                   std::string const& why);

// Whether the definition of a map fits the tables as they were last seen.
// Errors: `invalid_definition`, with all problems, one to a line.
[[nodiscard]] result<void> fits(projections::map_status const& status,
                                projections::map_row const& map);

}  // namespace dualwrite::engine
