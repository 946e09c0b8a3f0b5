// What came of the commands that carried a client's own id, so that a repeated one gets the first
// outcome.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "events/codec.h"
#include "events/fields.h"

namespace dualwrite::projections {

struct command_row {
  sequence at;  // the first event that it led to
  instant when;
  std::uint16_t code = 0;  // not zero: it was refused
  std::string detail;
  DW_FIELDS(at, when, code, detail);
};

// Fed by every event whose origin names a command. An id is forgotten a day after its first event.
struct commands {
  static constexpr std::string_view name = "commands";
  static constexpr int version = 1;
  static constexpr duration kept = std::chrono::hours(24);

  std::map<std::string, command_row> rows;
  std::deque<std::string> order;  // oldest first
  DW_FIELDS(rows, order);

  void fold(event_view const& event);
  command_row const* find(std::string const& id) const;
};

}  // namespace dualwrite::projections
