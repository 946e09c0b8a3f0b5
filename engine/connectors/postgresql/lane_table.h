// The lanes' rows and the maps' places, in the database that they are about.
#pragma once

#include "engine/connectors/postgresql/connection.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

// Makes the schema `dualwrite`, its tables and the database's identity where they are missing.
[[nodiscard]] result<void> install(connection& on);

// What lanes of the log left goes, but for those that stay.
[[nodiscard]] result<void> forget_lanes(connection& on,
                                        log_id log,
                                        std::vector<link_way> const& staying);
// Takes out what install() made, unless somebody else has something there.
[[nodiscard]] result<void> uninstall(connection& on);

// Inside a transaction of the caller's. Waits for the transaction of an older session to end.
[[nodiscard]] result<lane_row> open_lane(connection& on, lane_key const& lane, epoch known);
// Holds the row until the transaction ends, and tells the capture whose batch it is.
[[nodiscard]] statement entering(target_batch const& batch);
// By its answer. Also removes what the batch before left in parts.
// Errors: `lane_fenced` where the row is not as the batch expects it.
[[nodiscard]] result<void> entered(connection& on, target_batch const& batch, answer const& row);
// The last of them is refused where the row is not as it was: is_fenced() tells.
[[nodiscard]] result<std::vector<statement>> moving(target_batch const& batch,
                                                    std::string const& outcome);
[[nodiscard]] bool is_fenced(server_error const& refused);

// Of the logical messages that name a batch.
inline constexpr char const* message_prefix = "dualwrite";
[[nodiscard]] std::string print_mark(batch_mark const& mark);
// Errors: `value_malformed`.
[[nodiscard]] result<batch_mark> parse_mark(std::string_view text);

}  // namespace dualwrite::engine::postgresql
