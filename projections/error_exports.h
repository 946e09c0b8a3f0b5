// Maps whose errors could not be written to a file before they are purged.
#pragma once

#include <map>
#include <string>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

struct failed_export {
  std::string file, detail;
  instant at;
  DW_FIELDS(file, detail, at);
};

// Fed by ErrorExportFailed; ends with the next purge of the map, when it is changed, or stopped.
struct error_exports {
  std::map<map_id, failed_export> failed;
  DW_FIELDS(failed);

  void fold(event_view const& event);
};

}  // namespace dualwrite::projections
