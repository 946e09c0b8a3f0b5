// Where errors are kept when they are purged.
#pragma once

#include <string>
#include <vector>

#include "engine/ports/async.h"
#include "events/ids.h"
#include "events/retry_events.h"

namespace dualwrite::engine {

// Lifetime: outlives the engine.
// Threads: called on the engine strand only; an implementation may hop to the blocking pool inside.
class error_archive {
 public:
  virtual ~error_archive() = default;

  // Writes these parked records of a map to a new file in the folder, and gives its path when the
  // file is durable. After a crash the same records may be written to a second file.
  // Errors: `export_failed`, with the reason.
  [[nodiscard]] virtual async<std::string> keep(map_id map,
                                                std::string folder,
                                                std::vector<RecordNamed> records) = 0;
};

}  // namespace dualwrite::engine
