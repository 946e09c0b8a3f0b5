// Opens one lane of a target by itself.
#pragma once

#include <utility>

#include "engine/ports/target_app.h"

namespace dualwrite::engine {

inline async<lane_row> open_lane(target_app& app, lane_key lane, epoch known) {
  std::vector<lane_opening> wanted{{lane, known}};
  DW_CO_TRY(auto rows, co_await app.open_lanes(std::move(wanted)));
  co_return std::move(rows.front());
}

}  // namespace dualwrite::engine
