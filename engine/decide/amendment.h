// Values that an admin gives in place of a parked record's own.
#pragma once

#include <vector>

#include "engine/decide/map_decider.h"
#include "engine/ports/target_app.h"
#include "events/table_schema.h"

namespace dualwrite::engine {

// Errors: `amendment_invalid` where the target's table has no such column, where it belongs to the
// key, or where its type does not take the value.
[[nodiscard]] result<void> check_amendment(projections::views const& state,
                                           amend_record const& wish,
                                           direction way);

// Puts the values into the write. A column that its table no longer takes them in is left out.
void amend(target_write& write,
           std::vector<projections::amended_column> const& columns,
           table_schema const& schema);

}  // namespace dualwrite::engine
