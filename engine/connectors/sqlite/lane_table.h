// The lanes' rows and the maps' places, in the file that they are about.
#pragma once

#include "engine/connectors/sqlite/database.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::sqlite {

[[nodiscard]] result<void> install_lanes(database& on);
// What lanes of the log left goes, but for those that stay. Whether others are there still.
[[nodiscard]] result<bool> forget_lanes(database& on,
                                        log_id log,
                                        std::vector<link_way> const& staying);
// Inside a transaction of the caller's.
[[nodiscard]] result<lane_row> open_lane(database& on, lane_key const& lane, epoch known);
// Also removes what the batch before left in parts.
// Errors: `lane_fenced` where the row is not as the batch expects it.
[[nodiscard]] result<void> check_lane(database& on, target_batch const& batch);
[[nodiscard]] result<void> move_lane(database& on,
                                     target_batch const& batch,
                                     std::string const& outcome);

}  // namespace dualwrite::engine::sqlite
