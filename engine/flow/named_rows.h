// What is known of the rows that an app's refusals are about.
#pragma once

#include <optional>
#include <string>

#include "engine/decide/outcome_turn.h"
#include "engine/flow/link_context.h"

namespace dualwrite::engine {

// The record that brings a missing row, or zero where the row is on its way unparked; nothing where
// nobody is known to bring it.
[[nodiscard]] std::optional<sequence> bringing(link_context& context,
                                               direction way,
                                               projections::views const& state,
                                               named_row const& missing,
                                               parked_keys const& parked_here);
// The key, in the record's own map, of the row that has a value already.
[[nodiscard]] std::optional<std::string> key_of_taker(link_context& context,
                                                      direction way,
                                                      projections::views const& state,
                                                      named_row const& taken);

}  // namespace dualwrite::engine
