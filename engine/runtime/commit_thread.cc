#include "engine/runtime/commit_thread.h"

#include <utility>

#include "engine/ports/blocking.h"

namespace dualwrite::engine {

commit_thread::commit_thread(event_log& log) : log_(log), thread_(1) {}

commit_thread::~commit_thread() {
  thread_.join();
}

async<log_head> commit_thread::append(std::vector<encoded_event> events,
                                      instant recorded_at,
                                      sequence expected) {
  // The embedded log is kept single by its folder's lock; the epoch is for a log that is
  // replicated.
  auto work = [this, group = std::move(events), recorded_at, expected] {
    return log_.append(group, recorded_at, expected, epoch{1});
  };
  return blocking<log_head>(thread_.get_executor(), std::move(work));
}

}  // namespace dualwrite::engine
