#include "engine/connectors/postgresql/sqlstate.h"

#include <algorithm>
#include <initializer_list>

namespace dualwrite::engine::postgresql {
namespace {

bool is_one_of(std::string_view state, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
    return state.starts_with(prefix);
  });
}

// Policies on rows and an app's own code refuse with the same state; that is about the row.
bool is_about_rights(std::string_view state, std::string_view function) {
  return state == "42501" && function.starts_with("aclcheck_error");
}

// A trigger that fails refuses its row, whatever it failed for. Rows of COPY have a context of
// their own.
bool is_in_own_code(std::string_view context) {
  return !context.empty() && !context.starts_with("COPY ");
}

}  // namespace

error_code code_of(std::string_view state, refused_in const& where) {
  // Broken off, other sessions in the way, no room, a damaged disk.
  if (is_one_of(state, {"40001", "40P01", "53", "55006", "55P03", "57014", "58"}))
    return error_code::app_busy;
  // Gone, going, coming up, or a standby now; a session that was ended for its idleness.
  if (is_one_of(state, {"08", "25006", "25P03", "25P04", "57P"}))
    return error_code::app_unreachable;
  if (is_in_own_code(where.context)) return error_code::row_refused;
  if (is_one_of(state, {"42P01", "42703", "3F000"})) return error_code::table_missing;
  if (is_about_rights(state, where.function)) return error_code::not_authorized;
  return error_code::row_refused;
}

}  // namespace dualwrite::engine::postgresql
