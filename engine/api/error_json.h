// Catch-up errors, told so that a person knows what to do.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "engine/api/error_filter.h"

namespace dualwrite::engine {

[[nodiscard]] boost::json::object error_json(api_context const& context, listed_error const& one);
// Errors of one kind, the most frequent kind first: those of one map and direction with the same
// class, code, column and text, but for what differs from row to row.
[[nodiscard]] boost::json::array error_groups_json(api_context const& context,
                                                   std::vector<listed_error> const& errors);
// With both images as the app sent them.
[[nodiscard]] boost::json::object error_detail_json(api_context const& context,
                                                    listed_error const& one);

}  // namespace dualwrite::engine
