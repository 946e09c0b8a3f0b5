// What the server's refusal of a statement says of the row that it was for.
#pragma once

#include <string_view>

#include "engine/connectors/postgresql/connection.h"
#include "engine/ports/target_app.h"

namespace dualwrite::engine::postgresql {

inline constexpr std::string_view restrict_violation = "23001";
inline constexpr std::string_view not_null_violation = "23502";
inline constexpr std::string_view foreign_key_violation = "23503";
inline constexpr std::string_view unique_violation = "23505";
inline constexpr std::string_view check_violation = "23514";

// Else it concerns the whole batch.
[[nodiscard]] bool is_of_the_row(error const& why);
// The row's values decide it, whatever else is written.
[[nodiscard]] bool is_for_its_values(std::string_view code);
// `on` is the connection that it came from, and still has it.
[[nodiscard]] write_result refusal_of(error const& why, connection const& on);
// A trigger took the row and wrote nothing.
[[nodiscard]] write_result suppressed_row();
// The result where the statement was accepted or the row refused.
// Errors: those that concern the whole batch.
[[nodiscard]] result<write_result> ran(result<answer> const& how,
                                       write_effect effect,
                                       connection const& on);

}  // namespace dualwrite::engine::postgresql
