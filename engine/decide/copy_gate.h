// Between rows that an initial sync copied and live changes of them: which had seen which.
#pragma once

#include <optional>
#include <string>

#include "engine/decide/delivery_decider.h"

namespace dualwrite::engine {

// The copy, or the reading again, that had already seen what this record does to the key; none
// where it is still to be done.
[[nodiscard]] std::optional<sequence> seen_by_copy(delivery_context const& context,
                                                   map_record const& record,
                                                   std::string const& key,
                                                   bool removes);

// The master side's copied row of the key, where this change of the other side was made without
// having seen it.
[[nodiscard]] std::optional<sequence> unseen_copy(delivery_context const& context,
                                                  map_record const& record,
                                                  std::string const& key);

}  // namespace dualwrite::engine
