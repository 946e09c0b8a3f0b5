// What happened to maps, and their initial syncs.
#pragma once

#include <boost/json/object.hpp>

#include "engine/api/api_context.h"

namespace dualwrite::engine {

// Who did it, as people see it.
[[nodiscard]] std::string_view shown_actor(projections::activity_row const& row);
[[nodiscard]] boost::json::object activity_json(projections::views const& state,
                                                map_id map,
                                                projections::activity_row const& row);
[[nodiscard]] boost::json::object execution_json(api_context const& context,
                                                 execution_id execution);
[[nodiscard]] boost::json::object chunk_json(projections::leg_row const& leg, std::size_t number);

// How many rows that the execution could not write wait for an admin now.
[[nodiscard]] std::uint64_t open_errors_of(projections::views const& state, execution_id execution);

}  // namespace dualwrite::engine
