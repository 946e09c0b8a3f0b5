// Which life of which database a capture is of, and where that life has come to.
#pragma once

#include <cstdint>

#include "engine/connectors/postgresql/connection.h"
#include "engine/ports/source_app.h"

namespace dualwrite::engine::postgresql {

// Which life of which database this is.
[[nodiscard]] result<std::uint64_t> incarnation_of(connection& on);
// Behind every commit that was made before the call.
[[nodiscard]] result<source_position> head_of(connection& on);

}  // namespace dualwrite::engine::postgresql
