// A command for whatever matches a filter, where nothing did: it is refused, so that the log knows
// its id, and the same one again acts on nothing that came later.
#pragma once

#include "events/result.h"

namespace dualwrite::engine {

[[nodiscard]] inline error nothing_matched() {
  return {error_code::unknown_record, "Nothing matched."};
}
[[nodiscard]] inline bool says_nothing_matched(error const& why) {
  return why.code == error_code::unknown_record && why.detail == nothing_matched().detail;
}

}  // namespace dualwrite::engine
