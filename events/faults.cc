#include "events/faults.h"

namespace dualwrite {

std::string_view name_of(fault_class kind) {
  switch (kind) {
    case fault_class::none:
      return "none";
    case fault_class::network:
      return "network";
    case fault_class::throttled:
      return "throttled";
    case fault_class::unavailable:
      return "unavailable";
    case fault_class::unauthorized:
      return "unauthorized";
    case fault_class::bad_request:
      return "bad_request";
    case fault_class::application:
      return "application";
    case fault_class::conflict:
      return "conflict";
    case fault_class::mapping:
      return "mapping";
    case fault_class::schema:
      return "schema";
    case fault_class::dependency:
      return "dependency";
  }
  return "unknown";
}

}  // namespace dualwrite
