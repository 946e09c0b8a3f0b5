// What the engine says of itself.
#pragma once

#include <string_view>

#include "events/fields.h"
#include "events/ids.h"
#include "events/instant.h"

namespace dualwrite {

struct CommandRefused {
  std::string_view command;
  std::uint16_t code = 0;
  std::string_view detail;
  DW_FIELDS(command, code, detail);
};
struct EngineStarted {
  std::string_view version;
  DW_FIELDS(version);
};
struct EngineStopped {
  std::uint8_t reason = 0;
  DW_FIELDS(reason);
};
struct LogTailTrimmed {
  std::string_view detail;
  DW_FIELDS(detail);
};

// The machine's clock was set by more than a minute. The log's time goes on without a jump, and
// comes nearer bit by bit.
struct ClockStepped {
  instant wall;  // what the machine's clock showed
  DW_FIELDS(wall);
};

}  // namespace dualwrite
