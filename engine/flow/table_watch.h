// Looks at the apps' tables again, and tells the log what is not as it was. Called when a map is
// run or resumed, when a capture begins, and when an app says that a table is not what we take it
// for.
#pragma once

#include <string>

#include "engine/flow/link_context.h"

namespace dualwrite::engine {

// One table of one side: SchemaObserved where it is new, and a pause for the maps that it does not
// fit.
// Errors: those of source_app::describe, `table_missing` among them; `stopped`.
[[nodiscard]] async<void> look_at_table(link_context& context, side of, std::string table);

// Every table of this side that a map at work has. A table that is gone stops the maps that read
// it and pauses those that write it.
// Errors: those of source_app::describe without `table_missing`; `stopped`.
[[nodiscard]] async<void> look_at_tables(link_context& context, side of);

enum class table_role : std::uint8_t { both, written };

// How the map uses its table of this side, in this role.
[[nodiscard]] table_use use_of(map_definition const& definition, side of, table_role as);

// What keeps the table of a map from being used as the map does, in this role, each with what mends
// it, one to a line; empty where nothing does.
// Errors: those of source_app::find_obstacles; `stopped`.
[[nodiscard]] async<std::string> find_obstacles(link_context& context,
                                                map_definition const& definition,
                                                side of,
                                                table_role as);

}  // namespace dualwrite::engine
