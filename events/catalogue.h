// The events of the log, as structs whose text and bytes are views into the event's buffer (or into
// whatever the writer holds while it encodes). `schema/events.fbs` says the same to the outside; a
// test holds the two together.
#pragma once

#include <variant>

#include "events/alert_events.h"
#include "events/definition_events.h"
#include "events/engine_events.h"
#include "events/maintenance_events.h"
#include "events/map_events.h"
#include "events/queue_events.h"
#include "events/record_events.h"
#include "events/retry_events.h"

namespace dualwrite {

using any_event = std::variant<std::monostate
#define DW_EVENT(number, name) , name
#include "events/catalogue.def"
#undef DW_EVENT
                               >;

// The type of an event struct: the place of its name in the catalogue.
template <class Event>
inline constexpr event_type type_of = event_type::none;
#define DW_EVENT(number, name) \
  template <>                  \
  inline constexpr event_type type_of<name> = event_type::name;
#include "events/catalogue.def"
#undef DW_EVENT

}  // namespace dualwrite
