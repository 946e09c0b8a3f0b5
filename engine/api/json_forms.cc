#include "engine/api/json_forms.h"

#include "events/calendar.h"

namespace dualwrite::engine {
boost::json::value json_of(std::uint64_t number) {
  return boost::json::value(std::to_string(number));
}

std::string print_instant(instant when) {
  return print_timestamp_tz(when.us);
}

boost::json::value json_of(instant when) {
  if (when.us == 0) return nullptr;
  return boost::json::value(print_instant(when));
}

std::string_view name_of(direction way) {
  return way == direction::left_to_right ? "left_to_right" : "right_to_left";
}
std::string_view name_of(side of) {
  return of == side::left ? "left" : "right";
}

boost::json::value json_of(value const& what) {
  if (what.is_null()) return nullptr;
  if (what.type() == value_type::boolean) return what.as_boolean();
  return boost::json::value(utf8(to_string(what)));
}

}  // namespace dualwrite::engine
