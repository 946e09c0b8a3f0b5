// What opening a log gives: the log, and what it had to leave behind.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "events/store/event_log.h"

namespace dualwrite {

// The end of the log was torn by a crash and never acknowledged. The caller appends LogTailTrimmed,
// so that the log says so itself.
struct trimmed_tail {
  log_head head;          // where the log ends now
  std::string set_aside;  // where the torn files were put, untouched; empty for a log in memory
};

template <class Log>
struct opened {
  std::unique_ptr<Log> log;
  std::optional<trimmed_tail> trimmed;
};

}  // namespace dualwrite
