// The lanes' rows and the maps' places, in the file that they are about.
#pragma once

#include "engine/connectors/sqlite/database.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::sqlite {

[[nodiscard]] result<void> install_lanes(database& on);
// Inside a transaction of the caller's.
[[nodiscard]] result<lane_row> open_lane(database& on, lane_key const& lane, epoch known);
// Also removes what the batch before left in parts.
// Errors: `lane_fenced` where the row is not as the batch expects it.
[[nodiscard]] result<void> check_lane(database& on, target_batch const& batch);
[[nodiscard]] result<void> move_lane(database& on,
                                     target_batch const& batch,
                                     std::string const& outcome);

}  // namespace dualwrite::engine::sqlite
