#include "engine/runtime/system_time_zones.h"

#include <date/tz.h>

#include <exception>

namespace dualwrite::engine {

result<instant> system_time_zones::to_utc(std::string_view zone, instant local) const {
  try {
    auto const* place = date::locate_zone(zone);
    date::local_time<duration> const shown{duration{local.us}};
    auto const when = place->to_sys(shown, date::choose::earliest);
    return instant{when.time_since_epoch().count()};
  } catch (std::exception const&) {
    return error{error_code::unknown_zone, std::string(zone)};
  }
}

}  // namespace dualwrite::engine
