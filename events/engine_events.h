// What the engine says of itself.
#pragma once

#include <string_view>
#include <vector>

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
struct BackupTaken {
  std::string_view folder;
  sequence head;
  blob chain;
  std::uint64_t bytes = 0;
  DW_FIELDS(folder, head, chain, bytes);
};
struct ForkGap {
  app_id app;
  link_id link;
  direction way = direction::left_to_right;
  lane_id lane;
  std::uint64_t batches = 0;
  sequence position;
  std::string_view unknown;
  DW_FIELDS(app, link, way, lane, batches, position, unknown);
};
struct LogForked {
  log_id former;
  sequence head;
  blob chain;
  std::vector<ForkGap> gaps;
  DW_FIELDS(former, head, chain, gaps);
};

// The machine's clock was set by more than a minute. The log's time goes on without a jump, and
// comes nearer bit by bit.
struct ClockStepped {
  instant wall;  // what the machine's clock showed
  DW_FIELDS(wall);
};

}  // namespace dualwrite
