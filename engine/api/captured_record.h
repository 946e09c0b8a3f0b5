// Sync records of the log, as their columns' names and values.
#pragma once

#include <boost/json/object.hpp>

#include "engine/mapping/map_definition.h"
#include "events/store/event_log.h"
#include "projections/views.h"

namespace dualwrite::engine {

// What the record changed.
// Errors: `sequence_not_found` where there is no record with this sequence; `log_corrupt`,
// `event_malformed`.
[[nodiscard]] result<boost::json::object> record_json(event_log const& log,
                                                      projections::views const& state,
                                                      sequence record);

// One of the records that an event holds.
[[nodiscard]] boost::json::object record_of_json(projections::views const& state,
                                                 event_view const& event,
                                                 RecordsCaptured const& captured,
                                                 sync_record const& record);

// The records of one event, at most `limit`.
[[nodiscard]] result<boost::json::value> records_json(projections::views const& state,
                                                      event_view const& event,
                                                      std::size_t limit);

// Integration key bytes as the columns of that side.
[[nodiscard]] boost::json::object key_json(map_definition const& definition,
                                           side of,
                                           std::string_view key);

}  // namespace dualwrite::engine
