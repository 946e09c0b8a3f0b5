// The guard against mass deletes: when deletes towards one side are too many, and what follows.
// Pure.
#pragma once

#include <optional>
#include <vector>

#include "engine/decide/map_decider.h"
#include "engine/mapping/map_definition.h"

namespace dualwrite::engine {

// The limit that so many deletes are over, in rows; none where they may go through. `rows` are
// those of the target's table before the deletes; a share is not judged where it is empty.
[[nodiscard]] std::optional<std::uint64_t> limit_passed(delete_limits const& limits,
                                                        std::uint64_t deletes,
                                                        std::optional<std::uint64_t> rows);

// Says what was found, and pauses the maps; those that are about to leave anyhow are left out.
[[nodiscard]] drafts decide_mass_deletes(projections::views const& state,
                                         std::vector<MassDeleteFound> const& found);

}  // namespace dualwrite::engine
