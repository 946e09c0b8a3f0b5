#include "engine/cli/exit_code.h"

namespace dualwrite::engine {

exit_code exit_code_of(error_code code) {
  switch (code) {
    case error_code::ok:
      return exit_code::fine;
    case error_code::request_invalid:
    case error_code::ambiguous_name:
      return exit_code::usage;
    case error_code::config_invalid:
    case error_code::config_unreadable:
    case error_code::invalid_definition:
    case error_code::expression_invalid:
      return exit_code::config_invalid;
    case error_code::server_unreachable:
    case error_code::app_unreachable:
    case error_code::app_busy:
    case error_code::stopped:
      return exit_code::unreachable;
    case error_code::not_authorized:
    case error_code::host_refused:
      return exit_code::not_authorized;
    case error_code::unknown_map:
    case error_code::unknown_link:
    case error_code::unknown_app:
    case error_code::unknown_rule:
    case error_code::unknown_record:
    case error_code::unknown_entry:
    case error_code::unknown_execution:
    case error_code::unknown_path:
    case error_code::sequence_not_found:
    case error_code::log_missing:
      return exit_code::not_found;
    case error_code::timed_out:
      return exit_code::timed_out;
    default:
      break;
  }
  return class_of(code) == error_class::refused ? exit_code::refused : exit_code::internal;
}

error_code error_code_named(std::string_view name) {
#define DW_ERROR(number, code, kind, sentence) \
  if (name == #code) return error_code::code;
#include "events/errors.def"
#undef DW_ERROR
  return error_code::ok;
}

}  // namespace dualwrite::engine
