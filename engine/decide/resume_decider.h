// When maps that an alert rule paused are resumed by themselves: after a while, if their apps
// answer again. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/codec.h"
#include "projections/views.h"

namespace dualwrite::engine {

struct resume_due {
  rule_id rule;
  sequence incident;
  instant at;
  std::vector<map_id> maps;  // that the rule paused, and that still are
};
// The first that is to come; none where no map waits for it.
[[nodiscard]] std::optional<resume_due> next_resume(projections::views const& state);

// What came of asking the apps.
struct probe_answer {
  bool answered = true;
  app_id app;  // that did not
  std::string code, text;
};
[[nodiscard]] std::vector<encoded_event> decide_probed(projections::views const& state,
                                                       resume_due const& due,
                                                       probe_answer const& answer,
                                                       instant now);

}  // namespace dualwrite::engine
