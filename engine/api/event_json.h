// Events of the log as JSON, whatever their type.
#pragma once

#include <boost/json/object.hpp>

#include "events/codec.h"
#include "events/store/event_log.h"
#include "projections/views.h"

namespace dualwrite::engine {

[[nodiscard]] boost::json::object event_json(event_view const& event);
// With the records of a capture, at most a hundred.
[[nodiscard]] boost::json::object event_detail_json(projections::views const& state,
                                                    event_view const& event);

[[nodiscard]] boost::json::object verify_json(verify_report const& report);

[[nodiscard]] std::string stream_name(stream_id stream);

}  // namespace dualwrite::engine
