// Events of the log as JSON, whatever their type.
#pragma once

#include <boost/json/object.hpp>

#include "events/codec.h"
#include "events/store/event_log.h"
#include "projections/views.h"

namespace dualwrite::engine {

[[nodiscard]] boost::json::object event_json(event_view const& event);
// With the records of a capture, at most so many.
[[nodiscard]] boost::json::object event_json(projections::views const& state,
                                             event_view const& event,
                                             std::size_t records_max);
[[nodiscard]] std::string_view name_of_type(event_view const& event);

// The same as a CloudEvent, version 1.0, in structured form: the log is its source, the sequence
// its id, the stream its subject.
[[nodiscard]] boost::json::object cloud_event_json(log_id log, boost::json::object event);

[[nodiscard]] boost::json::object verify_json(verify_report const& report);

[[nodiscard]] std::string stream_name(stream_id stream);

}  // namespace dualwrite::engine
