// Maps, links and apps as the API shows them.
#pragma once

#include <boost/json/object.hpp>

#include "engine/api/api_context.h"

namespace dualwrite::engine {

[[nodiscard]] boost::json::object map_json(api_context const& context, map_id map);
// With its definition.
[[nodiscard]] boost::json::object map_detail_json(api_context const& context, map_id map);
[[nodiscard]] boost::json::object link_json(projections::views const& state, link_id link);
[[nodiscard]] boost::json::object app_json(projections::views const& state, app_id app);
// How far the capture of an app is behind it; null where that is not known.
[[nodiscard]] boost::json::value lag_json(std::optional<source_lag> const& lag, instant now);
// Whole seconds; the app's clock may be ahead of ours.
[[nodiscard]] std::int64_t lag_seconds(source_lag const& lag, instant now);
[[nodiscard]] boost::json::object status_json(api_context const& context);

// As people see it: a map that holds what an initial sync left behind is initializing while some of
// that is retried.
[[nodiscard]] std::string_view shown_status(projections::views const& state, map_id map);

// Records of the map that are captured and not settled nor parked; errors that wait for an admin.
[[nodiscard]] std::uint64_t queued_of(projections::views const& state, map_id map);
[[nodiscard]] std::uint64_t parked_of(projections::views const& state, map_id map);
[[nodiscard]] std::uint64_t queued_of(projections::views const& state, projections::map_way of);

}  // namespace dualwrite::engine
